"""`flask doctor`: is this deployment sound?"""

from __future__ import annotations

import sys
from contextlib import suppress

import click
from flask.cli import with_appcontext

from webapp import probe
from webapp.cli import checks, database_checks, factor_checks, mail_checks, proxy_checks
from webapp.cli.findings import Finding, Grade
from webapp.cli.output import json_option, to_json
from webapp.core.errors import TokenroomError
from webapp.services import services


@click.command("doctor")
@json_option
@with_appcontext
def command(as_json: bool) -> None:
    """Check this deployment and grade each setting: good, warning or failing. Exits with 1 if anything fails."""
    findings = _examine()
    failing = any(finding.grade is Grade.FAILING for finding in findings)
    if as_json:
        click.echo(to_json([finding._asdict() for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(f"{finding.grade:<8} {finding.topic}: {finding.words}")
            if finding.remedy:
                click.echo(f"{'':<8} -> {finding.remedy}")
    sys.exit(1 if failing else 0)


def _examine() -> list[Finding]:
    chosen, now = services().settings, checks.wall_clock()
    findings = [*checks.settings(chosen)]
    try:
        ring = services().tokens.ring
        findings += checks.keys(chosen.keys_file, ring, now)
    except TokenroomError as error:
        ring = None
        findings.append(
            Finding(
                Grade.FAILING, "keys", str(error), "repair the file, or create a new one: flask --app wsgi keys init"
            )
        )
    try:
        findings += database_checks.database(now)
    except TokenroomError as error:
        findings.append(Finding(Grade.FAILING, "database", str(error), "start the database"))
    findings += checks.redis(chosen.redis_url)
    findings += mail_checks.mail(chosen.mail)
    with suppress(TokenroomError):  # said above, of the database
        if chosen.mail.is_on:
            findings += mail_checks.outbox(now)
        findings += factor_checks.administrators()
        findings += factor_checks.secrets(ring) if ring is not None else []
        findings += factor_checks.passkeys(chosen)
    if ring is not None:  # the question is signed
        findings += proxy_checks.proxies(chosen, (probe.HEADER, probe.sign_probe()))
    return findings
