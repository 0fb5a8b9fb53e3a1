"""Prove once more who you are, before something that can't be undone: the one place where it is demanded."""

from __future__ import annotations

from flask_login import current_user

from webapp.flows.prove_password import prove_password
from webapp.services import services
from webapp.web.forms import ProvenForm
from webapp.web.gates import PasswordGate
from webapp.web.requests import client


def demand_password(form: ProvenForm, during: str) -> None:
    """The form's `current_password` must be the person's. Raises FieldError or TooManyTries."""
    prove_password(
        current_user.auth_session,
        form.current_password.data or "",
        gate=PasswordGate(),
        client=client(),
        now=services().clock(),
        during=during,
    )
