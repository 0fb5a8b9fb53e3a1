"""The steps between the password and the session: what their pages share. Nothing else reads the pending login."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from flask import Response, g, url_for

from webapp.core.ceremony import SECOND
from webapp.core.errors import TooManyTries
from webapp.core.kept_forms import MOST_SEALED
from webapp.core.mail import masked
from webapp.core.session import SessionRow
from webapp.core.steps import Step
from webapp.flows.confirm_address import is_code_on_its_way, send_code
from webapp.flows.correct_address import may_correct
from webapp.flows.finish_login import LoginOver, OtherStep, Standing, person_at_step
from webapp.flows.log_in import Unfinished
from webapp.services import services
from webapp.web import metrics, pending
from webapp.web.answers import page, see_other, to_login
from webapp.web.forms import CorrectForm, EnrolForm, SecondForm, StepForm
from webapp.web.kept_forms import page_after_login
from webapp.web.limits import count
from webapp.web.marks import public
from webapp.web.new_app import app_page
from webapp.web.passkey_forms import offer_new, offer_proof
from webapp.web.pending import Pending
from webapp.web.requests import home
from webapp.web.sign_in import arrival, sign_in

Notice = tuple[str, object] | None


def begin(login: Unfinished, *, target: str, kept: str = "") -> Response:
    """Go on from the password to the step that is due: 303, or its page itself where it carries a form along."""
    metrics.note_login(metrics.CHALLENGED)
    return _to_step(login, target, pending.new_nonce(), kept)


def advance(pending: Pending, came: SessionRow | Unfinished, kept: str) -> Response:
    """On to the next step, or into the session."""
    if isinstance(came, Unfinished):
        return _to_step(came, pending.next, pending.nonce, kept)
    metrics.note_login(metrics.SUCCEEDED)
    shown = page_after_login(g.auth, kept, came, services())
    return sign_in(shown or see_other(pending.next), came)


def at(step: Step) -> Callable[[Callable[[Pending, Standing], Response]], Callable[[], Response]]:
    """The view of a step: it gets the pending login and its person. Any other login is led to its own step."""

    def decorate(view: Callable[[Pending, Standing], Response]) -> Callable[[], Response]:
        @wraps(view)
        def at_step(pending: Pending, login: Unfinished) -> Response:
            return view(pending, person_at_step(login))

        return taking(step)(at_step)

    return decorate


def taking(step: Step) -> Callable[[Callable[[Pending, Unfinished], Response]], Callable[[], Response]]:
    """The view that takes a step: it gets the pending login, and the same for the flows.

    It may let LoginOver and OtherStep out. The answer leads to the login, or to the step that is due.
    """

    def decorate(view: Callable[[Pending, Unfinished], Response]) -> Callable[[], Response]:
        @wraps(view)
        def take() -> Response:
            found = pending.read()
            if found is None:
                return to_login()
            came = arrival(persistent=found.persistent)
            login = Unfinished(came, found.user_id, found.credential_epoch, found.since, step, found.done)
            try:
                return view(found, login)
            except LoginOver:
                return _over(found)
            except OtherStep as other:
                return _to_page(other.step)

        return public(take)

    return decorate


def address_page(
    standing: Standing,
    form: StepForm,
    status: int = 200,
    *,
    correct: CorrectForm | None = None,
    notice: Notice = None,
) -> Response:
    """The page that asks for the mailed code. On the first day of an account it offers to correct the address."""
    _shorten(form)
    return page(
        "login_address.html",
        status,
        form=form,
        address=masked(standing.person.email),
        correct=(correct or CorrectForm(formdata=None)) if may_correct(standing.person, services().clock()) else None,
        notice=notice,
    )


def second_page(
    standing: Standing, nonce: str, form: SecondForm, status: int = 200, *, notice: Notice = None
) -> Response:
    """The page that asks for the second factor. `nonce` is the pending login's, because a passkey's ceremony is bound
    to it."""
    _shorten(form)
    has = standing.has
    passkey = offer_proof(SECOND, nonce, standing.person.id) if has.passkeys else None
    return page("login_second.html", status, form=form, has=has, passkey=passkey, notice=notice)


def enrol_page(
    standing: Standing, nonce: str, form: EnrolForm, status: int = 200, *, notice: Notice = None
) -> Response:
    """The page with the secret of a new authenticator app, and the options of a new passkey."""
    _shorten(form)
    owner = standing.person
    passkey = offer_new(nonce, user_id=owner.id, username=owner.username, name=owner.name)
    return app_page(
        "login_enrol.html", form, status, user_id=owner.id, username=owner.username, passkey=passkey, notice=notice
    )


def _shorten(form: StepForm | SecondForm | EnrolForm) -> None:
    form.kept.data = (form.kept.data or "")[:MOST_SEALED]


def _to_step(login: Unfinished, target: str, nonce: str, kept: str) -> Response:
    if login.step is Step.ADDRESS:
        _send_first_code(login)
    answer = _shown_step(login, nonce, kept) if kept else _to_page(login.step)
    pending.remember(answer, login, target=target, nonce=nonce)
    return answer


def _shown_step(login: Unfinished, nonce: str, kept: str) -> Response:
    try:
        standing = person_at_step(login)
    except (LoginOver, OtherStep):
        return _to_page(login.step)  # something changed in this moment, so the page leads on
    if login.step is Step.ADDRESS:
        return address_page(standing, StepForm(formdata=None, kept=kept))
    if login.step is Step.FACTOR:
        return second_page(standing, nonce, SecondForm(formdata=None, kept=kept))
    return enrol_page(standing, nonce, EnrolForm(formdata=None, kept=kept))


def _to_page(step: Step) -> Response:
    return see_other(f"{url_for('accounts.log_in')}/{step}")


def _send_first_code(login: Unfinished) -> None:
    now = login.arrival.now
    try:
        standing = person_at_step(login)
        if not is_code_on_its_way(standing.person, now):
            count("code_sent", login.user_id)
            send_code(login.user_id, now=now)
    except (LoginOver, OtherStep, TooManyTries):
        return  # the page says what there is to do; a mail more would not help


def _over(found: Pending) -> Response:
    answer = to_login(notice="slow", **({"next": found.next} if found.next != home() else {}))
    pending.forget(answer)
    return answer
