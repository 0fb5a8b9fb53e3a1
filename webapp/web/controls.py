"""The fields of our forms: WTForms', written faster.

Plain: WTForms fills a format string for each attribute.
Cost:  70 µs a field, two thirds of a bare page.
Here:  the same attributes, put together as text.
"""

from __future__ import annotations

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
            # What is marked as safe for a text may still hold a quotation mark.
            parts.append(f'{name}="{str(escape(value)).replace(chr(34), "&quot;")}"')
    return Markup(" ".join(parts))  # noqa: S704 - each value was escaped above


class _Text(widgets.TextInput):  # type: ignore[misc]
    html_params = staticmethod(attributes)


class _Password(widgets.PasswordInput):  # type: ignore[misc]
    html_params = staticmethod(attributes)


class _Hidden(widgets.HiddenInput):  # type: ignore[misc]
    html_params = staticmethod(attributes)


class _Checkbox(widgets.CheckboxInput):  # type: ignore[misc]
    html_params = staticmethod(attributes)


class StringField(wtforms.StringField):  # type: ignore[misc]
    widget = _Text()


class PasswordField(wtforms.PasswordField):  # type: ignore[misc]
    widget = _Password()


class HiddenField(wtforms.HiddenField):  # type: ignore[misc]
    widget = _Hidden()


class BooleanField(wtforms.BooleanField):  # type: ignore[misc]
    widget = _Checkbox()
