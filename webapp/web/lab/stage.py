"""The stage: requests to this very application from inside its own process, with an extra session's cookies.

In-process, because a server of one worker that asks itself over the network waits for ever. Each request runs in a
thread and a context of its own, so that it meets every hook exactly as one from outside does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from threading import Event, Thread
from typing import Any, NamedTuple

from flask import request
from werkzeug.test import Client as WsgiClient

from webapp.core.freshness import BY_PASSWORD
from webapp.core.lifetimes import REDELIVERY_BURST, SKEW
from webapp.core.session import SessionRow
from webapp.core.tokens import Tokens
from webapp.flows import lab_stage
from webapp.flows.client import Client
from webapp.flows.judge import judge
from webapp.flows.refresh import Issued
from webapp.flows.step_up import Asked, Proved, pass_step_up
from webapp.services import services, this_application
from webapp.store import thread_connection
from webapp.web.cookies import ACCESS_COOKIE, REFRESH_COOKIE, wire_names
from webapp.web.lab.witness import STAGE_PATH, WITNESS, Answer, Jar, Witness

PATIENCE = 12.0
"""Seconds an act waits for its requests."""


class Stage:
    """One extra session and its browser. Use as a context manager; the session is gone afterwards."""

    def __init__(self, tokens: Tokens, person: SessionRow, client: Client, now: int) -> None:
        self.tokens, self.now = tokens, now
        self._client, self._person = client, person
        self._application = this_application()
        self._base_url = request.url_root
        self._wire = dict(zip(wire_names(services().settings), (ACCESS_COOKIE, REFRESH_COOKIE), strict=True))
        self.jar: dict[str, str] = {}

    def __enter__(self) -> Stage:
        self.sid = lab_stage.open_extra(self.tokens, self._person, self._client, self.now).sid
        self.jar = {ACCESS_COOKIE: self.mint_access(), REFRESH_COOKIE: self.tokens.mint_refresh(self.row)}
        return self

    def __exit__(self, *_: object) -> None:
        lab_stage.close_extra(self.sid, self._client, self.now)

    @property
    def row(self) -> SessionRow:
        return lab_stage.look(self.sid)

    def rewrite(self, **values: Any) -> None:
        """Give the session's row another past."""
        lab_stage.rewrite(self.sid, **values)

    def mint_access(self, *, expired: bool = False) -> str:
        """An access token of the row's generation; an expired one has ended at this very moment."""
        row = self.row
        # Not older than the row's refresh token, or it would belong to an abandoned one.
        now, until = (self.now - 2, self.now) if expired else (max(self.now, row.refresh_issued_at), None)
        return self.tokens.mint_access(row, gen=row.refresh_generation, now=now, auth_time=row.created_at, until=until)

    def let_access_expire(self) -> None:
        self.jar[ACCESS_COOKIE] = self.mint_access(expired=True)

    def let_grace_pass(self) -> None:
        """Move the confirmation of the current generation beyond the grace."""
        self.rewrite(refresh_confirmed_at=self.now - self.tokens.lifetimes.grace - SKEW - 1)

    def let_freshness_pass(self, ttl: int) -> None:
        """Move the login so far back that it no longer counts as a proof, and hold an access token that says so."""
        long_ago = self.now - ttl - 1
        self.rewrite(created_at=long_ago, auth_time=long_ago)
        self.jar[ACCESS_COOKIE] = self.mint_access()

    def prove(self) -> Issued:
        """What a right password does on the step-up's page. The stage knows nobody's, so the proof is taken as
        given."""
        judgement = judge(self.tokens, self.jar.get(ACCESS_COOKIE), self.jar.get(REFRESH_COOKIE), "web", self.now)
        asked = Asked(self.tokens, judgement, self.now, self.now, self._client)
        issued = pass_step_up(asked, Proved(BY_PASSWORD, self.row.credential_epoch))
        self.jar |= {
            name: text
            for name, text in ((ACCESS_COOKIE, issued.access), (REFRESH_COOKIE, issued.refresh))
            if text is not None
        }
        return issued

    def let_burst_pass(self) -> None:
        """Move the making of the current refresh token beyond the burst."""
        self.rewrite(refresh_issued_at=self.now - REDELIVERY_BURST - 1)

    def send(self, *, jar: Jar | None = None, keep: bool = True, **request_: Any) -> Answer:
        """Send one request and, unless its answer is to be lost, keep the cookies it sets."""
        (answer,) = self.together([self.prepare(jar=jar, **request_)])
        if keep:
            self.keep(answer)
        return answer

    def keep(self, answer: Answer) -> None:
        """Do with the answer's cookies what a browser does."""
        for name, text in answer.cookies.items():
            if text:
                self.jar[name] = text
            else:
                self.jar.pop(name, None)

    def together(self, calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """Run calls at the same time, each in its own thread; their answers in the same order."""
        runs = [Running(call) for call in calls]
        return [run.answer() for run in runs]

    def hold_in_view(self) -> Held:
        """Send a request that is judged and let in, and then stays in its view."""
        entered, go_on = Event(), Event()

        def wait() -> None:
            entered.set()
            go_on.wait(PATIENCE)

        running = Running(self.prepare(in_view=wait))
        entered.wait(PATIENCE)
        return Held(running, go_on)

    def prepare(
        self,
        *,
        jar: Jar | None = None,
        method: str = "GET",
        path: str = STAGE_PATH,
        in_view: Callable[[], object] = lambda: None,
        form: Jar | None = None,
        wants_form: bool = False,
    ) -> Callable[[], Answer]:
        """A request that is sent when it is called. `in_view` runs inside the stage's view and can make it slow."""
        witness = Witness((self._person.sid, self._person.user_id), in_view, wants_form)
        cookies = dict(self.jar if jar is None else jar)
        header = "; ".join(f"{wire}={cookies[name]}" for wire, name in self._wire.items() if name in cookies)
        fields = dict(form or {})
        if "cookie" in fields:
            header += f"; {fields.pop('cookie')}"

        def call() -> Answer:
            response = WsgiClient(self._application.wsgi_app, use_cookies=False).open(
                path,
                method=method,
                base_url=self._base_url,
                data=fields or None,
                headers={"Cookie": header, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"},
                environ_overrides={
                    WITNESS: witness,
                    "REMOTE_ADDR": self._client.ip_address,
                    "HTTP_USER_AGENT": lab_stage.USER_AGENT,
                },
            )
            set_: dict[str, str] = {}
            other: dict[str, str] = {}
            for line in response.headers.getlist("Set-Cookie"):
                name, _, value = line.partition(";")[0].partition("=")
                if name in self._wire:
                    set_[self._wire[name]] = value
                elif name.startswith(self._application.config["SESSION_COOKIE_NAME"]):
                    other["cookie"] = f"{name}={value}"
            if wants_form and response.status_code == 200:
                other["csrf_token"] = response.get_data(as_text=True)
            return Answer(response.status_code, response.headers.get("Location", ""), witness, set_, other)

        return call


class Running:
    """A request under way in its own thread, with an empty context, so nothing of the outer request leaks in."""

    def __init__(self, call: Callable[[], Answer]) -> None:
        self._answer: Answer | None = None
        self._error: BaseException | None = None
        self._thread = Thread(target=Context().run, args=(self._run, call), daemon=True)
        self._thread.start()

    def _run(self, call: Callable[[], Answer]) -> None:
        try:
            self._answer = call()
        except BaseException as error:  # noqa: BLE001 - raised again by `answer`
            self._error = error
        finally:
            thread_connection.close()

    def answer(self) -> Answer:
        """Wait for the answer. Raises what the request raised, or TimeoutError."""
        self._thread.join(PATIENCE)
        if self._error is not None:
            raise self._error
        if self._answer is None:
            raise TimeoutError("a request of the stage did not come back")
        return self._answer


class Held(NamedTuple):
    """A request that is in its view until it is let go."""

    running: Running
    go_on: Event

    def let_go(self) -> Answer:
        """Let the view end, and wait for the answer. Raises like `Running.answer`."""
        self.go_on.set()
        return self.running.answer()
