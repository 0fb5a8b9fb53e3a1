"""The lesson: open to strangers, with the visitor's own claims, never a real token, and nothing that is not so."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from flask import Flask

from tests.support.browser import Browser, case_of, cookies_set
from tests.support.clock import SetClock
from webapp.core.base64url import decode_base64url, encode_base64url
from webapp.core.decision import PAGES, SERVED, Outcome, TokenState
from webapp.core.jws import signature_is_right
from webapp.web.inspector.examples import DEMO_SECRET
from webapp.web.learn import quiz


def tokens(page: str) -> list[str]:
    """The tokens shown on a page, in their order."""
    boxes = re.findall(r'<p class="token.*?</p>', page, re.DOTALL)
    return [re.sub(r"<[^>]+>|\s", "", box) for box in boxes]


def claims(token: str) -> dict[str, object]:
    found = json.loads(decode_base64url(token.split(".")[1]))
    assert isinstance(found, dict)
    return found


def notice(page: str) -> str:
    """Kind of the notice in step 3."""
    step = page[page.index('id="step-3"') : page.index('id="step-4"')]
    found = re.search(r"notice notice-(\w+)", step)
    assert found
    return found[1]


def test_a_stranger_reads_the_example_of_the_seed(visitor: Browser) -> None:
    """It is open to strangers, with the example's claims and the way to tokens of their own."""
    answer = visitor.get("/learn")
    assert answer.status_code == 200
    assert claims(tokens(answer.text)[0])["sub"] == "user_12345"
    assert 'href="/signup"' in answer.text
    assert all(name.startswith("tokenroom_form_") for name in cookies_set(answer))


def test_the_examples_are_ones_own_claims_and_no_part_of_a_real_token(visitor: Browser) -> None:
    """Name and address are the visitor's; neither cookie, nor any of its three parts, is in the page."""
    name = visitor.sign_up()
    page = visitor.get("/learn").text
    assert f"Name of {name}" in page
    assert claims(tokens(page)[0])["email"] == f"{name}@example.com"
    for text in (visitor.access, visitor.refresh):
        assert text
        _header, payload, signature = text.split(".")
        assert payload not in page
        assert signature not in page
    shown = tokens(page)[0]
    assert shown.split(".")[0] != visitor.access.split(".")[0] if visitor.access else False
    assert signature_is_right(shown, DEMO_SECRET.encode(), "HS256")


def test_the_shown_token_opens_no_door(visitor: Browser) -> None:
    """The example with the reader's own claims, set as the cookie or sent as Bearer, is refused."""
    visitor.sign_up()
    shown = tokens(visitor.get("/learn").text)[0]
    assert visitor.get("/api/v1/me", headers={"Authorization": f"Bearer {shown}"}).status_code == 401
    visitor.access, visitor.refresh = shown, None
    assert visitor.get("/account").status_code == 303


@pytest.mark.parametrize("change", ["role", "year", "none"])
def test_a_changed_token_is_refused_and_the_claims_stay(visitor: Browser, change: str) -> None:
    """Each of the three changes makes the signature wrong; the claims of step 4 are still the real ones."""
    visitor.sign_up()
    page = visitor.get(f"/learn?change={change}").text
    real, changed = tokens(page)
    assert notice(page) == "bad"
    assert real != changed
    assert claims(real)["role"] == "user"
    assert not signature_is_right(changed, DEMO_SECRET.encode(), "HS256")


@pytest.mark.parametrize("change", ["", "nothing", "Role", "none%00"])
def test_any_other_change_is_none(visitor: Browser, change: str) -> None:
    """An unknown change leaves both tokens alike."""
    page = visitor.get(f"/learn?change={change}").text
    assert notice(page) == "ok"
    assert tokens(page)[0] == tokens(page)[1]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "x" * 10_000, "\x00", "%ED%A0%80", "안녕", "{'a': 1}"])
def test_a_text_of_ones_own_is_escaped_and_cut(visitor: Browser, text: str) -> None:
    """Typed text comes back escaped, at most 120 characters of it, and encoded as it is shown."""
    answer = visitor.get("/learn", params={"text": text})
    assert answer.status_code == 200
    field = re.search(r'id="text" name="text" value="([^"]*)"', answer.text)
    assert field
    shown = unescape(field[1])
    assert len(shown) <= 120
    assert "<script>alert" not in answer.text
    assert f'<code class="wrap-code">{encode_base64url(shown.encode())}</code>' in answer.text


def test_the_lesson_is_an_ordinary_request(visitor: Browser, clock: SetClock) -> None:
    """With an expired access token it is case 2. The page says so, and two cookies come with it."""
    visitor.sign_up()
    clock.advance(700)
    answer = visitor.get("/learn")
    assert case_of(answer).startswith("case 2")
    assert "The request that brought you this page was case 2." in unescape(answer.text)
    assert {"access_token", "refresh_token"} <= cookies_set(answer).keys()
    assert "was case 4." in visitor.get("/learn").text


@pytest.mark.parametrize(
    "settings",
    [
        {
            "WEBAPP_ACCESS_TOKEN_TTL": "900",
            "WEBAPP_REFRESH_TOKEN_TTL": str(7 * 86400),
            "WEBAPP_SESSION_TTL": str(20 * 86400),
            "WEBAPP_ACCESS_ALGORITHM": "ES256",
        }
    ],
)
def test_the_figures_are_those_of_the_settings(visitor: Browser) -> None:
    """Lifetimes and algorithm are the running ones, not those of the book."""
    page = visitor.get("/learn").text
    assert "(15 minutes)" in page
    assert "(7 days)" in page
    assert "20 days" in page
    figure = page[page.index('<figure class="figure') : page.index("</figure>")]
    assert "7 days later" in figure
    assert "09:20" not in figure  # its ticks are right for ten minutes only
    lit = re.search(r'<tr aria-current="true"><th scope="row">(\w+)', page)
    assert lit
    assert lit[1] == "ES256"


@pytest.mark.parametrize("settings", [{"WEBAPP_LAB": "off"}])
def test_without_a_lab_no_link_leads_there(visitor: Browser) -> None:
    """Every step still stands on its own."""
    visitor.sign_up()
    page = visitor.get("/learn").text
    assert 'href="/lab' not in page
    assert len(re.findall(r'<h2 id="step-\d+"', page)) == 10


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Case 1: what becomes of the form you were sending?", "It is kept. The login page carries it along"),
        (
            "Case 3: where does it come from",
            "the access token is valid and was issued before the refresh token expired",
        ),
        ("Where each of them is kept", "only its ID (jti), in the session row; its text nowhere"),
        ("What is jti for?", "never used twice"),
        ("Why there are two tokens", "A stolen access token works for anyone until it expires"),
        ("What a correct signature proves", "The holder of the key wrote exactly this text"),
        ("What it does not prove", "A copied token has the same signature"),
        ("Where to keep them", "it can read web storage, but not an HttpOnly cookie"),
        ("Is it sent automatically? (CSRF)", "every form has a token, and other sites are refused"),
        ("Which algorithm, and when?", "the private key signs, the public key verifies"),
        ("What a logout cannot do", "Another service that only checks the signature does not see the row"),
        ("What nobody can see", "A copied token looks exactly like yours"),
    ],
)
def test_what_a_student_asks_is_answered(visitor: Browser, question: str, answer: str) -> None:
    """Each question on the life of two tokens has its heading, and its answer in the same step."""
    steps = unescape(visitor.get("/learn").text).split('<section class="card"')[1:]
    assert len(steps) == 10
    assert any(question in step and answer in step for step in steps)


def test_every_step_is_offered_first(visitor: Browser) -> None:
    """Strangers find the lesson in the header, the logged-in first in the menu."""
    assert re.search(r'<a class="btn[^"]*" href="/learn">', visitor.get("/").text)
    visitor.sign_up()
    navigation = visitor.get("/account").text.partition('class="masthead-nav"')[2]
    assert re.findall(r'href="([^"]+)"', navigation)[0] == "/learn"


# -- the quiz ----------------------------------------------------------------------------------------------------------


def test_the_quiz_asks_ten_different_cells_of_the_matrix_and_the_four_cases() -> None:
    """Each draw is ten cells of the very table, the four cases among them, and the same each time."""
    for draw in range(1, 40):
        cells = quiz.situations(draw)
        assert cells == quiz.situations(draw)
        assert len(set(cells)) == 10
        assert all(column in PAGES[access] for access, column in cells)
        assert len({quiz.case_number(access, column) for access, column in cells} - {None}) == 4
    assert len({tuple(quiz.situations(draw)) for draw in range(1, 40)}) > 30


def test_there_is_a_reason_for_every_cell_of_the_matrix() -> None:
    """A new column or outcome in the core needs its words here."""
    for access, row in PAGES.items():
        for column, outcome in row.items():
            assert str(quiz.reason_of(access, column))
            served = quiz.answer_of(outcome) in ("stay", "both", "access", "refresh")
            assert served == (outcome in SERVED), (access, column)


def test_only_reuse_ends_a_session() -> None:
    """The quiz says "the session ends" of exactly the cells in which the matrix says so."""
    ends = {outcome for outcome in Outcome if quiz.answer_of(outcome) == "end"}
    assert len(ends) == 1
    assert ends == {row_outcome for row in PAGES.values() for c, row_outcome in row.items() if c.value == "reused"}


def answers(draw: int, choose: str = "") -> dict[str, str]:
    """A field for each question: the right answer, or `choose`."""
    return {
        f"q{n}": choose or quiz.answer_of(PAGES[access][column])
        for n, (access, column) in enumerate(quiz.situations(draw), start=1)
    }


def test_right_answers_are_right_and_each_has_its_reason(visitor: Browser) -> None:
    """Ten right answers score ten, and each shows its reason."""
    page = visitor.get("/learn/quiz", params={"draw": "7"} | answers(7)).text
    assert "10 of 10 right." in page
    assert page.count("Right.") == 10
    for access, column in quiz.situations(7):
        assert str(quiz.reason_of(access, column)) in unescape(page)


def test_a_wrong_answer_is_told_the_right_one(visitor: Browser) -> None:
    """Only what was answered gets its reason."""
    draw = 3
    right = answers(draw)["q1"]
    wrong = "end" if right != "end" else "stay"
    page = visitor.get("/learn/quiz", params={"draw": str(draw), "q1": wrong}).text
    assert "0 of 10 right." in page
    assert f"No. {quiz.ANSWERS[right]}" in unescape(page)
    assert page.count('class="quiz-reason"') == 1


@pytest.mark.parametrize("draw", ["0", "-1", "1001", "9" * 5000, "x", "1.5", "٣"])
def test_a_draw_that_is_none_is_the_first(visitor: Browser, draw: str) -> None:
    """An odd draw or answer shows a quiz that is not yet answered."""
    answer = visitor.get("/learn/quiz", params={"draw": draw, "q1": "<script>", "q99": "stay"})
    assert answer.status_code == 200
    assert 'name="draw" value="' in answer.text
    assert "<script>" not in answer.text
    assert 'class="quiz-reason"' not in answer.text


def test_the_state_alone_makes_the_case() -> None:
    """An invalid access token counts as expired, so with a current refresh token it is case 2."""
    current = next(column for column in PAGES[TokenState.VALID] if column.value == "current")
    assert quiz.case_number(TokenState.INVALID, current) == 2


# -- the glossary ------------------------------------------------------------------------------------------------------


def test_every_link_to_a_term_finds_it(app: Flask, visitor: Browser) -> None:
    """No page links to a term that the glossary does not have."""
    anchors = re.findall(r'<div id="([\w-]+)"><dt>', visitor.get("/learn/words").text)
    assert len(anchors) == len(set(anchors)) > 25
    loader = app.jinja_env.loader
    assert loader
    linked = set()
    for name in loader.list_templates():
        linked |= set(re.findall(r"\bterm\(\"([\w-]+)\"", loader.get_source(app.jinja_env, name)[0]))
    assert linked <= set(anchors)


def test_the_glossary_is_korean_too(visitor: Browser) -> None:
    """The glossary is in Korean for a Korean reader."""
    page = visitor.get("/learn/words", headers={"Accept-Language": "ko"}).text
    assert "유예 시간" in page
    assert "Grace period" not in page
