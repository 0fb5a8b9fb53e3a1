"""What is done to a template when it is compiled, once for each language.

    _("…", name=value)       the text itself, with the value between its two halves
    url_for("home.index")    the address, where it is a constant one
    {% include "part.html" %}  the part itself
    icon("sun")              what the macro says, where it says the same whenever it is asked with these constants
    {{ value }}              escaped by `shown`, which costs less than markupsafe's `escape`

A page says the same with and without.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

import markupsafe
from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame, MacroRef
from jinja2.filters import FILTERS
from jinja2.idtracking import VAR_LOAD_RESOLVE
from jinja2.meta import TrackingCodeGenerator
from jinja2.runtime import Macro
from jinja2.tests import TESTS
from markupsafe import Markup, escape

KEPT = 256
"""Answers that one macro keeps."""
LONGEST_KEPT = 64
"""Characters of an argument whose answer is kept. Tokens are longer."""
PLAIN = (int, type(None), Enum)
TEXTS = frozenset({"_", "gettext", "ngettext"})
"""Names that mean the same whenever a template of one language is filled."""
OF_THE_CALL = frozenset({"caller", "kwargs", "varargs"})
UNSTEADY_FILTERS = frozenset({"random", "pprint"})

_escape_text: Callable[[str], str] = getattr(markupsafe, "_escape_inner", escape)


def shown(value: Any) -> str:
    """What a page shows of `value`: escaped, unless it is markup.

    Plain: `escape`.
    Cost:  1 µs a value, to make a `Markup` that is joined to the page in the next moment; the lab shows 1,500.
    Here:  texts and markup, which nearly all values are, without that.
    """
    kind = type(value)
    if kind is Markup:
        markup: str = value
        return markup
    if kind is str:
        return _escape_text(value)
    html = getattr(value, "__html__", None)
    return _escape_text(str(value)) if html is None else str(html())


class Kept:
    """A macro that says nothing but its arguments: it keeps what it said to the last few plain ones."""

    def __init__(self, macro: Macro) -> None:
        self.macro = macro
        # typed, because a text that is markup is not its like that is none.
        self.kept = lru_cache(KEPT, typed=True)(self._say)

    def __call__(self, *args: Any, **values: Any) -> str:
        try:
            return self.kept(*args, **values)
        except TypeError:  # an argument that is not plain, or one that nothing can be kept by
            return self.macro(*args, **values)

    def _say(self, *args: Any, **values: Any) -> str:
        for value in (*args, *values.values()):
            if not (len(value) <= LONGEST_KEPT if isinstance(value, str) else isinstance(value, PLAIN)):
                raise TypeError(value)
        return self.macro(*args, **values)


class Compiler(CodeGenerator):
    """Writes a template as Python."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:  # noqa: N802 - Jinja's name
        self.steady = steady_macros(node, self.environment) if getattr(self.environment, "language", None) else set()
        super().visit_Template(node, frame)

    def macro_def(self, macro_ref: MacroRef, frame: Frame) -> None:
        keeps = isinstance(macro_ref.node, nodes.Macro) and macro_ref.node.name in self.steady
        self.write("environment.kept(" if keeps else "(")
        super().macro_def(macro_ref, frame)
        self.write(")")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.volatile or not frame.eval_ctx.autoescape:
            super()._output_child_pre(node, frame, finalize)
        else:
            self.write("environment.shown(")


def steady_macros(template: nodes.Template, environment: Any) -> set[str]:
    """Names of a template's macros that say nothing but their arguments."""
    times = bindings(template)
    macros = {macro.name: macro for macro in template.find_all(nodes.Macro) if times[macro.name] == 1}
    known = ((TEXTS | environment.steady) - times.keys()) | imported(template, environment, times).keys()
    asked = {name: names for name, macro in macros.items() if (names := _asked_of(macro)) is not None}
    found: set[str] = set()
    while more := {name for name, names in asked.items() if name not in found and names <= known | found}:
        found |= more
    return found


def imported(template: nodes.Template, environment: Any, times: Mapping[str, int]) -> dict[str, Kept]:
    """The macros that a template imports, by its own names for them, of those that say nothing but their arguments.

    Only where the name means nothing else in it (`times` are its `bindings`), and the import is made whenever the
    template is filled.
    """
    found = {}
    for node in template.body:
        if isinstance(node, nodes.FromImport) and isinstance(node.template, nodes.Const) and not node.with_context:
            module = environment.get_template(node.template.value).module
            for theirs, ours in _pairs(node):
                if times[ours] == 1 and isinstance(macro := getattr(module, theirs, None), Kept):
                    found[ours] = macro
    return found


def bindings(template: nodes.Template) -> Counter[str]:
    """How often a name is given a meaning: by a macro or an import, or outside of macros in any other way."""
    found: Counter[str] = Counter()
    waiting: list[tuple[nodes.Node, bool]] = [(template, False)]
    while waiting:
        node, inside = waiting.pop()
        match node:
            case nodes.Macro():
                found[node.name] += 1
                inside = True
            case nodes.FromImport():
                found.update(ours for _theirs, ours in _pairs(node))
            case nodes.Import():
                found[node.target] += 1
            case nodes.Name(ctx="store" | "param") if not inside:
                found[node.name] += 1
        waiting.extend((child, inside) for child in node.iter_child_nodes())
    return found


def _pairs(node: nodes.FromImport) -> Iterator[tuple[str, str]]:
    for pair in node.names:
        yield pair if isinstance(pair, tuple) else (pair, pair)


class Outside(TrackingCodeGenerator):
    """Collects the names that a macro takes from outside. Jinja itself decides which: one that the macro sets may be
    asked for before, or in another branch."""

    def __init__(self, environment: Any, macro: nodes.Macro) -> None:
        super().__init__(environment)
        self.optimizer = None  # it would change the macro, which is written afterwards
        self.names: set[str] = set()
        self.visit(nodes.Template([macro]))

    def enter_frame(self, frame: Frame) -> None:
        super().enter_frame(frame)
        loads = frame.symbols.loads.values()
        self.names |= {name for action, name in loads if action == VAR_LOAD_RESOLVE and name is not None}


def _names_a_page(call: nodes.Call) -> bool:
    """Is this no `url_for`, or one whose address depends on its arguments alone? Files change while they are edited."""
    match call:
        case nodes.Call(
            node=nodes.Name(name="url_for"), args=[nodes.Const(value=str(page))], dyn_args=None, dyn_kwargs=None
        ):
            return page != "static" and page[:1] != "." and not any(word.key[:1] == "_" for word in call.kwargs)
        case nodes.Call(node=nodes.Name(name="url_for")):
            return False
    return True


def is_jinjas(node: nodes.Node, environment: Any) -> bool:
    """Is this a filter or test that Jinja brings along, which goes by its arguments alone?"""
    match node:
        case nodes.Filter(name=str(name)):
            return environment.filters.get(name) is FILTERS.get(name, node)
        case nodes.Test(name=name):
            return environment.tests.get(name) is TESTS.get(name, node)
    return False


def _asked_of(macro: nodes.Macro) -> set[str] | None:
    """The names that a macro takes from outside; None if it says something else than its arguments anyway."""
    if any(macro.find_all((nodes.CallBlock, nodes.Include, nodes.Import, nodes.FromImport))):
        return None
    if any(name.name in OF_THE_CALL for name in macro.find_all(nodes.Name)):
        return None
    environment: Any = macro.environment
    for node in macro.find_all((nodes.Filter, nodes.Test)):
        if node.name in UNSTEADY_FILTERS or not is_jinjas(node, environment):
            return None
    if not all(map(_names_a_page, macro.find_all(nodes.Call))):
        return None
    return Outside(environment, macro).names - ({"url_for"} if environment.app.keeps_addresses() else set())
