"""Templates: texts put in when they are compiled, names worked out when they are said."""

from __future__ import annotations

import pytest
from babel.support import NullTranslations
from flask import Flask, render_template
from flask_babel import force_locale, gettext
from jinja2 import DictLoader, TemplateNotFound, Undefined
from jinja2.bccache import Bucket, BytecodeCache
from markupsafe import Markup, escape

from webapp.core.decision import TokenState
from webapp.web.compiled import LONGEST_KEPT, Kept, shown
from webapp.web.templates import OVERLAYS, Templates, offer
from webapp.web.texts import MOST, Texts, lazy_gettext


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
        ('{{ _("Hello, %(name)s", name=name) | upper }}', "HELLO, &LT;B&GT;", "안녕하세요, &LT;B&GT; 님"),
        ('{% set x = "Hello, %(name)s" %}{{ _(x, name=name) }}', "Hello, &lt;b&gt;", "안녕하세요, &lt;b&gt; 님"),
        ('{{ _("%(a)s%(b)s%%", a=name, b=2) }}', "&lt;b&gt;2%", "&lt;b&gt;2%"),
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
    """Constant or not, with values or without. The text may hold markup, the filled-in values may not."""
    assert fill(app, "en", source) == english
    assert fill(app, "ko", source) == korean
    assert fill(app, "en", source) == english


def test_a_template_for_plain_text_escapes_nothing(app: Flask) -> None:
    """As without us, a text of a `.txt` template is no markup."""
    assert fill(app, "ko", '{{ _("Hello, %(name)s", name=name) }}', template="mail.txt") == "안녕하세요, <b> 님"


def test_constant_texts_are_in_the_compiled_template(app: Flask) -> None:
    """That is where the time is saved, because the text is a part of the template, beside what stands around it."""
    with app.test_request_context(), force_locale("ko"):
        app.jinja_env.loader = DictLoader({"page.html": '<p>{{ _("Log out") }}</p>'})
        chosen = app.jinja_env.get_template("page.html").environment
        assert isinstance(chosen, Templates)
        assert chosen.language == "ko"
        code = chosen.compile('<p>{{ _("Log out") }}</p>', "page.html", raw=True)
    assert "<p>로그아웃</p>" in code


class InDict(BytecodeCache):
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
    app.jinja_env.bytecode_cache = kept = InDict()
    assert fill(app, "en", '{{ _("Log out") }}') == "Log out"
    assert fill(app, "ko", '{{ _("Log out") }}') == "로그아웃"
    assert len(kept.kept) == 2


@pytest.mark.parametrize(
    ("source", "is_constant"),
    [
        ('{{ url_for("accounts.log_in", next="<x>") }}', True),
        ('{{ url_for("static", filename="css/tokenroom.css") }}', True),
        ('{{ url_for("accounts.log_in", next=name) }}', False),
        ('{{ url_for(".index") }}', False),
        ('{{ url_for("home.index", _external=true) }}', False),
        ('{% if false %}{{ url_for("not.here") }}{% endif %}', False),
    ],
)
def test_constant_addresses_are_in_the_compiled_template(app: Flask, source: str, is_constant: bool) -> None:
    """Also there escaped. An address is asked for, as ever, where it depends on the request, or is nobody's."""
    with app.test_request_context(), force_locale("ko"):
        app.jinja_env.loader = DictLoader({"page.html": source})
        template = app.jinja_env.get_template("page.html")
        code = template.environment.compile(source, "page.html", raw=True)
        expected = app.jinja_env.from_string(source).render(name="<b>")
        assert template.render(name="<b>") == expected
    assert ("url_for" not in code) == is_constant


def test_addresses_of_two_mounts_are_kept_apart(app: Flask) -> None:
    """The same application below two paths names the pages below each; compiled templates may be shared."""
    app.jinja_env.bytecode_cache = InDict()
    app.jinja_env.loader = DictLoader({"page.html": '{{ url_for("home.index") }}'})
    for mount in ("/one", "/two", "/one"):
        with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": mount}):
            assert render_template("page.html") == f"{mount}/"


def test_strangers_cannot_have_templates_compiled_for_ever_more_mounts(app: Flask) -> None:
    """Some servers take the mount from a header of the request. Beyond the first few a page says the same, later."""
    app.jinja_env.loader = DictLoader({"page.html": '{{ _("Log out") }} {{ url_for("home.index") }}'})
    for number in range(OVERLAYS + 5):
        with app.test_request_context("/", environ_overrides={"SCRIPT_NAME": f"/{number}"}), force_locale("ko"):
            assert render_template("page.html") == f"로그아웃 /{number}/"
    assert len(app.jinja_env._overlays) == OVERLAYS  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "source", ['{{ url_for("static", filename="css/tokenroom.css") }}', '{% include "part.html" %}']
)
def test_files_that_are_being_edited_are_asked_anew(app: Flask, source: str) -> None:
    """With `flask run --debug` no address and no part is put in, because the next request may find another."""
    with app.test_request_context(), force_locale("en"):
        app.jinja_env.loader = DictLoader({"page.html": "", "part.html": "part"})
        chosen = app.jinja_env.get_template("page.html").environment
        asked = "url_for" if "url_for" in source else "get_template"
        assert asked not in chosen.compile(source, raw=True)
        app.config["DEBUG"] = True
        assert asked in chosen.compile(source, raw=True)


PARTS = {
    "sees.html": "{{ name }}{{ inner }}{% for n in [1, 2] %}{{ loop.index }}{% endfor %}",
    "sets.html": '{% set inner = "changed" %}{{ inner }}',
    "imports.html": '{% from "words.html" import hello as hi %}{{ hi() }}{{ hi() | upper }}',
    "another.html": '[{% include "sees.html" %}]',
    "block.html": "{% block main %}block{% endblock %}",
    "words.html": '{% macro hello() %}{{ _("Log out") }}{% endmacro %}',
}


@pytest.mark.parametrize(
    "source",
    [
        '{% include "sees.html" %}',
        '{% set inner = "mine" %}{% include "sets.html" %}{{ inner }}{% include "sees.html" %}',
        '{% for inner in "ab" %}{% include "sees.html" %}{% include "sets.html" %}{{ loop.index }}{% endfor %}',
        '{% include "imports.html" %}{{ hi }}',
        '{% from "words.html" import hello %}{% include "imports.html" %}{{ hello() }}',
        '{% include "another.html" %}',
        '{% with inner = 7 %}{% include "sees.html" %}{% endwith %}',
        '{% include "block.html" %}',
        '{% include "sees.html" without context %}',
        '{% include "not there.html" ignore missing %}',
        "{% include which %}",
    ],
)
def test_a_part_is_put_in_where_it_is_included(app: Flask, source: str) -> None:
    """It says what it says when it is included: it sees the names around it, and its own stay its own."""
    values = {"name": "<b>", "which": "sees.html"}
    with app.test_request_context(), force_locale("ko"):
        app.jinja_env.loader = DictLoader({"page.html": source, **PARTS})
        template = app.jinja_env.get_template("page.html")
        put_in = template.render(values)
        app.config["DEBUG"] = True
        template.environment.cache.clear()  # type: ignore[union-attr]
        assert put_in == app.jinja_env.get_template("page.html").render(values)


def test_a_template_that_includes_itself_is_included_as_ever(app: Flask) -> None:
    """A tree is drawn so; each branch includes the template, until there are no more."""
    tree = '{{ node.name }}{% for node in node.below %}({% include "tree.html" %}){% endfor %}'
    node = {"name": "a", "below": [{"name": "b", "below": []}, {"name": "c", "below": [{"name": "d", "below": []}]}]}
    with app.test_request_context():
        app.jinja_env.loader = DictLoader({"tree.html": tree, "page.html": '{% include "tree.html" %}'})
        for name in ("tree.html", "page.html"):
            assert render_template(name, node=node) == "a(b)(c(d))"


def test_a_part_that_is_not_there_is_an_error_when_it_is_included(app: Flask) -> None:
    """Not before: a page may have a part that a deployment leaves out."""
    with app.test_request_context():
        app.jinja_env.loader = DictLoader({"page.html": '{% if wanted %}{% include "not there.html" %}{% endif %}'})
        assert render_template("page.html") == ""
        with pytest.raises(TemplateNotFound, match="not there"):
            render_template("page.html", wanted=True)


def test_a_shared_cache_follows_the_parts_of_a_template(app: Flask) -> None:
    """A page whose part has changed is compiled anew, though its own text is the same."""
    app.jinja_env.bytecode_cache = InDict()
    for part in ("one", "two"):
        app.jinja_env._overlays.clear()  # type: ignore[attr-defined]
        app.jinja_env.loader = DictLoader({"page.html": '{% include "part.html" %}', "part.html": part})
        with app.test_request_context():
            assert render_template("page.html") == part


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


def test_a_catalogue_keeps_so_many_texts_and_no_more() -> None:
    """A product's template may translate a text that a stranger has typed."""
    texts = Texts(NullTranslations())
    for number in range(MOST + 10):
        assert texts[f"text {number}"] == f"text {number}"
    assert len(texts) == MOST


@pytest.mark.parametrize(
    "value",
    [
        "<a href=\"'&'\">",
        "",
        Markup("<b>"),
        0,
        1.5,
        None,
        True,
        TokenState.VALID,
        Undefined(name="missing"),
        lazy_gettext("Log out"),
        ["<"],
        {"<": Markup("<")},
    ],
)
def test_a_page_shows_a_value_as_markupsafe_escapes_it(app: Flask, value: object) -> None:
    """Texts, markup, numbers, lists, names that are missing: our shorter way writes the same."""
    with app.test_request_context():
        assert shown(value) == str(escape(value))


DRAWING = """
{% macro box(kind, more=none) %}<i class="{{ kind }}">{{ inner(kind) }}{{ more }}</i>{% endmacro %}
{% macro inner(kind) %}{{ _("Log out") }}{% for n in [1, 2] %}{{ loop.index }}{% endfor %}{% endmacro %}
{% macro home() %}{{ url_for("home.index") }}{% endmacro %}
{% macro where(page) %}{{ url_for(page) }}{% endmacro %}
{% macro through() %}{{ where("home.index") }}{% endmacro %}
{% macro around() %}{{ caller() }}{% endmacro %}
{% macro far() %}{% include "page.html" %}{% endmacro %}
{% macro old(seconds) %}{{ seconds | ago }}{% endmacro %}
"""


def test_a_macro_of_its_arguments_alone_is_known_as_one(app: Flask) -> None:
    """One that works out an address is not, nor one that asks for the time, another template or its caller."""
    fill(app, "en", DRAWING, template="drawing.html")
    with app.test_request_context(headers={"Accept-Language": "en"}):
        module = app.jinja_env.get_template("drawing.html").module
    kept = {name for name, macro in vars(module).items() if isinstance(macro, Kept)}
    assert kept == {"box", "inner", "home"}


def test_what_a_macro_keeps_is_told_apart_by_kind(app: Flask) -> None:
    """The same letters as text and as markup are two answers, and so are 1 and True; a long text is not kept."""
    fill(app, "en", DRAWING, template="drawing.html")
    with app.test_request_context(headers={"Accept-Language": "en"}):
        box = app.jinja_env.get_template("drawing.html").module.box  # type: ignore[attr-defined]
    assert box(Markup("<b>")) == '<i class="<b>">Log out12None</i>'
    assert box("<b>") == '<i class="&lt;b&gt;">Log out12None</i>'
    assert box("x", True) == '<i class="x">Log out12True</i>'
    assert box("x", more=1) == '<i class="x">Log out121</i>'
    kept = box.kept.cache_info().currsize
    assert kept == 4
    long, listed = "<" * (LONGEST_KEPT + 1), ["<"]
    assert escape(long) in box(long)
    assert "[&#39;&lt;&#39;]" in box("x", listed)
    assert box.kept.cache_info().currsize == kept


def test_a_constant_macro_is_in_the_compiled_template(app: Flask) -> None:
    """It costs a page nothing; with a value it is called as ever, and the value is escaped."""
    for environment in (app.jinja_env, *app.jinja_env._overlays.values()):  # type: ignore[attr-defined]
        environment.loader = DictLoader({"drawing.html": DRAWING})
    source = '{% from "drawing.html" import box as frame %}{{ frame("sun") }}{{ frame(name) }}'
    with app.test_request_context(), force_locale("ko"):
        chosen = app.jinja_env.get_template("drawing.html").environment
        code = chosen.compile(source, "page.html", raw=True)
        said = chosen.from_string(source).render(name="<b>")
    assert '<i class="sun">로그아웃12None</i>' in code
    assert said == '<i class="sun">로그아웃12None</i><i class="&lt;b&gt;">로그아웃12None</i>'
