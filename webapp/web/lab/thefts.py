"""Acts of the theatre in which a token is lost on its way or gets into other hands."""

from __future__ import annotations

from webapp.core.decision import Outcome, RefreshColumn
from webapp.core.rotation import Refreshed
from webapp.web.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from webapp.web.lab.scene import Band, Copy, Hit, Scene
from webapp.web.lab.stage import Stage
from webapp.web.texts import gettext as _


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
                "takes its place. If a thief had caught the lost response, their token would now be worthless."
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
        _("Nobody was logged out. The second response carried another new refresh token, and only that one counts.")
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
        (rotated.kind, _("A thief copies both cookies. You carry on, and your tokens are replaced.")),
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


def thief_first(stage: Stage) -> Scene:
    stage.let_access_expire()
    stolen = dict(stage.jar)
    early = stage.send(jar=stolen, keep=False)
    stage.let_burst_pass()
    owner = stage.send()
    used = stage.send()
    stage.let_grace_pass()
    caught = {ACCESS_COOKIE: stage.mint_access(expired=True), REFRESH_COOKIE: early.cookies.get(REFRESH_COOKIE) or ""}
    again = stage.send(jar=caught, keep=False)
    onward = stage.send()
    scene = Scene([_("You"), _("Thief")], beats=6, copies=[Copy(0, 1, 0.1, "a0 r0", 1)])
    scene.hits = [
        Hit(1, 0.9, 1.5, early.kind, 1),
        Hit(0, 2.0, 2.6, owner.kind, 2),
        Hit(0, 3.0, 3.6, used.kind, 3),
        Hit(1, 4.0, 4.6, again.kind, 4),
        Hit(0, 5.0, 5.6, onward.kind, 5),
    ]
    scene.bands = [Band(0, 1.5, "r0"), Band(1.5, 2.6, "r1"), Band(2.6, 6, "r1′")]
    scene.story = [
        (
            early.kind,
            _(
                "A thief copies both cookies, waits until the access token has expired, and renews before you. "
                "They get r1."
            ),
        ),
        (
            owner.kind,
            _(
                "You come with the old token. Nobody has used r1 yet, so the server cannot know whose it is. You get "
                "another new token, r1′, and only that one counts now."
            ),
        ),
        (
            used.kind,
            _(
                "You use r1′. Had the thief used r1 before you came, your old token would have ended the session for "
                "both of you instead."
            ),
        ),
        (
            again.kind,
            _(
                "The thief's access token still works until it expires, ten minutes at most. Then r1 gets nothing, "
                "and the thief is sent to the login page, without a reason."
            ),
        ),
        (onward.kind, _("You notice nothing and stay logged in. Activity shows that a replaced token came back.")),
    ]
    scene.as_expected = (
        early.served
        and owner.seen.what == Refreshed.FORKED
        and used.seen.outcome == Outcome.PROCEED
        and not again.served
        and again.seen.cell == RefreshColumn.ABANDONED
        and onward.served
    )
    scene.verdict = _("The thief came first and is out; you are still in.") if scene.as_expected else again.seen.words
    return scene
