"""An act of the theatre about proving it again: what a copy of a user's tokens gains from it."""

from __future__ import annotations

from webapp.core.decision import Outcome
from webapp.core.rotation import Refreshed
from webapp.services import services
from webapp.web.cookies import ACCESS_COOKIE
from webapp.web.lab.scene import Band, Copy, Hit, Scene
from webapp.web.lab.stage import Stage
from webapp.web.lab.witness import Answer
from webapp.web.texts import gettext as _

SENSITIVE = "/account/delete"
"""A page that is shown only to a user who has just proved who they are. Looking at it changes nothing."""


def copy_before(stage: Stage) -> Scene:
    stage.let_freshness_pass(services().settings.step_up_ttl)
    stage.let_grace_pass()
    stolen = dict(stage.jar)
    expired = {**stolen, ACCESS_COOKIE: stage.mint_access(expired=True)}
    asked = stage.send(path=SENSITIVE)
    proved = stage.prove()
    shown = stage.send(path=SENSITIVE)
    theirs = stage.send(path=SENSITIVE, jar=stolen, keep=False)
    stage.let_grace_pass()
    late = stage.send(jar=expired, keep=False)
    scene = Scene([_("You"), _("Thief")], beats=7, notice="reuse", copies=[Copy(0, 1, 0.1, "a0 r0", 1)])
    scene.hits = [
        Hit(0, 0.5, 1.1, asked.kind, 1),
        Hit(0, 1.5, 2.1, "other", 2),
        Hit(0, 2.5, 3.1, shown.kind, 3),
        Hit(1, 3.5, 4.1, theirs.kind, 4),
        Hit(1, 4.7, 5.3, late.kind, 5),
    ]
    scene.bands = [Band(0, 2.1, "r0"), Band(2.1, 5.3, "r1"), Band(5.3, 7, _("ended: token reuse"), ended=True)]
    scene.story = [
        (
            asked.kind,
            _(
                "A thief copies both cookies. Later you open a page that matters. Your tokens are valid, so this is "
                "case 4, but your login is too long ago, so the server asks you to prove that it is still you."
            ),
        ),
        (
            "other",
            _(
                "You enter your password. The row and your new access token now say when; the refresh token is "
                "replaced as well."
            ),
        ),
        (shown.kind, _("You open the page again, with the new tokens: it is shown.")),
        (
            theirs.kind,
            _(
                "The thief tries the same with the copy. Its access token is still valid, but it says when you logged "
                "in, not when you proved it again. The thief is asked for the password."
            ),
        ),
        (
            late.kind,
            _(
                "When the copied access token expires, the thief has to refresh, with a token that your proof has "
                "replaced. That gives the copy away, and the session ends."
            ),
        ),
    ]
    scene.as_expected = (
        _asks(asked)
        and proved.what is Refreshed.ROTATED
        and shown.served
        and _asks(theirs)
        and theirs.seen.outcome == Outcome.PROCEED
        and late.seen.outcome == Outcome.REUSE
    )
    scene.verdict = (
        _("The copy never became fresh, and its next refresh gave it away.") if scene.as_expected else late.seen.words
    )
    return scene


def _asks(answer: Answer) -> bool:
    """Whether the answer leads to the page that asks for a proof."""
    return answer.status == 303 and "/step-up?" in answer.location
