"""Acts of the theatre in which requests of one browser overtake each other."""

from __future__ import annotations

from threading import Barrier

from webapp.core.decision import Outcome
from webapp.web.cookies import REFRESH_COOKIE
from webapp.web.lab.scene import Band, Hit, Scene
from webapp.web.lab.stage import PATIENCE, Stage
from webapp.web.texts import gettext as _

TABS = 8


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


def log_out_race(stage: Stage) -> Scene:
    form = stage.send(wants_form=True)
    stage.let_access_expire()
    slow = stage.hold_in_view()
    out = stage.send(method="POST", path="/logout", form=form.form, keep=False)
    refreshed = slow.let_go()
    late = stage.send()
    scene = Scene([_("Page"), _("Log out")], beats=4)
    scene.hits = [
        Hit(0, 0.4, 2.4, refreshed.kind, 1, answer_line=3),
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
        _("The logout won, so the refresh issued nothing.")
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
        Hit(0, 0.4, 2.5, slowest.kind, 1, answer_line=3),
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
