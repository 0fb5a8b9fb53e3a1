"""The application in this process, as tests want it: quiet, without rate limits, with a clock that is set."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from tests.support.clock import SetClock
from tests.support.once import TEMPLATES, share_catalogues
from tests.support.serving import add_test_views
from webapp import create_app
from webapp.services import services_of


def build_app(folder: Path, settings: dict[str, str]) -> Flask:
    """An application whose instance folder is `folder`, with the tests' views (`tests/support/serving.py`)."""
    app = create_app(
        {"WEBAPP_INSTANCE_PATH": str(folder), "WEBAPP_RATE_LIMITS": "off", "WEBAPP_LOG_LEVEL": "warning", **settings}
    )
    services_of(app).clock = SetClock(folder / "clock")
    app.jinja_env.bytecode_cache = TEMPLATES
    share_catalogues(app)
    add_test_views(app)
    return app
