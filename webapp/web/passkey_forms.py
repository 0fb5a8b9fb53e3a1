"""Passkeys on pages: what a form carries to the browser, and what it brings back. No endpoint, no `fetch`.

The options and a signed field `ceremony` come with the page. js/passkey.js hands the options to the browser, puts its
answer into the field `credential`, and posts the form.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import current_app, request
from flask_babel.speaklater import LazyString

from webapp.core import ceremony
from webapp.core.ceremony import LOG_IN, REGISTER, Refused, Site
from webapp.core.devices import recognise
from webapp.core.errors import FieldError
from webapp.core.origins import is_number
from webapp.core.passkey_options import creation_options, request_options
from webapp.dates import date_text
from webapp.flows.own_passkeys import list_passkeys
from webapp.flows.prove_passkey import PASSKEY, Presented, Proof
from webapp.services import services
from webapp.web import metrics
from webapp.web.csrf import own_origins
from webapp.web.forms import PasskeyForm
from webapp.web.requests import client
from webapp.web.texts import lazy_gettext as _l
from webapp.web.words.sessions import device_words

SLOW = _l("That took too long. Try again.")

NOT_ADDED = {
    "taken": _l("This passkey is in use already, here or in another account."),
    "too_many": _l("You have twenty passkeys, the most there can be. Remove one first."),
    "slow": SLOW,
}
"""Why a new passkey was not added, by the code of a FieldError or of Refused."""


class Offer(NamedTuple):
    """A ceremony that a page begins."""

    options: str
    """For the browser, as JSON."""
    ceremony: str
    """The signed field that comes back."""


def site() -> Site | None:
    """Whose passkeys this page can use. None at a number, because browsers make no passkeys there.

    Production takes it from the settings alone. Development answers at several loopback names, so it takes the
    request's, which `hosts.py` has checked.
    """
    settings = services().settings
    (origin,) = own_origins()
    rp_id = settings.passkey_rp_id
    if not settings.production:
        host = urlsplit(origin).hostname or ""
        rp_id = "" if is_number(host) else host
    return Site(origin, rp_id, current_app.config["BRAND"]) if rp_id else None


def named_address() -> str | None:
    """In development, where this page would have passkeys: the same server by its name."""
    if services().settings.production:
        return None
    port = urlsplit(request.host_url).port
    return f"{request.scheme}://localhost{f':{port}' if port else ''}"


def offer_login() -> Offer | None:
    """A login by any passkey of this site."""
    return _offer_use(LOG_IN, "", ())


def offer_proof(purpose: str, bound_to: str, user_id: str) -> Offer | None:
    """A proof (SECOND, STEP_UP) by one of this person's passkeys; None if they have none that works here."""
    here = site()
    known = [passkey.credential_id for passkey in list_passkeys(user_id) if here and passkey.rp_id == here.rp_id]
    return _offer_use(purpose, bound_to, known) if known else None


def offer_new(bound_to: str, *, user_id: str, username: str, name: str) -> Offer | None:
    """A new passkey for this person, on a device that has none of theirs."""
    here = site()
    if here is None:
        return None
    known = [passkey.credential_id for passkey in list_passkeys(user_id) if passkey.rp_id == here.rp_id]
    began = ceremony.begin(REGISTER, bound_to, services().clock())
    options = creation_options(began, here, user_id=user_id, username=username, name=name, known=known)
    return Offer(options, ceremony.sign(began, _secret()))


def presented(purpose: str, bound_to: str) -> Presented:
    """What the form of this request brings. Raises Refused."""
    form = PasskeyForm()
    here = site()
    if here is None:
        raise Refused("refused", "this address is a number")
    began = ceremony.read(
        form.ceremony.data or "", _secret(), purpose=purpose, bound_to=bound_to, now=services().clock()
    )
    return Presented(form.credential.data or "", began, here)


def usual_name() -> str:
    """What a new passkey is called: "Chrome on Linux, Nov 25, 2026"."""
    return f"{device_words(recognise(client().user_agent))}, {date_text(services().clock())}"[:80]


def why_not_added(problem: FieldError | Refused) -> LazyString:
    """In words, for the page that asked for a new passkey."""
    return NOT_ADDED.get(problem.code, _l("That passkey could not be added. Try again."))


def count_use(proof: Proof) -> None:
    """Count a passkey that was used, and one whose counter failed to rise."""
    metrics.count_factor(PASSKEY, "right")
    if proof.counter_stands:
        metrics.count_factor(PASSKEY, "counter")


def count_refusal(refusal: Refused, words: LazyString) -> LazyString:
    """Count a passkey that was refused. `words`, unless it was the page that had grown old."""
    if refusal.code == "slow":
        return SLOW
    metrics.count_factor(PASSKEY, "wrong")
    return words


def _offer_use(purpose: str, bound_to: str, known: Collection[str]) -> Offer | None:
    here = site()
    if here is None:
        return None
    began = ceremony.begin(purpose, bound_to, services().clock())
    return Offer(request_options(began, here, known=known), ceremony.sign(began, _secret()))


def _secret() -> str:
    return str(current_app.config["SECRET_KEY"])
