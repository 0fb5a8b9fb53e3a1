"""Texts in the reader's language, for code; templates have theirs put in when they are compiled (`web/templates.py`).

Plain: `flask_babel.gettext`.
Cost:  5 µs a text, most of it on the way to the catalogue; the lab says 270.
Here:  the catalogue that Flask-Babel has found for this request is asked directly. It finds it where there is none yet.
"""

from __future__ import annotations

from typing import Any

import flask_babel
from flask import g
from flask_babel.speaklater import LazyString


def gettext(text: str, **values: Any) -> str:
    """`text` in the reader's language, with `values` in its places."""
    try:
        found = g._get_current_object()._flask_babel.babel_translations.gettext(text)
    except (RuntimeError, AttributeError):
        found = flask_babel.gettext(text)
    return str(found % values if values else found)


def lazy_gettext(text: str, **values: Any) -> LazyString:
    """The same, looked up when it is shown. It counts as markup: no `values` that a stranger sent."""
    return LazyString(gettext, text, **values)
