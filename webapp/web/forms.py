"""The forms of the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from flask import request
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from webapp.core.errors import FieldError
from webapp.flows.save_profile import LANGUAGES, THEMES
from webapp.web.controls import BooleanField, HiddenField, PasswordField, StringField
from webapp.web.texts import lazy_gettext as _l
from webapp.web.words.fields import PROBLEMS

THEME_WORDS = dict(zip(THEMES, (_l("System"), _l("Light"), _l("Dark")), strict=True))
LANGUAGE_WORDS = dict(zip(LANGUAGES, ("English", "한국어"), strict=True))


def _choices(words: Mapping[str, object]) -> list[SelectChoice]:
    return [SelectChoice(value=value, label=label) for value, label in words.items()]


class TypedForm(FlaskForm):  # type: ignore[misc]
    """A form that shows the problems a flow found beside the fields they belong to."""

    class Meta:
        csrf = False
        """`web/csrf.py` checks the token before any view runs, and `hidden_csrf` writes it."""

        def wrap_formdata(self, _form: TypedForm, formdata: object) -> MultiDict[str, str] | None:
            """The texts of a form. Flask-WTF takes files and JSON for them, too, which can be anything."""
            return request.form if formdata is not None and request.method == "POST" else None

    def show(self, problems: Iterable[FieldError]) -> None:
        for problem in problems:
            # new_password shares the words of password.
            kind = problem.field.removeprefix("new_")
            field = self[problem.field]
            field.errors = [*field.errors, PROBLEMS[kind, problem.code]]


class SignUpForm(TypedForm):
    username = StringField(_l("Username"))
    email = StringField(_l("Email address"))
    name = StringField(_l("Name"))
    password = PasswordField(_l("Password"))
    next = HiddenField()


class PasskeyForm(TypedForm):
    """What a passkey answers (web/passkey_forms.py)."""

    credential = HiddenField()
    ceremony = HiddenField()
    kept = HiddenField()


class PasskeyNameForm(TypedForm):
    name = StringField(_l("Name"))


class LogInForm(TypedForm):
    username = StringField(_l("Username or email"))
    password = PasswordField(_l("Password"))
    remember = BooleanField(_l("Keep me logged in on this device"))
    next = HiddenField()
    kept = HiddenField()
    """The form that was being sent when the login ended, sealed (web/kept_forms.py)."""


class ProfileForm(TypedForm):
    name = StringField(_l("Name"))
    # Not validated by the form. The flow does it, and gives the words.
    theme = SelectField(_l("Theme"), choices=_choices(THEME_WORDS), validate_choice=False)
    language = SelectField(_l("Language"), choices=_choices(LANGUAGE_WORDS), validate_choice=False)


class PasswordForm(TypedForm):
    current_password = PasswordField(_l("Current password"))
    new_password = PasswordField(_l("New password"))


class AskResetForm(TypedForm):
    login = StringField(_l("Username or email"))


class NewPasswordForm(TypedForm):
    username = StringField()
    """Whose password the page said it would change."""
    new_password = PasswordField(_l("New password"))


class EmailForm(TypedForm):
    email = StringField(_l("New email address"))


class CodeForm(TypedForm):
    code = StringField(_l("Code"))


class StepForm(CodeForm):
    """A step of a login. The kept form travels with each."""

    kept = HiddenField()


class CorrectForm(TypedForm):
    """Another address for a sign-up that is under way."""

    email = StringField(_l("Email address"))
    kept = HiddenField()


class SecondForm(TypedForm):
    """The second step of a login: one of the two codes."""

    otp = StringField(_l("Code from your authenticator app"))
    recovery_code = StringField(_l("Recovery code"))
    kept = HiddenField()


class StepUpForm(TypedForm):
    """Prove once more who you are: the password, and one of the two codes where there is a second factor."""

    password = PasswordField(_l("Password"))
    otp = StringField(_l("Code from your authenticator app"))
    recovery_code = StringField(_l("Recovery code"))
    next = HiddenField()


class AppForm(TypedForm):
    """A new authenticator app, whose secret travels sealed."""

    otp = StringField(_l("Code from your authenticator app"))
    sealed = HiddenField()


class EnrolForm(AppForm):
    kept = HiddenField()


class DeleteForm(TypedForm):
    username = StringField(_l("Your username, once more"))
