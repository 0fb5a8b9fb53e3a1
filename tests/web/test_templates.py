"""Templates: texts put in when they are compiled, names worked out when they are said."""

from __future__ import annotations

import pytest
from flask import Flask, render_template
from flask_babel import force_locale, gettext
from jinja2 import DictLoader
from jinja2.bccache import Bucket, BytecodeCache

from webapp.web.templates import Templates, offer


def fill(app: Flask, language: str, source: str, template: str = "page.html", **values: object) -> str:
    """What `source` comes to in `language`, where `name` is `<b>`."""
    macro = '{% macro hello() %}{{ _("Log out") }}{% endmacro %}'
    for environment in (app.jinja_env, *app.jinja_env._overlays.values()):
        environment.loader = DictLoader({template: source, "words.html": macro})
    with app.test_request_context(), force_locale(language):
        return render_template(template, **{"name": "<b>", **values})


@pytest.mark.parametrize(
    ("source", "english", "korean"),
    [
        ('{{ _("Log out") }}', "Log out", "로그아웃"),
        ('{{ gettext("Log out") }}', "Log out", "로그아웃"),
        ("{% trans %}Log out{% endtrans %}", "Log out", "로그아웃"),
        ('{{ _("Hello, %(name)s", name=name) }}', "Hello, &lt;b&gt;", "안녕하세요, &lt;b&gt; 님"),
        ('{{ _("Hello, %(name)s", name=name | safe) }}', "Hello, <b>", "안녕하세요, <b> 님"),
        ('{{ _("Hello, %(name)s", name="<i>") }}', "Hello, &lt;i&gt;", "안녕하세요, &lt;i&gt; 님"),
        ('{{ _("A <b> & 100%%") }}', "A <b> & 100%", "A <b> & 100%"),
        ('{% set x = "Log out" %}{{ _(x) }}', "Log out", "로그아웃"),
        ('{{ ngettext("%(num)s session", "%(num)s sessions", 1) }}', "1 session", "세션 1개"),
        ('{{ ngettext("%(num)s session", "%(num)s sessions", 2) }}', "2 sessions", "세션 2개"),
        ('{% from "words.html" import hello %}{{ hello() }}', "Log out", "로그아웃"),
        ('{{ _("Hello, %(name)s", **{"name": name}) }}', "Hello, &lt;b&gt;", "안녕하세요, &lt;b&gt; 님"),
    ],
)
def test_a_text_is_in_the_readers_language_and_its_values_are_escaped(
    app: Flask, source: str, english: str, korean: str
) -> None:
    """Constant or not, with values or without: the text may hold markup, what is filled in may not."""
    assert fill(app, "en", source) == english
    assert fill(app, "ko", source) == korean
    assert fill(app, "en", source) == english


def test_a_template_for_plain_text_escapes_nothing(app: Flask) -> None:
    """As without us: a text of a `.txt` template is no markup."""
    assert fill(app, "ko", '{{ _("Hello, %(name)s", name=name) }}', template="mail.txt") == "안녕하세요, <b> 님"


def test_constant_texts_are_in_the_compiled_template(app: Flask) -> None:
    """That is where the time is saved: the text is a part of the template, beside what stands around it."""
    with app.test_request_context(), force_locale("ko"):
        app.jinja_env.loader = DictLoader({"page.html": '<p>{{ _("Log out") }}</p>'})
        chosen = app.jinja_env.get_template("page.html").environment
        assert isinstance(chosen, Templates)
        assert chosen.language == "ko"
        code = chosen.compile('<p>{{ _("Log out") }}</p>', "page.html", raw=True)
    assert "<p>로그아웃</p>" in code


class Kept(BytecodeCache):
    """Jinja's compiled templates, in a dict."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


def test_a_cache_of_compiled_templates_keeps_the_languages_apart(app: Flask) -> None:
    """Jinja names what it keeps after the template alone."""
    app.jinja_env.bytecode_cache = kept = Kept()
    assert fill(app, "en", '{{ _("Log out") }}') == "Log out"
    assert fill(app, "ko", '{{ _("Log out") }}') == "로그아웃"
    assert len(kept.kept) == 2


def test_a_name_is_worked_out_by_the_template_that_says_it(app: Flask) -> None:
    """And by no other; a value that the view gives wins."""
    asked: list[str] = []

    def weather() -> str:
        asked.append("weather")
        return "sunny"

    offer(app, weather=weather)
    assert fill(app, "en", "no word of it") == "no word of it"
    assert not asked
    assert fill(app, "en", "{{ weather }} {{ weather }}") == "sunny sunny"
    assert len(asked) == 1
    assert fill(app, "en", "{{ weather }}", weather="rain") == "rain"


def test_the_catalogue_follows_the_language_within_a_request(app: Flask) -> None:
    """It is asked for once, and again where a mail is written in another language."""
    with app.test_request_context(headers={"Accept-Language": "ko"}):
        assert gettext("Log out") == "로그아웃"
        with force_locale("en"):
            assert gettext("Log out") == "Log out"
        assert gettext("Log out") == "로그아웃"
    assert gettext("Log out") == "Log out"
