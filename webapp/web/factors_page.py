"""The page of a person's second steps, and what each change of them has to do."""

from __future__ import annotations

from collections.abc import Callable

from flask import Response, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from webapp.flows import own_factors
from webapp.flows.own_passkeys import MOST, list_passkeys
from webapp.services import services
from webapp.web import device_cookie, metrics
from webapp.web.answers import page, see_other
from webapp.web.passkey_forms import named_address, site

Notice = tuple[str, object]
"""Kind (info, ok, warn, bad) and words."""

DEMANDED = ("bad", _l("Your role needs a second step. Add another before you remove this one."))


def added(kind: str, codes: list[str], notice: str) -> Response:
    """The answer to a new factor: with recovery codes if it is the first one, else the page that lists them."""
    metrics.count_factor(kind, "added")
    if not codes:
        return see_other(url_for("factors.show", notice=notice))
    return _known_again(page("recovery_codes.html", codes=codes, target=url_for("factors.show"), first=True))


def removed(kind: str, remove: Callable[[], bool], notice: str) -> Response:
    """Take a factor away by `remove`, which says whether there was one. 422 if the role needs a factor and this is the
    last."""
    try:
        if not remove():
            return see_other(url_for("factors.show"))
    except own_factors.Demanded:
        return factors_page(422, DEMANDED)
    except own_factors.SessionOver:
        return see_other(url_for("factors.show"))
    metrics.count_factor(kind, "removed")
    return _known_again(see_other(url_for("factors.show", notice=notice)))


def _known_again(answer: Response) -> Response:
    """The epoch moved, and without a new mark this browser would count as a stranger at its next login."""
    session = current_user.auth_session
    device_cookie.remember(answer, session._replace(credential_epoch=session.user_credential_epoch + 1))
    return answer


def factors_page(status: int, notice: Notice | None = None) -> Response:
    """The page that lists them."""
    demands = services().tokens.demands
    state = own_factors.look_up(current_user.id)
    return page(
        "factors.html",
        status,
        state=state,
        few_codes=state.few_codes,
        passkeys=list_passkeys(current_user.id),
        rp_id=here.rp_id if (here := site()) else "",
        named_address=named_address(),
        can_seal=services().safe.can_seal,
        needs_address=demands.mail_on and not state.is_confirmed,
        keeps_last=demands.needs_factor(current_user.role) and state.has.total == 1,
        most=MOST,
        notice=notice,
    )
