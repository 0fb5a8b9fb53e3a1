"""Texts in the reader's language, for code; templates have theirs put in when they are compiled (`web/templates.py`).

Plain: `flask_babel.gettext`.
Cost:  5 µs a text, most of it on the way to the catalogue; the lab says 270.
Here:  the catalogue that Flask-Babel has found for this request is asked directly. It finds it where there is none yet.
"""

from __future__ import annotations

from typing import Any

import flask_babel
from flask import current_app, g, has_request_context
from flask_babel.speaklater import LazyString
from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext
from markupsafe import Markup

READER = "tokenroom reader"
"""Key of the application's extension that chooses the language of the request's reader (`web/language.py`)."""


MOST = 4096
"""Texts that are kept; the product says some 1,500. A product may ask for texts that its users have written."""


class Texts(dict[str, str]):
    """The texts of a catalogue that were asked for."""

    def __init__(self, catalogue: Any) -> None:
        self.catalogue = catalogue

    def __missing__(self, text: str) -> str:
        found = str(self.catalogue.gettext(text))
        if len(self) < MOST:
            self[text] = found
        return found


def gettext(text: str, **values: Any) -> str:
    """`text` in the reader's language, with `values` in its places."""
    try:
        found: str = g._get_current_object()._flask_babel.babel_translations.texts[text]
    except (RuntimeError, AttributeError):
        found = _first(text)
    return found % values if values else found


def _first(text: str) -> str:
    """The first text of a request, for which its reader's language is chosen; and any text outside of one."""
    if has_request_context():
        current_app.extensions[READER]()
    return str(flask_babel.gettext(text))


def lazy_gettext(text: str, **values: Any) -> LazyString:
    """The same, looked up when it is shown. It counts as markup, so `values` must contain no text of a stranger."""
    return LazyString(gettext, text, **values)


# -- for templates: texts that are no constant, and plural forms -------------------------------------------------------


@pass_eval_context
def shown_gettext(context: EvalContext, text: str, **values: Any) -> str:
    """`text`, a text or a lazy one, in the reader's language; its `values` are escaped, it is not."""
    return _filled(context, gettext(str(text)), values)


@pass_eval_context
def shown_ngettext(context: EvalContext, one: str, many: str, number: int, **values: Any) -> str:
    """The form of the text that fits `number`, which is its `num`."""
    values.setdefault("num", number)
    try:
        catalogue = g._get_current_object()._flask_babel.babel_translations
        said = catalogue.ungettext(one, many, number)
    except (RuntimeError, AttributeError):
        said = flask_babel.get_translations().ungettext(one, many, number)
    return _filled(context, str(said), values)


def _filled(context: EvalContext, text: str, values: dict[str, Any]) -> str:
    markup = Markup(text) if context.autoescape else text  # noqa: S704 - texts of ours
    return markup % values if values or "%" in text else markup
