"""The Flask side, in the order a request meets it."""

from __future__ import annotations

from flask import Flask

from webapp.web import authentication, csrf, errors, fence, headers, language, navigation, operations
from webapp.web.pages import accounts, home, preferences


def register(app: Flask) -> None:
    """Hooks in their order, then the pages, then the errors.

    before: host fence -> cross-site -> who is this, and may they -> csrf_token
    after (Flask runs the last one registered first): refresh and cookies -> headers
    """
    fence.register(app)
    headers.register(app)
    csrf.register_cross_site(app)
    authentication.register(app)
    csrf.register(app)
    language.register(app)
    navigation.register(app)
    for blueprint in (
        operations.blueprint,
        home.blueprint,
        accounts.blueprint,
        preferences.blueprint,
    ):
        app.register_blueprint(blueprint)
    errors.register(app)
