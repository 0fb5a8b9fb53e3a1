"""Logging in by steps: what is still to be proved after the right password, before there is a session at all.

There are no half sessions. Between the password and the last step there is a signed cookie that opens nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum

from webapp.core.demands import Demands


class Step(StrEnum):
    """A step, and the last part of the address of its page."""

    ADDRESS = "address"
    """Type the code that was mailed."""
    FACTOR = "second"
    """Prove the second factor."""
    ENROL = "enrol"
    """Set up a second factor, because the role needs one and there is none."""


LIFE = 600
"""Seconds from the password to the last step."""


def due(
    demands: Demands, *, is_confirmed: bool, done: Collection[str], role: str = "user", has_factor: bool = False
) -> Step | None:
    """The next step of a user who has proved their password and the steps `done`; None if nothing is left.

    Before a first factor the mailbox is proved, even if the address was confirmed long ago. An intruder who knows only
    the password must not be the one who sets up the factor.
    """
    if demands.confirmed_address and not is_confirmed and Step.ADDRESS not in done:
        return Step.ADDRESS
    if has_factor:
        return None if Step.FACTOR in done else Step.FACTOR
    if demands.needs_factor(role):
        if demands.mail_on and Step.ADDRESS not in done:
            return Step.ADDRESS
        return None if Step.ENROL in done else Step.ENROL
    return None
