"""No form is lost. The login page carries it along, sealed, when the login has ended.

    the login has ended      the post is answered with the login page, and the sealed form in it
    the same user logs in    a page shows what was kept; one button sends it, with a fresh CSRF token
    another user logs in     the form stays sealed

Nothing is stored on the server, and nothing is sent by itself.
"""

from __future__ import annotations

from flask import Request, Response
from werkzeug.exceptions import HTTPException

from webapp.core import kept_forms
from webapp.core.decision import TokenState
from webapp.core.judgement import Judgement
from webapp.core.kept_forms import KeptForm, TooOld, Unkeepable
from webapp.core.redirects import own_path
from webapp.core.session import SessionRow
from webapp.services import Services
from webapp.web.answers import page
from webapp.web.csrf import is_proven_same_origin
from webapp.web.forms import LogInForm
from webapp.web.login_page import BOTH_EXPIRED, NOTICES, Notice, log_in_page
from webapp.web.person import Auth, let_in
from webapp.web.requests import here, home, root
from webapp.web.texts import lazy_gettext as _l

KEPT: Notice = (
    "info",
    _l("Your form has been kept, without passwords. After you log in, you can check it and send it with one button."),
)
LOST: dict[str, Notice] = {
    "too_large": ("warn", _l("Your form could not be kept, because it is larger than 16 kB. Nothing was sent.")),
    "upload": ("warn", _l("Your form could not be kept, because it contains a file. Nothing was sent.")),
}
"""What became of the form, by the code of Unkeepable."""

ENDED: Notice = ("warn", _l("Your login has ended, so you have to log in again."))

_NOTHING_TO_KEEP = "/step-up"
"""Its form holds a proof and nothing else, and the login that follows proves the same."""

_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


def keep(request: Request, judgement: Judgement, application: Services, now: int) -> Response | None:
    """The login page (401) with the form of this request in it; None where nobody loses a form.

    Only a form whose sender an authentic token names, and of which the browser itself says that one of our pages sent
    it. Otherwise a stranger's values would be one click away.
    """
    user_id = named_user(judgement)
    if (
        user_id is None
        or request.path == _NOTHING_TO_KEEP
        or request.method != "POST"
        or request.mimetype not in _FORMS
        or not is_proven_same_origin()
    ):
        return None
    log_in, target = LogInForm(formdata=None), home()
    try:
        form = _read(request)
        if form is None:
            return None
        log_in.kept.data = kept_forms.seal(form, user_id, application.tokens.ring.forms_secret, now)
        told = KEPT
    except Unkeepable as refusal:
        told, target = LOST[refusal.code], _page_of(request)
    notice = NOTICES.get(judgement.end_reason or "") or (BOTH_EXPIRED if both_expired(judgement) else ENDED)
    return log_in_page(log_in, target, 401, notice=notice, told=told)


def named_user(judgement: Judgement) -> str | None:
    """The id of the user whom the authentic tokens of a request name; None for nobody, or for two."""
    named = {claims.sub for claims in (judgement.access.claims, judgement.refresh.claims) if claims is not None}
    return named.pop() if len(named) == 1 else None


def both_expired(judgement: Judgement) -> bool:
    """Whether this is case 1."""
    return judgement.access.state is judgement.refresh.state is TokenState.EXPIRED


def _page_of(request: Request) -> str:
    """The page that a lost form is typed on. The login leads back to it."""
    rule = request.url_rule
    has_page = rule is not None and "GET" in (rule.methods or ())
    return here(request) if has_page else home()


def _read(request: Request) -> KeptForm | None:
    path = own_path(here(request), root(request))
    if path is None:
        return None
    try:
        if any(file.filename for file in request.files.values()):
            raise Unkeepable("upload")
        return kept_forms.choose(path, request.form.items(multi=True))
    except HTTPException:  # larger than any form may be
        raise Unkeepable("too_large") from None


def page_after_login(
    auth: Auth, sealed: str, row: SessionRow, application: Services, template: str = "kept_form.html", **words: object
) -> Response | None:
    """What was kept for the user of this new session, and the button that sends it; None where nothing was.

    `template` shows it, with `words` for whatever else it says: the page after a login, or one with recovery codes.
    """
    form = None
    try:
        form = kept_forms.unseal(sealed, row.user_id, application.tokens.ring.forms_secret, application.clock())
        if form is None:
            return None
    except TooOld:
        pass
    let_in(auth, row)
    return page(template, 200, kept=form, was_kept=True, **words)
