"""The acts of the theatre: what goes wrong between honest browsers and thieves, played against the real hooks.

Each act says what it will show before, and what happened after.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from webapp.web.lab.proofs import copy_before
from webapp.web.lab.races import eight_tabs, log_out_race, slow_page
from webapp.web.lab.scene import Scene
from webapp.web.lab.stage import Stage
from webapp.web.lab.thefts import lost_answer, thief, thief_first
from webapp.web.texts import lazy_gettext as _l


class Act(NamedTuple):
    name: str
    title: object
    shows: object
    play: Callable[[Stage], Scene]


ACTS = (
    Act(
        "tabs",
        _l("Eight tabs at once"),
        _l(
            "A browser reopens eight tabs after the access token has expired. One request rotates "
            "the token; the other seven get the same new one."
        ),
        eight_tabs,
    ),
    Act(
        "lost",
        _l("The lost response"),
        _l(
            "The server has replaced the token, but its response got lost. The old token still "
            "works, and brings another new one."
        ),
        lost_answer,
    ),
    Act(
        "thief",
        _l("The token thief"),
        _l(
            "A thief uses a copy of a refresh token that has already been replaced. The session "
            "ends, and the login page explains why."
        ),
        thief,
    ),
    Act(
        "first",
        _l("The thief comes first"),
        _l(
            "A thief copies both cookies and renews before you do. The one who uses a new token first keeps the "
            "session: see who is logged out, and what each of you sees."
        ),
        thief_first,
    ),
    Act(
        "copy",
        _l("The copy before"),
        _l(
            "A thief copies both cookies, and then you prove once more who you are. Your tokens become fresh; the copy "
            "never does."
        ),
        copy_before,
    ),
    Act(
        "logout",
        _l("Logout during a refresh"),
        _l("You log out while another tab is refreshing. The logout wins."),
        log_out_race,
    ),
    Act(
        "slow",
        _l("The slow page"),
        _l(
            "One page takes longer than its access token lasts, while another tab refreshes. "
            "Neither disturbs the other."
        ),
        slow_page,
    ),
)

BY_NAME = {act.name: act for act in ACTS}
