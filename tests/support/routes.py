"""The addresses of an application, for tests that walk them all."""

from __future__ import annotations

import re

from werkzeug.routing import Rule


def address(rule: Rule) -> str:
    """An address that fits the rule: the first of the words it allows, or any."""
    return re.sub(r"<(?:any\((\w+)[^)]*\):)?[^>]+>", lambda found: found[1] or "x", rule.rule)
