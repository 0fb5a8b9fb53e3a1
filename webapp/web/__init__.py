"""The Flask side. `web/hooks.py` says in which order a request meets it."""

from __future__ import annotations

from flask import Flask

from webapp.services import services_of
from webapp.web import errors, headers, hooks, language, limits, navigation, operations, static_files
from webapp.web.api import docs, openapi, tokens, v1
from webapp.web.api import step_up as api_step_up
from webapp.web.inspector import page as inspector
from webapp.web.lab import theatre as lab
from webapp.web.learn import page as learn
from webapp.web.pages import (
    accounts,
    admin,
    email,
    factors,
    forward_auth,
    guest,
    home,
    leaving,
    login_address,
    login_enrol,
    login_factor,
    login_passkey,
    outbox,
    passkeys,
    passwords,
    preferences,
    reset,
    sessions,
    step_up,
)


def register(app: Flask) -> None:
    """Hooks in their order, then the pages, then the errors."""
    hooks.register(app)
    headers.register(app)
    language.register(app)
    navigation.register(app)
    limits.register(app)
    for blueprint in (
        operations.blueprint,
        home.blueprint,
        learn.blueprint,
        accounts.blueprint,
        passwords.blueprint,
        login_address.blueprint,
        login_factor.blueprint,
        login_passkey.blueprint,
        login_enrol.blueprint,
        step_up.blueprint,
        factors.blueprint,
        passkeys.blueprint,
        leaving.blueprint,
        sessions.blueprint,
        admin.blueprint,
        preferences.blueprint,
        forward_auth.blueprint,
        docs.blueprint,
        inspector.blueprint,
    ):
        app.register_blueprint(blueprint)
    openapi.register(app, (tokens, api_step_up, v1))
    if services_of(app).settings.lab:
        lab.register(app)
        # A guest has no address to confirm and no factor, so where every session needs either, there are no guests.
        if services_of(app).settings.signup_open and not _guests_lack_something(app):
            app.register_blueprint(guest.blueprint)
    _register_mail(app)
    static_files.register(app)
    errors.register(app)


def _guests_lack_something(app: Flask) -> bool:
    demands = services_of(app).settings.demands
    return demands.confirmed_address or demands.needs_factor("user")


def _register_mail(app: Flask) -> None:
    """The pages that need mail, and in development the folder that it goes to."""
    settings = services_of(app).settings
    app.register_blueprint(reset.links)
    if settings.mail.is_on:
        app.register_blueprint(reset.blueprint)
        app.register_blueprint(email.blueprint)
        if settings.mail.route.folder is not None and not settings.production:
            app.register_blueprint(outbox.blueprint)
