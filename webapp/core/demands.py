"""What the site demands of every session, by its settings. Part of whether a session is live, at each request.

So a site that begins to demand something asks at the next request, on every host, by the row that is read anyway.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from webapp.core.freshness import MULTIPLE
from webapp.core.session import SessionRow


class Unmet(StrEnum):
    """What a session lacks: the `notice` of the login page."""

    ADDRESS = "unconfirmed"
    FACTOR = "mfa"


class Demands(NamedTuple):
    """The demands of one application."""

    confirmed_address: bool = False
    factor_for: frozenset[str] = frozenset()
    """Roles whose sessions need a second factor."""
    mail_on: bool = False
    """Whether mail is sent. If so, a factor needs a confirmed address, and a login that sets one up needs a code."""

    def needs_factor(self, role: str) -> bool:
        """Whether a session of this role needs a second factor."""
        return role in self.factor_for

    def unmet(self, row: SessionRow) -> Unmet | None:
        """What is demanded and not there; None for a session that may be used."""
        if self.confirmed_address and row.email_verified_at is None:
            return Unmet.ADDRESS
        if row.role in self.factor_for and MULTIPLE not in row.amr.split():
            return Unmet.FACTOR
        return None


NOTHING = Demands()
"""A site that is content with a live session."""
