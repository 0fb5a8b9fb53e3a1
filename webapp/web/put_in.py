"""What a template says that is the same in every request of one language: put in when it is compiled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from webapp.web.compiled import Kept, bindings, imported, is_jinjas

PLACE = re.compile(r"%(?:\((\w+)\)s|%)")
"""A place for a value in a text, and a per cent sign."""


class PutIn(NodeTransformer):
    """Replaces texts, constant addresses, parts and constant macros by what they come to.

    Values are escaped as Jinja does it, texts are not.

    Texts that are no constant, and plural forms, are looked up when the page is filled.
    """

    def __init__(
        self,
        gettext: Callable[[str], str],
        address: Callable[..., str | None],
        part: Callable[[str], nodes.Template | None],
        environment: Any,
        name: str | None,
    ) -> None:
        """`address` and `part` say what a constant `url_for` and `include` come to; None: it is not known yet."""
        self.gettext, self.address, self.part, self.environment = gettext, address, part, environment
        self._context = nodes.EvalContext(environment, name)
        self._macros: dict[str, Kept] = {}
        self._inside = {name}
        """This template and the parts that are being put in; one that includes itself is included as ever."""

    def visit_Template(self, node: nodes.Template) -> nodes.Node:  # noqa: N802 - Jinja's name
        self._macros = imported(node, self.environment, bindings(node))
        return self.generic_visit(node)

    def visit_Macro(self, node: nodes.Macro | nodes.CallBlock) -> nodes.Node:  # noqa: N802
        outside, own = self._macros, {name.name for name in node.find_all(nodes.Name) if name.ctx != "load"}
        self._macros = {name: macro for name, macro in outside.items() if name not in own}
        self.generic_visit(node)
        self._macros = outside
        return node

    visit_CallBlock = visit_Macro  # noqa: N815

    def visit_Filter(self, node: nodes.Filter | nodes.Test) -> nodes.Node:  # noqa: N802
        """Not below a filter or test of the application's: Jinja asks it once for what is constant, and never again."""
        return self.generic_visit(node) if is_jinjas(node, self.environment) else node

    visit_Test = visit_Filter  # noqa: N815

    def visit_ScopedEvalContextModifier(self, node: nodes.ScopedEvalContextModifier) -> nodes.Node:  # noqa: N802
        """`{% autoescape %}`: it does not reach into the parts, so none is put in."""
        part, self.part = self.part, lambda _name: None
        self.generic_visit(node)
        self.part = part
        return node

    def visit_Include(self, node: nodes.Include) -> nodes.Node:  # noqa: N802
        match node:
            case nodes.Include(template=nodes.Const(value=str(name)), with_context=True, ignore_missing=False):
                if self._escapes_alike(name) and name not in self._inside and (part := self.part(name)) is not None:
                    return self._put_in(name, part, node.lineno)
        return node

    def _put_in(self, name: str, part: nodes.Template, line: int) -> nodes.Node:
        outside, own = self._macros, bindings(part)
        kept = {ours: macro for ours, macro in outside.items() if ours not in own}
        self._macros = kept | imported(part, self.environment, own)
        self._inside.add(name)
        body = self.generic_visit(nodes.Scope(part.body).set_lineno(line))
        self._inside.remove(name)
        self._macros = outside
        return body

    def _escapes_alike(self, name: str) -> bool:
        """Are values in that template escaped, or not, as they are in this one? Its name decides."""
        return nodes.EvalContext(self.environment, name).autoescape == self._context.autoescape

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        for child in node.nodes:
            if isinstance(child, nodes.CondExpr) and child.expr2 is None:
                child.expr2 = nodes.Const("")  # what it says anyway, by way of an object that is made for it
        node.nodes = [piece for child in node.nodes for piece in _pieces(child)]
        return node

    def visit_Call(self, node: nodes.Call) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        match node:
            case nodes.Call(
                node=nodes.Name(name="_" | "gettext"), args=[nodes.Const(value=str(text))], dyn_kwargs=None
            ):
                values = [nodes.Pair(nodes.Const(word.key), word.value) for word in node.kwargs]
                markup = nodes.MarkSafeIfAutoescape(nodes.Const(self.gettext(text)))
                return nodes.Mod(markup, nodes.Dict(values)).set_lineno(node.lineno)
            case nodes.Call(node=nodes.Name(name=name), dyn_args=None, dyn_kwargs=None):
                if name == "url_for":
                    return self._addressed(node)
                if macro := self._macros.get(name):
                    return self._said(macro, node)
        return node

    def _addressed(self, node: nodes.Call) -> nodes.Node:
        try:
            args, values = self._constants(node)
        except nodes.Impossible:
            return node
        address = self.address(*args, **values)
        return node if address is None else nodes.Const(address).set_lineno(node.lineno)

    def _said(self, macro: Kept, node: nodes.Call) -> nodes.Node:
        try:
            args, values = self._constants(node)
        except nodes.Impossible:
            return node
        said = macro(*args, **values)
        text = nodes.Const(str(said)).set_lineno(node.lineno)
        return nodes.MarkSafeIfAutoescape(text).set_lineno(node.lineno) if isinstance(said, Markup) else text

    def _constants(self, node: nodes.Call) -> tuple[list[Any], dict[str, Any]]:
        """The arguments of a call. Raises Impossible unless all are constant."""
        return (
            [value.as_const(self._context) for value in node.args],
            {word.key: word.value.as_const(self._context) for word in node.kwargs},
        )


def _pieces(child: nodes.Expr) -> Iterator[nodes.Expr]:
    """A text that is shown at once, as its parts and the values between them."""
    match child:
        case nodes.Mod(
            left=nodes.MarkSafeIfAutoescape(expr=nodes.Const(value=str(text))), right=nodes.Dict(items=pairs)
        ):
            values = {pair.key.as_const(): pair.value for pair in pairs}
            places = list(PLACE.finditer(text))
            if text.count("%") == sum(place.group().count("%") for place in places) and all(
                place[1] is None or place[1] in values for place in places
            ):
                end = 0
                for place in places:
                    yield nodes.TemplateData(text[end : place.start()])
                    yield values[place[1]] if place[1] else nodes.TemplateData("%")
                    end = place.end()
                yield nodes.TemplateData(text[end:])
                return
    yield child
