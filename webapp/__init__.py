"""Tokenroom: a login you can see through. `webapp/assembly.py` is its table of contents.

Nothing is imported before it is asked for, so `webapp.core` serves without Flask, a database or settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def create_app(settings: Mapping[str, str] | None = None) -> Flask:
    """Assemble the application. `settings` are `WEBAPP_…` names and win over the environment.

    Raises SettingsError or KeyRingError, each with one clear line. Opens no connection to the database.
    """
    from webapp.assembly import assemble

    return assemble(settings)
