"""The development outbox: mails that were written into a folder, readable. Elsewhere the page isn't there."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from flask import Blueprint, render_template

from webapp.mail import transport
from webapp.services import services
from webapp.web.marks import public

blueprint = Blueprint("outbox", __name__)


class ShownMail(NamedTuple):
    """A mail as the page shows it: lines with addresses become links."""

    subject: str
    to: str
    sent: str
    lines: list[tuple[str, bool]]
    """(text, is it an address of this site?)"""


@blueprint.get("/outbox")
@public
def show() -> str:
    """`GET /outbox`: the newest mails of the folder, newest first."""
    folder = services().settings.mail.route.folder
    assert folder is not None
    return render_template(
        "outbox.html", mails=[_shown(path) for path in transport.newest_files(folder)], folder=folder
    )


def _shown(path: Path) -> ShownMail:
    message = transport.read_file(path)
    base = services().settings.public_url
    lines = [(line, line.startswith(f"{base}/")) for line in str(message.get_content()).splitlines()]
    return ShownMail(str(message["Subject"]), str(message["To"]), str(message["Date"]), lines)
