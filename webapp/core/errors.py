"""Errors that carry evidence: words for people, and a code for programs."""

from __future__ import annotations


class TokenroomError(Exception):
    """Everything this application raises on purpose. Its text is fit for an operator and holds no secret."""


class SettingsError(TokenroomError):
    """A setting is unknown or unusable; the text is one line that names it."""


class KeyRingError(TokenroomError):
    """The key ring is missing, weak or malformed; the text never shows key material."""


class FieldError(TokenroomError):
    """A typed value cannot be used.

    `field` is the form field it belongs beside; `code` is a stable word that the pages turn into a sentence.
    """

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code


class WrongPassword(TokenroomError):
    """A password was checked and is wrong. The limits count this, and nothing else, as a try."""


class TooManyTries(TokenroomError):
    """A rate limit is used up. `limit` is its name, `retry_after` the seconds until it opens again (at least 1)."""

    def __init__(self, limit: str, retry_after: int, *, first: bool = False) -> None:
        super().__init__(f"the limit {limit} is used up for {retry_after} s")
        self.limit = limit
        self.retry_after = max(retry_after, 1)
        self.first = first
        """Is this the first refusal since the limit was used up? It is the one that goes into the trail."""


class MailRefused(TokenroomError):
    """The mail server will not take this mail, now or later (SMTP 5xx, or an address that needs SMTPUTF8)."""


class MailDelayed(TokenroomError):
    """The mail server will not take this mail now (SMTP 4xx). The next mail may fare better."""


class MailServerAway(TokenroomError):
    """No server, no verified TLS, or a refused login: no mail can be sent now."""
