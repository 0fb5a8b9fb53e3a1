"""Who sent this request: `g.auth`, and the signed-in person as `flask_login.current_user`."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import g
from flask_login import UserMixin

from webapp.core.cookie_header import NOT_SENT, SentCookie
from webapp.core.decision import Outcome
from webapp.core.judgement import Judgement
from webapp.core.mail import can_arrive
from webapp.core.session import SessionRow
from webapp.flows.enter_as_guest import NOWHERE
from webapp.flows.refresh import Issued


class Person(UserMixin):  # type: ignore[misc]
    """The logged-in user as views see them, read from the row in this request and not from a token's claims."""

    def __init__(self, auth_session: SessionRow) -> None:
        self.auth_session = auth_session

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
    def is_guest(self) -> bool:
        """Whether this is a guest of the lab, who has no password and no mailbox."""
        return self.email == f"{self.username}@{NOWHERE}"

    @property
    def name(self) -> str:
        """The display name; may be empty."""
        return self.auth_session.name

    @property
    def role(self) -> str:
        return self.auth_session.role

    @property
    def is_confirmed(self) -> bool:
        """Was the address proved to be theirs?"""
        return self.auth_session.email_verified_at is not None

    @property
    def awaits_confirmation(self) -> bool:
        """Should the person confirm the address? Guests have none that exists."""
        return not self.is_confirmed and can_arrive(self.email)

    @property
    def theme(self) -> str:
        return self.auth_session.theme

    @property
    def language(self) -> str:
        return self.auth_session.language


@dataclass(slots=True)
class Auth:
    """What this request knows about its sender. The one thing that travels by `flask.g`."""

    judged_at: int
    """When the request was judged, Unix seconds."""
    judgement: Judgement
    sent: tuple[SentCookie, SentCookie] = (NOT_SENT, NOT_SENT)
    """Access and refresh cookie as the request carried them."""
    person: Person | None = None
    issued: Issued | None = None
    cookies_set: dict[str, str] | None = field(default=None, repr=False)
    """Token cookies that this answer sets, by name; empty text: cleared. None: it leaves them as they are."""
    settled: bool = False
    """Whether the exit hook has had its say."""
    recorded: bool = False
    """Whether the lab has kept this request."""
    elapsed: float = 0.0
    """Seconds spent on authentication."""

    @property
    def outcome(self) -> Outcome:
        return self.judgement.outcome


def current_auth() -> Auth | None:
    """What this request knows about its sender; None where its tokens were not judged."""
    found: Auth | None = getattr(g._get_current_object(), "auth", None)
    return found


def remember(auth: Auth) -> Auth:
    """From here on this is what the request knows about its sender, and the exit hook has its say."""
    g._get_current_object().auth = auth
    return auth


def sign_in_as(auth: Auth, person: Person) -> None:
    """Let `current_user` be this person for the rest of the request.

    Sets what flask-login would cache. Going through its request loader is measurably slower.
    """
    auth.person = g._get_current_object()._login_user = person


def let_in(auth: Auth, row: SessionRow) -> None:
    """Let the page that begins this session know its user. The request came as a stranger's, so no case is told."""
    auth.settled = True
    sign_in_as(auth, Person(row))
