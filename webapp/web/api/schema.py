"""The shapes of bodies, in and out: what is checked and what the document at /api/v1/openapi.json says."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from webapp.core.text import MAX_NAME_LENGTH, clean_name
from webapp.flows.save_profile import LANGUAGES, THEMES
from webapp.store.users import MAX_LISTED


def text(description: str, **metadata: Any) -> fields.String:
    return fields.String(required=True, metadata={"description": description, **metadata})


def moment(description: str) -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": f"{description}; Unix seconds, UTC"})


def one_of(allowed: tuple[str, ...], *, required: bool = True) -> fields.String:
    return fields.String(required=required, validate=validate.OneOf(allowed))


class LogIn(Schema):
    """Unknown members are ignored, as RFC 6749 section 3.2 asks of a token endpoint."""

    class Meta:
        unknown = EXCLUDE

    username = text("Username or email address")
    password = text("Password", format="password")
    otp = fields.String(metadata={"description": "Code of the authenticator app, where the account has one"})
    recovery_code = fields.String(metadata={"description": "A recovery code instead of `otp`; each works once"})


class Refresh(Schema):
    class Meta:
        unknown = EXCLUDE

    refresh_token = text("Refresh token of the same session as the access token in the header")


class StepUp(Schema):
    class Meta:
        unknown = EXCLUDE

    password = text("Password", format="password")
    otp = fields.String(metadata={"description": "Code of the authenticator app, where the account has one"})
    recovery_code = fields.String(metadata={"description": "A recovery code instead of `otp`; each works once"})


class Access(Schema):
    access_token = text("Send it in the `Authorization: Bearer` header")
    token_type = text("Always `Bearer`", enum=["Bearer"])
    expires_in = fields.Integer(required=True, metadata={"description": "Lifetime of the access token in seconds"})


class TokenPair(Access):
    refresh_token = text("Store it; send it to `POST /api/v1/refresh` only")
    refresh_expires_in = fields.Integer(
        required=True, metadata={"description": "Lifetime of the refresh token in seconds"}
    )


class Refreshed(TokenPair):
    """Without a refresh token where another request of this client has received the next one already."""

    refresh_token = fields.String(
        metadata={"description": "The next refresh token; missing if another of your requests has already received it"}
    )
    refresh_expires_in = fields.Integer(metadata={"description": "Lifetime of the refresh token in seconds"})


class Preferences(Schema):
    theme = one_of(THEMES)
    language = one_of(LANGUAGES)


class Me(Schema):
    id = text("Account ID; never changes")
    username = text("Unique, not case-sensitive")
    email = text("Normalised email address")
    email_verified = fields.Boolean(required=True, metadata={"description": "Whether the address was confirmed"})
    mfa = fields.Boolean(required=True, metadata={"description": "Whether logging in takes a second step"})
    name = text("Display name; may be empty")
    role = text("Role of the account", enum=["user", "admin"])
    preferences = fields.Nested(Preferences, required=True)


_NAME_PROBLEMS = {
    "too_long": f"Use at most {MAX_NAME_LENGTH} characters.",
    "unprintable": "It contains a character that cannot be displayed.",
    "invisible": "It shows nothing.",
}


def usable_name(value: str) -> None:
    """Raise ValidationError unless this is a name that can be kept."""
    try:
        clean_name(value)
    except ValueError as error:
        raise ValidationError(_NAME_PROBLEMS[str(error)]) from None


class PreferencesChange(Schema):
    class Meta:
        unknown = RAISE

    theme = one_of(THEMES, required=False)
    language = one_of(LANGUAGES, required=False)


class MeChange(Schema):
    """Missing fields stay as they are. Theme and language may come as `GET /me` gives them, or by themselves."""

    class Meta:
        unknown = RAISE

    name = fields.String(validate=usable_name, metadata={"maxLength": MAX_NAME_LENGTH})
    theme = one_of(THEMES, required=False)
    language = one_of(LANGUAGES, required=False)
    preferences = fields.Nested(PreferencesChange)

    REFUSED: ClassVar = {
        "anyOf": [
            {"required": [name, "preferences"], "properties": {"preferences": {"required": [name]}}}
            for name in ("theme", "language")
        ]
    }
    """JSON Schema of what the view refuses: one setting in both places."""


class Session(Schema):
    id = text("Session ID, for `DELETE /api/v1/sessions/{sid}`")
    channel = text("Where the login took place: website or API", enum=["web", "api"])
    device = text("Name of the device, from its User-Agent; may be empty")
    created_at = moment("Time of login")
    last_seen_at = moment("Time of the last refresh")
    expires_at = moment("Latest time the session can end")
    current = fields.Boolean(required=True, metadata={"description": "Whether this request belongs to this session"})


class Sessions(Schema):
    sessions = fields.List(fields.Nested(Session), required=True)


class User(Schema):
    id = text("Account ID")
    username = text("Username")
    email = text("Email address")
    name = text("Name; may be empty")
    role = text("Role of the account", enum=["user", "admin"])
    disabled = fields.Boolean(required=True)
    created_at = moment("Time of sign-up")


class Users(Schema):
    users = fields.List(fields.Nested(User), required=True)
    next = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Value of `after` for the next page; null on the last page"},
    )


class UsersQuery(Schema):
    class Meta:
        unknown = RAISE

    limit = fields.Integer(
        load_default=100,
        strict=True,
        validate=validate.Range(1, MAX_LISTED),
        metadata={"description": "Users per page"},
    )
    after = fields.String(
        load_default="",
        validate=validate.Length(max=64),
        metadata={"description": "Value of `next` from the previous page"},
    )


Problem = Schema.from_dict(
    {
        "error": text("Error code for programs"),
        "error_description": text("Description for people, in English"),
        "fields": fields.Dict(
            keys=fields.String(),
            values=fields.String(),
            metadata={"description": "Unusable fields by name, each with the reason"},
        ),
        "methods": fields.List(
            fields.String(),
            metadata={"description": "Members that this login lacks; empty: the website asks for what is missing"},
        ),
    },
    name="Problem",
)
"""Every answer from 400 on. (Made by a call, since `fields` means something else in the body of a schema class.)"""
