"""The forgotten password: ask for a link, open it, choose a new password.

Asking needs mail. Links work without it, too, because an operator may have handed one over.

A GET uses nothing up, because mail scanners open every link. Opening one only moves its secret out of the address,
where history, logs and `Referer` would keep it, into a cookie.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from webapp.core.errors import FieldError
from webapp.core.logins import login_key
from webapp.core.mail import MINUTE
from webapp.flows.ask_reset import ask_reset
from webapp.flows.reset_password import LinkOver, is_link_token, owner_of_link, reset_password
from webapp.services import services
from webapp.web.forms import AskResetForm, NewPasswordForm
from webapp.web.limits import count, limited
from webapp.web.marks import public
from webapp.web.own_cookies import OwnCookie
from webapp.web.requests import client

blueprint = Blueprint("reset", __name__)
links = Blueprint("reset_link", __name__, url_prefix="/reset")

COOKIE = OwnCookie("reset", 30 * MINUTE)


@blueprint.get("/reset")
@public
def show() -> Response:
    """`GET /reset`: asks whose password is forgotten."""
    return _ask_page(AskResetForm(), 200)


@blueprint.post("/reset")
@public
@limited("reset_sender")
def ask() -> Response:
    """`POST /reset`: the same answer for a known and an unknown user."""
    form = AskResetForm()
    typed = form.login.data or ""
    if not typed.strip():
        form.show([FieldError("login", "missing")])
        return _ask_page(form, 422)
    called = login_key(typed)
    count("reset", typed if called is None else called[0])
    ask_reset(typed, now=services().clock())
    return make_response(redirect(url_for("reset.show", notice="sent"), 303))


@links.get("/open")
@public
def open_link() -> Response:
    """`GET /reset/open?token=…`: keeps the link's secret in a cookie and leads to the form. Uses nothing up."""
    token = request.args.get("token", "")
    answer = make_response(redirect(url_for("reset_link.choose"), 303))
    if is_link_token(token):
        COOKIE.write(answer, token)
    else:
        COOKIE.forget(answer)
    return answer


@links.get("/new")
@public
def choose() -> Response:
    """`GET /reset/new`: the form for the new password, with the user name that it is for."""
    try:
        person = owner_of_link(_token(), now=services().clock())
    except LinkOver:
        return _over()
    return _choose_page(NewPasswordForm(), person.username, 200)


@links.post("/new")
@public
@limited("reset_new")
def save() -> Response:
    """`POST /reset/new`: uses the link up. Nobody is logged in by it."""
    form = NewPasswordForm()
    now = services().clock()
    try:
        person = owner_of_link(_token(), now=now)
        if form.username.data != person.username:
            # Another link was opened since, perhaps by another site, so its secret is in the cookie, not this page's.
            return _choose_page(NewPasswordForm(formdata=None), person.username, 422)
        reset_password(_token(), form.new_password.data or "", client=client(), now=now)
    except LinkOver:
        return _over()
    except FieldError as problem:
        form.show([problem])
        return _choose_page(form, person.username, 422)
    answer = make_response(redirect(url_for("accounts.log_in", notice="reset"), 303))
    COOKIE.forget(answer)
    return answer


def _ask_page(form: AskResetForm, status: int) -> Response:
    return make_response(render_template("reset.html", form=form, sent=request.args.get("notice") == "sent"), status)


def _choose_page(form: NewPasswordForm, username: str, status: int) -> Response:
    return make_response(render_template("reset_new.html", form=form, username=username), status)


def _over() -> Response:
    answer = make_response(render_template("reset_over.html"), 422)
    COOKIE.forget(answer)
    return answer


def _token() -> str:
    token = COOKIE.read()
    return token if is_link_token(token) else ""
