"""The settings as Flask and its extensions want to be told."""

from __future__ import annotations

from typing import Any

from webapp.config.settings import Settings


def as_flask_config(settings: Settings, secret_key: str | None) -> dict[str, Any]:
    """What Flask and its extensions need to be told."""
    return {
        "SECRET_KEY": secret_key,
        "BRAND": "Tokenroom",
        # PostgreSQL's address goes to libpq (store/postgres.py); SQLAlchemy only needs to know which database it is.
        "SQLALCHEMY_DATABASE_URI": settings.database_url if settings.is_sqlite else "postgresql+psycopg://",
        "MAX_CONTENT_LENGTH": 64 * 1024,
        "MAX_FORM_MEMORY_SIZE": 64 * 1024,
        "MAX_FORM_PARTS": 200,
        "SESSION_COOKIE_NAME": f"{settings.cookie_prefix}tokenroom_form",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.production,
        "SESSION_COOKIE_PATH": "/",
        # The token lives as long as the browser's form cookie, so a form opened before lunch still posts after it.
        "WTF_CSRF_TIME_LIMIT": None,
        # web/csrf.py calls the check itself, after login has been judged, and takes Flask-WTF's own names.
        "WTF_CSRF_ENABLED": True,
        "WTF_CSRF_METHODS": {"POST", "PUT", "PATCH", "DELETE"},
        "WTF_CSRF_FIELD_NAME": "csrf_token",
        "WTF_CSRF_HEADERS": ["X-CSRFToken", "X-CSRF-Token"],
        # Sec-Fetch-Site and Origin are judged first (core/cross_origin.py); Referer adds nothing but false alarms.
        "WTF_CSRF_SSL_STRICT": False,
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_DEFAULT_TIMEZONE": "UTC",
        "PREFERRED_URL_SCHEME": "https" if settings.production else "http",
    }
