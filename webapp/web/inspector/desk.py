"""What lies on the inspector's page."""

from __future__ import annotations

from dataclasses import dataclass, field

from webapp.core.inspector.take_apart import Parts

FIELDS = ("token", "key", "header", "claims", "alg")


@dataclass(slots=True)
class Desk:
    """The fields, what is wrong with them, and the token taken apart."""

    fields: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    """Field -> what is wrong with it, in the reader's language."""
    example: str | None = None
    """The example that was chosen."""
    public_key: str | None = None
    """Of a pair that was just made."""
    parts: Parts | None = None
