"""How long things live. All values are whole seconds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from webapp.core.session import SessionRow

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * 60 * MINUTE

IAT_LEEWAY = 60
"""Clock skew allowed between the hosts that mint and verify (RFC 7519 section 4.1.6)."""

SKEW = 60
"""Clock skew allowed between the host that writes a confirmation and the one that judges by it. It is added to the
grace, so that it can only make "access token alone" longer. Nothing is added to the burst, because a thief needs a
longer one."""

REDELIVERY_BURST = 3
"""Seconds after a successor was made in which the very same one goes out again, because tabs in parallel need the same
one."""

MOST_FORKS = 5
"""How often a generation's successor is replaced by another before anybody has used it. So many lost answers cost
nobody a login."""

MAX_TOKEN_LENGTH = 3072
"""Characters. None longer is read, and none longer is minted, because two cookies must fit a proxy's 8 kB header
buffer."""

FAST_ACCESS, FAST_REFRESH = 15, 45
"""Lifetimes that a session may have of its own: the lab's short ones."""

MAX_SESSION_TTL = 400 * DAY
"""The longest cookie lifetime browsers keep (RFC 6265bis section 5.5)."""


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """The four durations of the protocol, in seconds."""

    access_token: int = 10 * MINUTE
    refresh_token: int = 14 * DAY
    session: int = 30 * DAY
    grace: int = 10

    @property
    def renewal_window(self) -> int:
        """How long after a refresh token's expiry a still valid access token may renew it (case 3)."""
        return self.access_token

    @property
    def longest_access_token(self) -> int:
        """No access token lives longer than this, those of a session with lifetimes of its own included."""
        return max(self.access_token, FAST_ACCESS)

    def of(self, session: SessionRow) -> Lifetimes:
        """The lifetimes that count for this session: its own where it has any."""
        if session.access_ttl is None and session.refresh_ttl is None:
            return self
        return replace(
            self,
            access_token=session.access_ttl or self.access_token,
            refresh_token=session.refresh_ttl or self.refresh_token,
        )

    def access_expiry(self, now: int, session_end: int) -> int:
        return min(now + self.access_token, session_end)

    def refresh_expiry(self, now: int, session_end: int) -> int:
        return min(now + self.refresh_token, session_end)

    def production_problem(self) -> str | None:
        """What makes these lifetimes unusable in production, in one line, or None."""
        if not MINUTE <= self.access_token <= 60 * MINUTE:
            return f"ACCESS_TOKEN_TTL must be between 60 and 3600 seconds, not {self.access_token}"
        if self.grace >= self.access_token:
            return f"REFRESH_GRACE ({self.grace}) must be shorter than ACCESS_TOKEN_TTL ({self.access_token})"
        if self.access_token >= self.refresh_token:
            return (
                f"ACCESS_TOKEN_TTL ({self.access_token}) must be shorter than REFRESH_TOKEN_TTL ({self.refresh_token})"
            )
        if self.refresh_token > self.session:
            return f"REFRESH_TOKEN_TTL ({self.refresh_token}) must not exceed SESSION_TTL ({self.session})"
        if self.session > MAX_SESSION_TTL:
            return f"SESSION_TTL must be at most {MAX_SESSION_TTL} seconds (400 days), not {self.session}"
        return None
