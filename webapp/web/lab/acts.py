"""The acts of the theatre: what goes wrong between honest browsers and thieves, played against the real hooks.

Each act says what it will show before, and what happened after.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Barrier
from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from webapp.core.decision import Outcome
from webapp.core.rotation import Refreshed
from webapp.web.cookies import REFRESH_COOKIE
from webapp.web.lab.scene import Band, Copy, Hit, Scene
from webapp.web.lab.stage import PATIENCE, Stage

TABS = 8


class Act(NamedTuple):
    name: str
    title: object
    shows: object
    play: Callable[[Stage], Scene]


def eight_tabs(stage: Stage) -> Scene:
    stage.let_access_expire()
    before = stage.row.refresh_generation
    # All eight are in their view, judged and let in, before the first of them may go on to its refresh.
    barrier = Barrier(TABS)
    answers = stage.together([stage.prepare(in_view=lambda: barrier.wait(PATIENCE)) for _tab in range(TABS)])
    winners = [answer for answer in answers if answer.seen.what == "rotated"]
    successors = {answer.cookies.get(REFRESH_COOKIE) for answer in answers}
    after = stage.row.refresh_generation
    scene = Scene([_("Tab %(number)s", number=n + 1) for n in range(TABS)], beats=3)
    for lane, answer in enumerate(answers):
        won = answer in winners
        scene.hits.append(Hit(lane, 0.5, 1.7 if won else 2.1, answer.kind, 1 if won else 2))
    scene.bands = [Band(0, 1.7, f"r{before}"), Band(1.7, 3, f"r{after}")]
    winner = answers.index(winners[0]) + 1 if winners else 0
    scene.story = [
        (
            "case-2",
            _(
                "Tab %(number)s was first: its UPDATE changed generation %(before)s to %(after)s.",
                number=winner,
                before=before,
                after=after,
            ),
        ),
        (
            "case-2",
            _(
                "The other %(others)s found the row already changed, read it again, and received the same new token.",
                others=len(answers) - len(winners),
            ),
        ),
    ]
    scene.verdict = _(
        "%(served)s of %(all)s pages loaded, %(winners)s rotation, %(successors)s new refresh "
        "token shared by all tabs.",
        served=sum(answer.served for answer in answers),
        all=TABS,
        winners=len(winners),
        successors=len(successors),
    )
    scene.as_expected = (
        all(answer.served for answer in answers)
        and len(winners) == len(successors) == 1
        and None not in successors
        and after == before + 1
    )
    return scene


def lost_answer(stage: Stage) -> Scene:
    stage.let_access_expire()
    lost = stage.send(keep=False)
    stage.let_burst_pass()
    again = stage.send()
    onward = stage.send()
    first, second = lost.cookies.get(REFRESH_COOKIE), again.cookies.get(REFRESH_COOKIE)
    another = first is not None and second is not None and first != second
    scene = Scene([_("Browser")], beats=4)
    scene.hits = [
        Hit(0, 0.4, 1.1, lost.kind, 1, lost=True),
        Hit(0, 1.6, 2.3, again.kind, 2),
        Hit(0, 2.8, 3.5, onward.kind, 3),
    ]
    scene.bands = [Band(0, 1.1, "r0"), Band(1.1, 2.3, "r1"), Band(2.3, 4, "r1′")]
    scene.story = [
        (
            lost.kind,
            _(
                "The server replaces the token, but the response never arrives: a train in a tunnel, "
                "or a laptop just closed."
            ),
        ),
        (
            again.kind,
            _(
                "The browser comes back with the old token. Nobody has used the new one yet, so another one "
                "takes its place. If someone had caught the lost response, their token would now be worthless."
            ),
        ),
        (onward.kind, _("Now the browser holds the new pair, and the database records that it does.")),
    ]
    scene.as_expected = (
        another
        and again.seen.what == Refreshed.FORKED
        and again.seen.outcome == Outcome.REDELIVER
        and onward.seen.outcome == Outcome.PROCEED
    )
    scene.verdict = (
        _("Nobody was logged out: the second response carried another new refresh token, and only that one counts.")
        if another
        else _("The second response carried the same refresh token.")
    )
    return scene


def thief(stage: Stage) -> Scene:
    stage.let_access_expire()
    stolen = dict(stage.jar)
    rotated = stage.send()
    used = stage.send()
    stage.let_grace_pass()
    theft = stage.send(jar=stolen, keep=False)
    owner = stage.send()
    scene = Scene([_("You"), _("Thief")], beats=5, notice="reuse", copies=[Copy(0, 1, 0.1, "a0 r0", 1)])
    scene.hits = [
        Hit(0, 0.4, 1.0, rotated.kind, 1),
        Hit(0, 1.4, 2.0, used.kind, 2),
        Hit(1, 2.6, 3.2, theft.kind, 3),
        Hit(0, 3.8, 4.4, owner.kind, 4),
    ]
    scene.bands = [Band(0, 1.0, "r0"), Band(1.0, 3.2, "r1"), Band(3.2, 5, _("ended: token reuse"), ended=True)]
    scene.story = [
        (rotated.kind, _("Someone copies both cookies. You carry on, and your tokens are replaced.")),
        (used.kind, _("You use the new tokens, so generation 1 is confirmed. Then the grace period ends.")),
        (
            theft.kind,
            _(
                "The thief uses the copied refresh token. Its replacement has long been in use, so "
                "one of the two is not you. The session ends."
            ),
        ),
        (owner.kind, _("Your next request goes to the login page, which says why.")),
    ]
    scene.as_expected = (
        theft.seen.outcome == Outcome.REUSE
        and "notice=reuse" in theft.location
        and "notice=reuse" in owner.location
        and not owner.served
    )
    scene.verdict = _("The thief got nothing, and you were told about it.") if scene.as_expected else owner.seen.words
    return scene


def log_out_race(stage: Stage) -> Scene:
    form = stage.send(wants_form=True)
    stage.let_access_expire()
    slow = stage.hold_in_view()
    out = stage.send(method="POST", path="/logout", form=form.form, keep=False)
    refreshed = slow.let_go()
    late = stage.send()
    scene = Scene([_("Page"), _("Log out")], beats=4)
    scene.hits = [
        Hit(0, 0.4, 2.4, refreshed.kind, 1),
        Hit(1, 0.9, 1.6, "other", 2),
        Hit(0, 3.0, 3.6, late.kind, 3),
    ]
    scene.bands = [Band(0, 1.6, "r0"), Band(1.6, 4, _("ended: logout"), ended=True)]
    scene.story = [
        (
            refreshed.kind,
            _(
                "A page is requested with an expired access token. The request is accepted, but the "
                "page takes a while to build."
            ),
        ),
        ("other", _("Meanwhile you log out in another tab. The session ends first, then the cookies are cleared.")),
        (
            late.kind,
            _(
                "The page's refresh came after the logout. It found no active session and set no "
                "cookie. Its old tokens no longer work."
            ),
        ),
    ]
    scene.as_expected = out.status == 303 and not refreshed.cookies and not late.served
    scene.verdict = (
        _("The logout won: the refresh issued nothing.")
        if scene.as_expected
        else _("The refresh issued a token after the logout.")
    )
    return scene


def slow_page(stage: Stage) -> Scene:
    slow = stage.hold_in_view()
    stage.let_access_expire()
    other = stage.send()
    slowest = slow.let_go()
    stage.keep(slowest)
    onward = stage.send()
    scene = Scene([_("Slow page"), _("Other tab")], beats=4)
    scene.hits = [
        Hit(0, 0.4, 2.5, slowest.kind, 1),
        Hit(1, 1.1, 1.8, other.kind, 2),
        Hit(0, 3.0, 3.6, onward.kind, 3),
    ]
    scene.bands = [Band(0, 1.8, "r0"), Band(1.8, 4, "r1")]
    scene.story = [
        (
            slowest.kind,
            _("A page is requested with a valid access token, but building it takes longer than the token lasts."),
        ),
        (other.kind, _("Another tab finds the token expired and refreshes it: generation 0 becomes 1.")),
        (
            onward.kind,
            _(
                "The slow response arrives and sets no cookie, so the newer pair stays. The next "
                "request is an ordinary one."
            ),
        ),
    ]
    scene.as_expected = (
        slowest.served
        and not slowest.cookies
        and other.seen.what == "rotated"
        and onward.seen.outcome == Outcome.PROCEED
    )
    scene.verdict = (
        _("Both pages loaded, and the late response overwrote nothing.")
        if scene.as_expected
        else _("The late response changed the cookies.")
    )
    return scene


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
            "works and brings the same new token."
        ),
        lost_answer,
    ),
    Act(
        "thief",
        _l("The token thief"),
        _l(
            "Someone uses a copy of a refresh token that has already been replaced. The session "
            "ends, and the login page explains why."
        ),
        thief,
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
