"""The signed-in person, as `flask_login.current_user`."""

from __future__ import annotations

from webapp.store.auth_sessions import SessionRow


class Person:
    """What views see of who is signed in: read from the row in this request, not from a token's claims."""

    __slots__ = ("auth_session",)

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, auth_session: SessionRow) -> None:
        self.auth_session = auth_session

    def get_id(self) -> str:
        return self.auth_session.user_id

    @property
    def id(self) -> str:
        return self.auth_session.user_id

    @property
    def username(self) -> str:
        return self.auth_session.username

    @property
    def email(self) -> str:
        return self.auth_session.email

    @property
    def name(self) -> str:
        """The display name; may be empty."""
        return self.auth_session.name

    @property
    def role(self) -> str:
        return self.auth_session.role

    @property
    def theme(self) -> str:
        return self.auth_session.theme

    @property
    def language(self) -> str:
        return self.auth_session.language
