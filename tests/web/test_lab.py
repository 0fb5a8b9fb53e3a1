"""The lab: its forecasts come true, its levers move the reader's tokens only, its acts end as they say."""

from __future__ import annotations

import json
import random
import re
from html import unescape
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from tests.support.browser import Browser, case_of, cookies_set
from tests.support.clock import SetClock
from webapp.core.decision import PAGES, RefreshColumn, TokenState
from webapp.store import auth_sessions, session_list, thread_connection
from webapp.store.database import db, read
from webapp.store.models import LabRequest
from webapp.web.lab.cells import REACHABLE

LEVERS = ("expire/access", "expire/refresh", "expire/both", "clock/fast", "clock/normal")
ACTS = ("tabs", "lost", "thief", "first", "copy", "logout", "slow")


def pull(visitor: Browser, lever: str, token: str, **fields: str) -> Any:
    return visitor.post(f"/lab/{lever}", {"csrf_token": token} | fields)


def token_of(visitor: Browser) -> str:
    return visitor.read_form("/lab", "/lab/send").fields["csrf_token"]


def foretold(page: str) -> dict[str, Any]:
    found = re.search(r'data-state="([^"]*)"', page)
    assert found
    state: dict[str, Any] = json.loads(unescape(found[1]))
    return state


def lit_rows(page: str) -> list[int]:
    """Numbers of the rows of the four-case table that are lit; the square's lit field and its dot say the same."""
    rows = re.findall(r'<tr role="row" class="case-\d"( aria-current="true")?>\s*<th scope="row"', page)
    lit = [number for number, lit in enumerate(rows, start=1) if lit]
    assert [int(n) for n in re.findall(r'data-field="(\d)" aria-current="true"', page)] == lit
    assert re.findall(r'data-square data-case="(\d?)"', page) == ["".join(map(str, lit))]
    return lit


def kept(app: Flask, **where: Any) -> list[SimpleNamespace]:
    """What the lab remembers, oldest first: the record, and whose it is."""
    with app.app_context():
        rows = db.session.query(LabRequest).filter_by(**where).order_by(LabRequest.id)
        return [SimpleNamespace(**json.loads(row.told), sid=row.sid, user_id=row.user_id) for row in rows]


def row_of(app: Flask, visitor: Browser) -> auth_sessions.SessionRow:
    with app.app_context():
        row = auth_sessions.load(visitor.sid)
    assert row is not None
    return row


# -- the board ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_the_lit_row_is_the_case_the_next_request_takes(
    app: Flask, visitor: Browser, clock: SetClock, seed: int
) -> None:
    """Levers, waiting and requests in any order: each page's lit row is what the very next request turns out to be."""
    chance = random.Random(seed)
    visitor.sign_up()
    token = token_of(visitor)
    page = visitor.get("/lab")
    for _step in range(14):
        state = foretold(page.text)
        assert lit_rows(page.text) == ([state["case"]] if state["case"] else [])
        peeked = visitor.get("/lab/state").json()
        assert (peeked["case"], peeked["outcome"]) == (state["case"], state["outcome"])
        pulled = chance.choice([*LEVERS, None])
        page = visitor.get("/lab") if pulled is None else pull(visitor, pulled, token)
        if page.status_code == 303:
            assert state["case"] == 1
            assert page.headers["location"].startswith("/login")
            return
        last = kept(app)[-1]
        assert (last.outcome, case_of(page)[:6]) == (state["outcome"], f"case {state['case']}")
        if chance.random() < 0.4:
            clock.advance(chance.choice([1, 5, 14, 16, 44, 46, 599, 601]))
            page = visitor.get("/lab/state")
            page = _seen_anew(visitor)
            if page is None:
                return


def _seen_anew(visitor: Browser) -> Any:
    # Time has passed since the last page, so the present forecast counts.
    told = visitor.get("/lab/state").json()
    page = visitor.get("/lab")
    if told["case"] == 1 or told["outcome"] == "log in":
        assert page.status_code == 303
        return None
    assert case_of(page)[:6] == f"case {told['case']}" or told["case"] is None
    return page


def test_a_lever_shows_the_case_before_it_happens(visitor: Browser) -> None:
    """The answer to a lever lights the row; the request after it takes it; nothing is reissued in between."""
    visitor.sign_up()
    token = token_of(visitor)
    for lever, case, words in (
        ("expire/access", 2, "case 2: access reissued"),
        ("expire/refresh", 3, "case 3: refresh reissued"),
    ):
        assert lit_rows(pull(visitor, lever, token).text) == [case]
        assert case_of(pull(visitor, "send", token)) == words
        assert case_of(visitor.get("/lab")) == "case 4: both valid"
    assert lit_rows(pull(visitor, "expire/both", token).text) == [1]
    assert pull(visitor, "send", token).headers["location"] == "/login"


def test_expired_tokens_come_from_the_same_mint_and_row(app: Flask, visitor: Browser) -> None:
    """An aged refresh token is the row's own. Minted again from the row it is the same text."""
    visitor.sign_up()
    before = row_of(app, visitor)
    pull(visitor, "expire/refresh", token_of(visitor))
    after = row_of(app, visitor)
    assert (after.refresh_generation, after.refresh_jti) == (before.refresh_generation, before.refresh_jti)
    from webapp.services import services_of

    assert services_of(app).tokens.mint_refresh(after) == visitor.refresh


def test_a_second_tab_that_was_overtaken_changes_nothing(app: Flask, visitor: Browser) -> None:
    """A lever pulled with a superseded pair in grace hands out no refresh token."""
    visitor.sign_up()
    token = token_of(visitor)
    pull(visitor, "expire/access", token)
    tab = visitor.another_tab()
    visitor.get("/")
    visitor.get("/")
    before = row_of(app, visitor)
    answer = pull(tab, "expire/refresh", token)
    assert "Another tab got there first" in answer.text
    assert set(cookies_set(answer)) == {"access_token"}  # what the exit hook gives to any request in grace
    assert row_of(app, visitor) == before


# -- peeking -----------------------------------------------------------------------------------------------------------


def test_a_peek_changes_nothing(app: Flask, visitor: Browser) -> None:
    """No cookie, no confirmation, no rotation, no record: before and after, the row is the same."""
    visitor.sign_up()
    pull(visitor, "expire/access", token_of(visitor))
    visitor.get("/")  # rotates, so the new generation is not confirmed yet
    before, records = row_of(app, visitor), len(kept(app))
    assert before.refresh_confirmed_at is None
    for _ in range(3):
        answer = visitor.get("/lab/state")
        assert cookies_set(answer) == {}
        assert answer.json()["live"] is True
    assert (row_of(app, visitor), len(kept(app))) == (before, records)


def test_a_peek_of_a_stranger_says_nothing(visitor: Browser) -> None:
    """The state of a stranger has no case, no generation and no session."""
    state = visitor.get("/lab/state").json()
    assert (state["case"], state["generation"], state["live"]) == (None, None, False)


# -- the fast clock ----------------------------------------------------------------------------------------------------


def test_the_fast_clock_is_this_sessions_only(app: Flask, visitor: Browser, clock: SetClock) -> None:
    """15 and 45 seconds here, renewal window included; ten minutes for everybody else; and back."""
    name = visitor.sign_up()
    other = Browser.of_app(app)
    other.log_in(name)
    token = token_of(visitor)
    pull(visitor, "clock/fast", token)
    clock.advance(15)
    assert case_of(visitor.get("/")) == "case 2: access reissued"
    assert case_of(other.get("/")) == "case 4: both valid"
    clock.advance(46)
    assert visitor.get("/lab").status_code == 303
    visitor.log_in(name)
    token = token_of(visitor)
    pull(visitor, "clock/fast", token)
    pull(visitor, "clock/normal", token)
    clock.advance(50)
    assert case_of(visitor.get("/")) == "case 4: both valid"


# -- whose session -----------------------------------------------------------------------------------------------------


def test_another_users_session_id_in_a_form_changes_nothing(app: Flask, visitor: Browser) -> None:
    """Levers know the session from the cookies alone, whatever a form says."""
    victim = Browser.of_app(app)
    victim.sign_up()
    before = row_of(app, victim)
    visitor.sign_up()
    token = token_of(visitor)
    for lever in LEVERS:
        pull(visitor, lever, token, sid=before.sid, session=before.sid, id=before.sid)
    assert row_of(app, victim) == before


@pytest.mark.parametrize("path", ["send", *LEVERS, "cell", "reset"])
def test_levers_want_a_log_in_and_a_form_token(visitor: Browser, path: str) -> None:
    """Each lever refuses a stranger, and a user without the form's token."""
    assert visitor.post(f"/lab/{path}", {}).headers["location"] == "/login"
    visitor.sign_up()
    assert visitor.post(f"/lab/{path}", {}).status_code == 403


@pytest.mark.parametrize("path", ["expire/nothing", "clock/slow", "act/tabs", "expire/", "nowhere"])
def test_unknown_levers_are_404(visitor: Browser, path: str) -> None:
    """A lever that does not exist is a 404."""
    visitor.sign_up()
    assert pull(visitor, path, token_of(visitor)).status_code == 404


@pytest.mark.parametrize(
    "cell", ["", "valid", "valid/none", "x/y", "expired/expired, in the window", "valid/current/", "\udcff/\x00"]
)
def test_unknown_cells_are_400(visitor: Browser, cell: str) -> None:
    """A cell that does not exist is a 400."""
    visitor.sign_up()
    fields = {"cell": cell.encode("utf-8", "replace").decode()}
    assert pull(visitor, "cell", token_of(visitor), **fields).status_code == 400


def test_the_stage_is_not_there_from_outside(visitor: Browser) -> None:
    """The stage of the acts is a 404 for any request from outside."""
    visitor.sign_up()
    assert visitor.get("/lab/stage").status_code == 404
    assert visitor.get("/lab/stage", headers={"tokenroom.witness": "x", "Tokenroom-Witness": "x"}).status_code == 404


# -- what is said ------------------------------------------------------------------------------------------------------


def strip(page: Any) -> str:
    """The strip under the controls, as text."""
    inside = re.search(r'<div class="strip[^"]*" id="strip">(.*?)</ul>', page.text, re.DOTALL)
    assert inside
    return " ".join(re.sub(r"<[^>]+>", " ", inside.group(1)).split())


def test_one_sentence_says_what_just_happened(visitor: Browser) -> None:
    """The case, what became of both tokens, how many cookies; and that a control is a request of its own."""
    visitor.sign_up()
    token = token_of(visitor)
    assert "That was case 4. Both tokens were valid" in strip(visitor.get("/lab"))
    told = strip(pull(visitor, "expire/access", token))
    assert "Your click was itself a request: case 4. Then it let your access token expire." in told
    assert "2 Set-Cookie" in told
    told = strip(pull(visitor, "send", token))
    assert "That was case 2. Your access token had expired; you were served all the same" in told
    assert "a0 → a1" in told
    assert "r0 → r1" in told
    pull(visitor, "expire/refresh", token)
    told = strip(pull(visitor, "send", token))
    assert "That was case 3." in told
    assert "1 Set-Cookie" in told
    assert "no Set-Cookie" in strip(visitor.get("/lab"))


def test_each_request_is_told_truly(visitor: Browser) -> None:
    """One SELECT always; the first use of a new token is an UPDATE; a control's own work is told beside its request."""
    name = visitor.sign_up()
    token = token_of(visitor)
    first = visitor.get("/lab").text
    assert "One SELECT. The row is at generation 0." in first
    assert "None needed." in first
    assert "Then it let both tokens expire." in pull(visitor, "expire/both", token).text
    visitor.log_in(name)
    token = token_of(visitor)
    pull(visitor, "expire/access", token)
    pull(visitor, "send", token)
    assert "One UPDATE: this token was used for the first time." in visitor.get("/lab").text


def test_the_cells_of_the_whole_table_bear_the_four_numbers(visitor: Browser) -> None:
    """The square unfolded: each of the four cases stands in the table, with the mark that it has everywhere."""
    visitor.sign_up()
    page = visitor.get("/lab").text
    found = {
        cell: number for number, cell in re.findall(r'<td class="cell-\w+ case-(\d)[^>]*data-cell="([^"]+)"', page)
    }
    assert found["valid/current"] == "4"
    assert found["expired/current"] == found["expired/superseded"] == found["expired/in grace"] == "2"
    assert found["valid/expired, in the window"] == "3"
    assert found["expired/expired"] == "1"
    assert found["absent/current"] == "2", "an absent access token counts as expired"
    assert not any(cell.endswith(("/reused", "/absent")) for cell in found)


def test_reset_starts_anew(app: Flask, visitor: Browser) -> None:
    """Two valid tokens, normal lifetimes, no cell seen, no history but this request."""
    visitor.sign_up()
    token = token_of(visitor)
    pull(visitor, "clock/fast", token)
    pull(visitor, "cell", token, cell="expired/reused")
    page = pull(visitor, "reset", token)
    assert lit_rows(page.text) == [4]
    assert row_of(app, visitor).access_ttl is None
    assert [(r.path, r.lever) for r in kept(app)] == [("/lab/reset", "reset")]
    assert "1 of 33 cells seen" in page.text


@pytest.mark.parametrize("step", range(1, 7))
def test_a_step_of_the_tour_has_an_address(visitor: Browser, step: int) -> None:
    """Without scripts: each control of the page comes back to the same step."""
    visitor.sign_up()
    page = visitor.get(f"/lab?step={step}").text
    assert f"{step} of 6:" in page
    actions = re.findall(r'action="(/lab/[^"]+)"', page)
    assert actions
    assert all(f"step={step}" in action for action in actions)


@pytest.mark.parametrize("step", ["0", "7", "x", "1'", "%00", "١"])
def test_other_steps_are_no_tour(visitor: Browser, step: str) -> None:
    """A step outside 1 to 6 shows the lab without the tour."""
    visitor.sign_up()
    page = visitor.get(f"/lab?step={step}")
    assert page.status_code == 200
    assert " of 6:" not in page.text


# -- memory ------------------------------------------------------------------------------------------------------------


def test_nothing_is_kept_of_a_session_that_never_came_here(app: Flask, visitor: Browser) -> None:
    """Requests are recorded from the first visit to the lab on."""
    visitor.sign_up()
    for _ in range(3):
        visitor.get("/")
    assert kept(app) == []
    visitor.get("/lab")
    visitor.get("/")
    assert [r.path for r in kept(app)] == ["/lab", "/"]


def test_an_address_with_nul_is_kept_without(app: Flask, visitor: Browser) -> None:
    """PostgreSQL keeps no NUL; for each such address the log would get a traceback."""
    visitor.sign_up()
    visitor.get("/lab")
    assert visitor.get("/a%00b").status_code == 404
    with app.app_context():
        kept = db.session.query(LabRequest).order_by(LabRequest.id.desc()).first()
    assert kept.path == "/a\N{REPLACEMENT CHARACTER}b"


def test_no_token_text_on_the_page_or_in_the_memory(app: Flask, visitor: Browser) -> None:
    """Neither the lab's pages nor its records contain a part of a token."""
    visitor.sign_up()
    page = visitor.get("/lab/acts/tabs").text + visitor.get("/lab").text
    for text in (visitor.access, visitor.refresh):
        for part in (text or "none at all").split("."):
            assert part not in page
            assert all(part not in str(vars(record)) for record in kept(app))
    assert not re.search(r"eyJ[\w-]{8,}\.", page), "a signed token"


def test_the_memory_is_short_but_keeps_each_cell(app: Flask, visitor: Browser) -> None:
    """Sixty requests; beyond them only the newest of each cell, so that collected cells stay collected."""
    visitor.sign_up()
    token = token_of(visitor)
    pull(visitor, "expire/access", token)
    for _ in range(70):
        visitor.get("/")
    records = kept(app, sid=visitor.sid)
    visitor.get("/lab")
    assert len(records) == 61
    assert [r.outcome for r in records].count("rotate") == 1
    assert "2 of 33 cells seen" in visitor.get("/lab").text


def test_case_1_stands_in_the_history_after_the_next_login(app: Flask, visitor: Browser) -> None:
    """The request that ended at the login page is told of by the session that the same browser opens next."""
    name = visitor.sign_up()
    token = token_of(visitor)
    pull(visitor, "expire/both", token)
    assert visitor.get("/account").status_code == 303
    visitor.log_in(name)
    page = visitor.get("/lab").text
    assert [(r.path, r.outcome) for r in kept(app, sid=visitor.sid)].count(("/account", "log in")) == 1
    assert re.search(r"<b>Case 1</b>\s*<code>GET /account</code>", page)


def test_no_history_comes_from_a_session_that_goes_on(app: Flask, visitor: Browser) -> None:
    """Another browser of the same make, still logged in, keeps what is its own."""
    name = visitor.sign_up()
    pull(visitor, "expire/access", token_of(visitor))
    other = Browser.of_app(app)
    other.log_in(name)
    before = len(kept(app, sid=visitor.sid))
    other.get("/lab")
    assert len(kept(app, sid=visitor.sid)) == before


def test_a_record_of_a_newer_release_is_read(app: Flask, visitor: Browser) -> None:
    """Hosts are updated one after the other, so a field that this one does not know is passed over."""
    visitor.sign_up()
    visitor.get("/lab")
    with app.app_context():
        row = db.session.query(LabRequest).one()
        row.told = json.dumps(json.loads(row.told) | {"colour": "green"})
        db.session.commit()
    assert visitor.get("/lab").status_code == 200


def test_a_busy_database_spoils_no_page(app: Flask, visitor: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that cannot be written does not fail its page."""
    from webapp.flows import lab_record
    from webapp.store.database import DatabaseUnavailable

    visitor.sign_up()
    visitor.get("/lab")

    def busy(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("busy")

    monkeypatch.setattr(lab_record, "transact", busy)
    assert visitor.get("/").status_code == 200
    assert visitor.get("/lab").status_code == 200


# -- the theatre and the matrix ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ACTS)
def test_every_act_ends_as_it_says_and_leaves_the_visitor_alone(app: Flask, visitor: Browser, act: str) -> None:
    """A good end, the visitor's session as before, the extra session gone."""
    visitor.sign_up()
    visitor.get("/lab")
    before = row_of(app, visitor)
    page = visitor.get(f"/lab/acts/{act}")
    assert page.status_code == 200
    assert 'notice notice-ok"' in page.text
    assert page.text.count("notice-bad") == (1 if act in ("thief", "copy") else 0), (
        "the login page's notice is shown in the act"
    )
    assert row_of(app, visitor) == before
    with app.app_context():
        sids = read(lambda tx: session_list.live_sids(tx, before.user_id, before.created_at))
        everything = db.session.execute(db.text("select count(*) from auth_sessions")).scalar()
    assert (sids, everything) == ([before.sid], 1)


def test_an_act_has_an_address_for_those_who_are_logged_in(visitor: Browser) -> None:
    """It can be reloaded and shared; a visitor who is not logged in is asked to, and comes back."""
    assert visitor.get("/lab/acts/thief").headers["location"].startswith("/login?next=%2Flab%2Facts%2Fthief")
    visitor.sign_up()
    for _ in range(2):
        assert "The thief got nothing" in visitor.get("/lab/acts/thief").text
    assert visitor.get("/lab/acts/none").status_code == 404


def test_the_stage_leaves_no_connection_behind(visitor: Browser) -> None:
    """Each request of an act has a thread of its own; when it ends, so does the connection it read on."""
    visitor.sign_up()
    visitor.get("/lab")
    before = thread_connection.open_connections()
    visitor.get("/lab/acts/tabs")
    assert thread_connection.open_connections() == before


@pytest.mark.parametrize("access", list(TokenState))
def test_every_cell_does_what_the_table_says(app: Flask, visitor: Browser, access: TokenState) -> None:
    """Each of the 33 cells a request can be in, with real tokens against the real hooks."""
    visitor.sign_up()
    token = token_of(visitor)
    columns = [column for column in RefreshColumn if (access.value, column.value) in REACHABLE]
    for column in columns:
        page = pull(visitor, "cell", token, cell=f"{access}/{column}")
        assert "notice notice-ok" in page.text, (access, column)
    seen = {(r.access, r.cell): r.outcome for r in kept(app, path="/lab/stage")}
    for column in columns:
        assert seen[access.value, column.value] == PAGES[access][column].value


def test_a_whole_collection(app: Flask, visitor: Browser) -> None:
    """All reachable cells can be seen, one after the other, and are counted."""
    visitor.sign_up()
    token = token_of(visitor)
    for access, column in sorted(REACHABLE):
        pull(visitor, "cell", token, cell=f"{access}/{column}")
    assert "33 of 33 cells seen" in visitor.get("/lab").text


# -- off ---------------------------------------------------------------------------------------------------------------


class TestOff:
    @pytest.fixture
    def settings(self) -> dict[str, str]:
        return {"WEBAPP_LAB": "off"}

    @pytest.mark.parametrize("path", ["", "/", "/state", "/stage", "/send", "/expire/access", "/acts/tabs"])
    def test_every_path_is_404(self, visitor: Browser, app: Flask, path: str) -> None:
        """For the signed-in and for strangers, by GET and POST; no endpoint of the lab exists at all."""
        assert visitor.get(f"/lab{path}").status_code == 404
        visitor.sign_up()
        assert visitor.get(f"/lab{path}").status_code == 404
        assert visitor.post(f"/lab{path}", {"csrf_token": "x"}).status_code == 404
        assert not [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("lab")]

    def test_nothing_is_recorded_and_nothing_links_there(self, visitor: Browser, app: Flask) -> None:
        """Without the lab no page links to it and no request is recorded."""
        visitor.sign_up()
        assert "/lab" not in visitor.get("/").text
        assert kept(app) == []


def test_another_theme_uses_up_nothing(person: Browser, clock: SetClock) -> None:
    """The form in the header leaves the tokens alone, so the case that a control has prepared is still to come."""
    token = token_of(person)
    pull(person, "expire/access", token)
    answer = person.post("/preferences", {"csrf_token": token, "theme": "dark", "next": "/lab"})
    assert answer.status_code == 303
    assert not {"access_token", "refresh_token"} & set(cookies_set(answer))
    assert json.loads(person.get("/lab/state").text)["case"] == 2
    assert 'data-theme="dark"' in person.get("/account").text
