"""A product's own templates: what is put in and kept when they are compiled leaves them as they were written."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest
from flask import Flask, render_template
from flask_babel import force_locale
from jinja2 import DictLoader, Environment, TemplateAssertionError
from jinja2.compiler import CodeGenerator

from webapp.web.templates import Templates, know, offer

READERS = ("alice", "bob")
GIVEN = {"value": "<b>", "of_view": "of the view: {}".format, "false": False}


class AsJinja(Templates):
    """Compiles templates as Jinja does."""

    code_generator_class = CodeGenerator
    _generate = Environment._generate


@pytest.fixture
def readers(app: Flask) -> Iterator[str]:
    """Who reads, one after the other; templates call them `who`."""
    app.jinja_env.bytecode_cache = None
    now: list[str] = []
    offer(app, who=lambda: now[-1])

    def each() -> Iterator[str]:
        for name in READERS:
            now.append(name)
            yield name

    return each()


def read(app: Flask, readers: Iterator[str], files: dict[str, str], page: str = "page.html") -> list[str]:
    """What each reader reads."""
    app.jinja_env.loader = DictLoader(files)
    said = []
    for _name in readers:
        with app.test_request_context(), force_locale("en"):
            said.append(render_template(page, **GIVEN))
    return said


CALLS = '{% from "words.html" import say %}{{ say() }}'


@pytest.mark.parametrize(
    "macro",
    [
        "{% macro say() %}{{ who }}{% endmacro %}",
        "{% macro say() %}{% set who = who %}{{ who }}{% endmacro %}",
        "{% macro say() %}{% if false %}{% set who = 1 %}{% endif %}{{ who }}{% endmacro %}",
        "{% macro say() %}{% for who in [] %}{{ who }}{% endfor %}{{ who }}{% endmacro %}",
        "{% macro say() %}{% with who = who %}{{ who }}{% endwith %}{% endmacro %}",
        "{% macro say(name=who) %}{{ name }}{% endmacro %}",
        "{% macro say() %}{% macro inner() %}{{ who }}{% endmacro %}{{ inner() }}{% endmacro %}",
        "{% macro say() %}{{ who }}{% endmacro %}{% if false %}{% macro say() %}x{% endmacro %}{% endif %}",
        '{% macro say() %}{{ who }}{% endmacro %}{% include "part.html" %}',
        "{% macro say() %}{{ reader.name() }}{% endmacro %}",
        "{% macro say(x=1) %}{{ x | title }}{% endmacro %}",
        "{% macro say(x=1) %}{{ x is upper }}{% endmacro %}",
    ],
)
def test_no_macro_tells_one_reader_what_it_told_another(app: Flask, readers: Iterator[str], macro: str) -> None:
    """Whatever way its words depend on who reads, it is asked anew: by a name, a part, or a module, filter or test of
    the product."""
    now: list[str] = []
    module = ModuleType("reader")
    module.name = lambda: now[-1]  # type: ignore[attr-defined]
    app.jinja_env.globals["reader"] = module
    app.jinja_env.filters["title"] = app.jinja_env.tests["upper"] = lambda _value: now[-1]
    noted = (now.append(name) or name for name in readers)
    files = {"page.html": CALLS, "words.html": macro, "part.html": "{% macro say() %}x{% endmacro %}"}
    assert read(app, noted, files) == list(READERS)


@pytest.mark.parametrize(
    "source",
    [
        '{{ _("Log out") | greet }}',
        '{{ (_("Log out") ~ url_for("home.index")) | upper | greet }}',
        '{{ url_for("home.index") | greet }}',
        '{% from "words.html" import say %}{{ say() | greet }}',
        '{% from "words.html" import say %}{{ say(_("Log out") | greet) }}',
        '{{ "" | default(_("Log out") | greet, true) }}',
        '{% filter greet %}{{ _("Log out") }}{% endfilter %}',
        '{% if _("Log out") is hers %}{{ "alice" }}{% else %}{{ "bob" }}{% endif %}',
    ],
)
def test_no_filter_tells_one_reader_what_it_told_another(app: Flask, readers: Iterator[str], source: str) -> None:
    """Jinja applies a filter to a constant when the template is compiled, and the texts are constants by then."""
    now: list[str] = []
    app.jinja_env.filters["greet"] = lambda _text: now[-1]
    app.jinja_env.tests["hers"] = lambda _text: now[-1] == "alice"
    noted = (now.append(name) or name for name in readers)
    files = {"page.html": source, "words.html": "{% macro say(x=1) %}{{ x }}{% endmacro %}"}
    assert read(app, noted, files) == list(READERS)


@pytest.mark.parametrize(
    "source",
    [
        '{{ url_for("home.index") }}',
        '{{ url_for("home.index", page=value) }}',
        '{% from "words.html" import say %}{{ say() }}',
    ],
)
def test_no_address_leads_one_reader_where_it_led_another(app: Flask, readers: Iterator[str], source: str) -> None:
    """A product may add to addresses what it knows of the reader: Flask's `url_defaults`."""
    now: list[str] = []
    app.url_defaults(lambda _endpoint, values: values.update(of=now[-1]))
    noted = (now.append(name) or name for name in readers)
    files = {"page.html": source, "words.html": '{% macro say() %}{{ url_for("home.index") }}{% endmacro %}'}
    assert [said.rpartition("of=")[2] for said in read(app, noted, files)] == list(READERS)


@pytest.mark.parametrize(
    "words",
    [
        "{% set name = who %}{% macro say() %}{{ name }}{% endmacro %}",
        "{% if who %}{% endif %}{% macro say() %}{{ who }}{% endmacro %}",
        "{% macro say() %}{{ name }}{% endmacro %}{% set name %}{{ who }}{% endset %}",
    ],
)
def test_what_an_imported_template_sets_is_told_nothing_of_a_reader(
    app: Flask, readers: Iterator[str], words: str
) -> None:
    """It is kept for all who import from it, so the first reader's name would be everybody's."""
    assert read(app, readers, {"page.html": CALLS, "words.html": words}) == ["", ""]


def test_a_template_that_is_imported_with_context_knows_the_reader(app: Flask, readers: Iterator[str]) -> None:
    """Such a template is filled anew for each page."""
    words = "{% set name = who %}{% macro say() %}{{ name }}{% endmacro %}"
    page = '{% from "words.html" import say with context %}{{ say() }}'
    assert read(app, readers, {"page.html": page, "words.html": words}) == list(READERS)


PARTS = {
    "tree.html": '{{ left }}{% if left %}{% set left = left - 1 %}{% include "tree.html" %}{% endif %}',
    "one.html": '1{% if deep %}{% set deep = false %}{% include "two.html" %}{% endif %}',
    "two.html": '2{% include "one.html" %}',
    "value.html": "{{ value }}",
    "value.txt": "{{ value }}",
    "kept.html": "{% macro say(x) %}kept {{ x }}{% endmacro %}"
    '{% macro both() %}{% set t = [_("A <b>")] %}{{ t[0] }}{% endmacro %}',
    "kept.txt": "{% macro say(x) %}{{ x }}{% endmacro %}",
    "broken.html": "{{ 1 // 0 }}",
    "a.html": '{% from "b.html" import b %}{% macro a() %}a{{ b() }}{% endmacro %}',
    "b.html": '{% macro b() %}{% from "a.html" import a %}b{% endmacro %}',
}


@pytest.mark.parametrize(
    "source",
    [
        '{% set left = 3 %}{% include "tree.html" %}',
        '{% set deep = true %}{% include "one.html" %}',
        '{% if false %}{% include "page.html" %}{% endif %}',
        '{% autoescape false %}{{ value }}{% include "value.html" %}{% include "value.txt" %}{% endautoescape %}',
        '{{ value }}{% include "value.txt" %}{% include "value.html" %}',
        '{% from "kept.html" import say %}{% macro mine(say) %}{{ say("x") }}{% endmacro %}{{ mine(of_view) }}',
        '{% from "kept.html" import say %}{% macro m() %}{% set say = of_view %}{{ say("x") }}{% endmacro %}{{ m() }}',
        '{% from "kept.html" import say %}{% with say = of_view %}{{ say("x") }}{% endwith %}{{ say("x") }}',
        '{% from "kept.html" import say %}{% for say in [of_view] %}{{ say("x") }}{% endfor %}',
        '{% from "kept.html" import say %}{% set say = of_view %}{{ say("x") }}',
        '{% from "kept.html" import say as of_view %}{% include "calls.html" %}',
        '{% if false %}{% from "kept.html" import say as of_view %}{% endif %}{{ of_view("x") }}',
        '{% macro mine() %}{% from "kept.html" import say as of_view %}{% endmacro %}{{ mine() }}{{ of_view("x") }}',
        '{% if false %}{% from "not there.html" import say %}{% endif %}',
        '{% if false %}{% from "broken.html" import say %}{% endif %}',
        '{% from "a.html" import a %}{{ a() }}',
        '{% from "kept.html" import both %}{{ both() }}',
    ],
)
@pytest.mark.parametrize("name", ["page.html", "page.txt"])
def test_a_page_says_what_jinja_says(app: Flask, source: str, name: str) -> None:
    """Parts that include themselves, parts that escape otherwise, names that are given a second meaning, imports that
    are not reached."""
    calls = '{% set of_view = "no function" %}{{ of_view }}'
    app.jinja_env.bytecode_cache, app.jinja_env.loader = None, DictLoader({**PARTS, "calls.html": calls, name: source})
    with app.test_request_context(), force_locale("en"):
        ours = render_template(name, **GIVEN)
        app.jinja_env._overlays.clear()  # type: ignore[attr-defined]
        app.jinja_env.__class__ = AsJinja
        assert ours == render_template(name, **GIVEN)


def test_a_value_that_is_known_to_say_the_same_is_kept(app: Flask, readers: Iterator[str]) -> None:
    """`know` promises that; without it, a macro that asks a module is asked by each page."""
    asked: list[str] = []
    module = ModuleType("words")
    module.word = lambda: asked.append("asked") or "word"  # type: ignore[attr-defined,func-returns-value]
    know(app, words=module)
    files = {"page.html": CALLS, "words.html": "{% macro say() %}{{ words.word() }}{% endmacro %}"}
    assert read(app, readers, files) == ["word", "word"]
    assert len(asked) == 1


def test_an_unknown_filter_is_told_with_its_template(app: Flask, readers: Iterator[str]) -> None:
    """Whoever writes it looks for the line in that file."""
    with pytest.raises(TemplateAssertionError) as told:
        read(app, readers, {"page.html": CALLS, "words.html": "{% macro say(x=1) %}{{ x | unknown }}{% endmacro %}"})
    assert told.value.name == "words.html"
