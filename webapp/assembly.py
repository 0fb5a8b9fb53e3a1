"""The application, put together: its table of contents."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from webapp import cli, log, web
from webapp.config.flask_options import as_flask_config
from webapp.config.settings import Settings
from webapp.core.errors import KeyRingError, SettingsError
from webapp.core.key_ring import KeyRing
from webapp.flows.open_key_ring import open_key_ring
from webapp.services import EXTENSION, Services, system_clock
from webapp.store.database import db, engine_options, prepare_engine
from webapp.store.key_file import KeyFile, ReloadingKeyRing
from webapp.web import request_id
from webapp.web.application import Application
from webapp.web.client_address import with_plain_address
from webapp.web.mount import below_prefix

_ROOT = Path(__file__).resolve().parent.parent


def assemble(settings: Mapping[str, str] | None = None) -> Flask:
    """See `webapp.create_app`."""
    chosen = Settings.load(os.environ, settings)
    log.configure(chosen, request_id.add)
    _make_folder(chosen)
    key_file = KeyFile(chosen.keys_file)
    ring: KeyRing | None
    try:
        ring = open_key_ring(key_file, chosen.access_algorithm, system_clock(), may_make=not chosen.production)
    except KeyRingError:
        if not cli.is_command():
            raise
        ring = None  # `flask keys` makes or mends it; a command that needs it gets this error then

    app = Application(
        "webapp",
        root_path=str(_ROOT / "webapp"),
        instance_path=str(chosen.instance_path),
        template_folder=str(_ROOT / "templates"),
        static_folder=str(_ROOT / "static"),
    )
    app.config.from_mapping(as_flask_config(chosen, ring.forms_secret if ring else None))
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(
        chosen.database_url, chosen.prepared_statements, mail=chosen.mail.is_on
    )
    app.extensions[EXTENSION] = Services(
        chosen,
        ReloadingKeyRing(
            key_file,
            ring,
            # So that workers that started before a key left the ring and those that started after sign forms alike.
            on_change=lambda new: app.config.update(SECRET_KEY=new.forms_secret),
        ),
    )

    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)

    web.register(app)
    cli.register(app)
    mounted = below_prefix(app.wsgi_app, chosen)
    app.wsgi_app = with_plain_address(mounted, chosen.trusted_proxies)  # type: ignore[method-assign, assignment]
    return app


def _make_folder(chosen: Settings) -> None:
    try:
        chosen.instance_path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"WEBAPP_INSTANCE_PATH: the folder cannot be created ({type(error).__name__})") from None
