"""The fields of our forms: WTForms', written faster.

Plain: WTForms fills a format string for each attribute.
Cost:  70 µs a field, two thirds of a bare page.
Here:  the same attributes, put together as text.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import wtforms
from markupsafe import Markup, escape
from wtforms import widgets


def attributes(**values: Any) -> Markup:
    """HTML attributes as WTForms writes them: sorted; one that is True has no value, one that is False is left out."""
    parts = []
    for key, value in sorted(values.items()):
        name = widgets.core.clean_key(key)
        if value is True:
            parts.append(name)
        elif value is not False:
            # A text that is marked as safe may still contain a quotation mark.
            parts.append(f'{name}="{str(escape(value)).replace(chr(34), "&quot;")}"')
    return Markup(" ".join(parts))  # noqa: S704 - each value was escaped above


def _quick(field: Any, widget: Any) -> Any:
    """A kind of field whose `widget` writes its attributes by the function above."""
    widget.html_params = attributes
    return partial(field, widget=widget)


StringField = _quick(wtforms.StringField, widgets.TextInput())
PasswordField = _quick(wtforms.PasswordField, widgets.PasswordInput())
HiddenField = _quick(wtforms.HiddenField, widgets.HiddenInput())
BooleanField = _quick(wtforms.BooleanField, widgets.CheckboxInput())
