"""Addresses and form fields are made faster than the libraries make them, and come to the same."""

from __future__ import annotations

import pytest
import wtforms
from flask import Flask, url_for
from markupsafe import Markup

from webapp.web import controls

VALUES = [
    {"id": "a", "class_": "input", "aria_describedby": "a-help", "data_x_y": "1", "required": True, "hidden": False},
    {"value": "<b>&\"'", "title": Markup('<i>"</i>'), "tabindex": 0, "value_": ""},
]


@pytest.mark.parametrize("values", VALUES)
def test_attributes_are_those_that_wtforms_writes(values: dict[str, object]) -> None:
    """Sorted, escaped, and a quotation mark never ends one early."""
    assert controls.attributes(**values) == wtforms.widgets.html_params(**values)
    assert isinstance(controls.attributes(**values), Markup)


@pytest.mark.parametrize("kind", ["StringField", "PasswordField", "HiddenField", "BooleanField"])
@pytest.mark.parametrize("validators", [[], [wtforms.validators.InputRequired(), wtforms.validators.Length(max=80)]])
@pytest.mark.parametrize("given", [{}, {"value": 'a"b'}, {"id": "mine", "type": "search"}])
def test_a_field_is_written_as_wtforms_writes_it(kind: str, validators: list[object], given: dict[str, str]) -> None:
    """Our faster fields give the very HTML of WTForms, with the flags of validators and with other attributes."""

    def written(library: object) -> str:
        field = getattr(library, kind)("<X>", validators=validators)
        form = type("Form", (wtforms.Form,), {"x": field})(data={"x": '<b>"'})
        return str(form.x(class_="input", autofocus=True, **given))

    assert written(controls) == written(wtforms)


def test_an_address_is_the_same_the_second_time(app: Flask) -> None:
    """Pages, pages of an item, static files, queries and whole addresses: kept or not."""
    with app.test_request_context():
        for _ in range(2):
            assert url_for("accounts.account") == "/account"
            assert url_for("accounts.account", notice="saved") == "/account?notice=saved"
            assert url_for("accounts.account", notice=None) == "/account"
            assert url_for("accounts.account", _anchor="x") == "/account#x"
            assert url_for("accounts.account", _external=True) == "http://localhost/account"
            assert url_for("sessions.revoke", sid="s1") == "/account/sessions/s1/revoke"
            assert url_for("static", filename="js/times.js").endswith("/js/times.js")
            assert url_for("static", filename="js/lab.js").endswith("/js/lab.js")


def test_an_address_below_a_prefix_has_the_prefix(app: Flask) -> None:
    """One that was kept at the root must not be given below a prefix, nor the other way round."""
    with app.test_request_context():
        assert url_for("accounts.account") == "/account"
    with app.test_request_context(base_url="http://localhost/here"):
        assert url_for("accounts.account") == "/here/account"
    with app.test_request_context():
        assert url_for("accounts.account") == "/account"
