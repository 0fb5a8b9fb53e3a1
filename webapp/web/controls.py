"""The fields of our forms: WTForms', written faster.

Plain: WTForms lists everything a field's flags have, and fills a format string for each attribute.
Cost:  90 µs a field, two thirds of a bare page.
Here:  the same attributes, put together as text; the flags are looked through where there are any.
"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import wtforms
from markupsafe import Markup, escape
from wtforms import widgets

_html_name = lru_cache(256)(widgets.core.clean_key)
"""The attribute that a keyword means: `class_` is `class`, `aria_label` is `aria-label`. Templates say the keywords."""


def attributes(**values: Any) -> Markup:
    """HTML attributes as WTForms writes them: sorted; one that is True has no value, one that is False is left out."""
    parts = []
    for key, value in sorted(values.items()):
        name = _html_name(key)
        if value is True:
            parts.append(name)
        elif value is not False:
            # A text that is marked as safe may still contain a quotation mark.
            parts.append(f'{name}="{str(escape(value)).replace(chr(34), "&quot;")}"')
    return Markup(" ".join(parts))  # noqa: S704 - each value was escaped above


class Line:
    """A line to type into: what WTForms' `widget` writes for a field without flags. With some, it writes it itself."""

    def __init__(self, widget: Any) -> None:
        self._widget = widget
        self._flags = frozenset(widget.validation_attrs)
        self._keeps_value = widget.input_type != "password"
        self.input_type = widget.input_type

    def __call__(self, field: Any, **values: Any) -> Markup:
        if not self._flags.isdisjoint(vars(field.flags)):
            markup: Markup = self._widget(field, **values)
            return markup
        if not self._keeps_value:
            values["value"] = ""
        elif "value" not in values:
            values["value"] = field._value()
        told = attributes(**{"id": field.id, "type": self.input_type, "name": field.name, **values})
        return Markup(f"<input {told}>")  # noqa: S704 - written by `attributes`


def _with(widget: Any) -> Any:
    widget.html_params = attributes
    return widget


StringField = partial(wtforms.StringField, widget=Line(_with(widgets.TextInput())))
PasswordField = partial(wtforms.PasswordField, widget=Line(_with(widgets.PasswordInput())))
HiddenField = partial(wtforms.HiddenField, widget=_with(widgets.HiddenInput()))
BooleanField = partial(wtforms.BooleanField, widget=_with(widgets.CheckboxInput()))
