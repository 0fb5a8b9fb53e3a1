"""What the site demands of every session, by its settings. Part of whether a session is live, at each request.

So a site that begins to demand something asks at the next request, on every host, by the row that is read anyway.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from webapp.core.session import SessionRow


class Unmet(StrEnum):
    """What a session lacks: the `notice` of the login page."""

    ADDRESS = "unconfirmed"


class Demands(NamedTuple):
    """The demands of one application."""

    confirmed_address: bool = False

    def unmet(self, row: SessionRow) -> Unmet | None:
        """What is demanded and not there; None for a session that may be used."""
        if self.confirmed_address and row.email_verified_at is None:
            return Unmet.ADDRESS
        return None


NOTHING = Demands()
"""A site that is content with a live session."""
