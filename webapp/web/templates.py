"""Jinja as this application uses it: texts are put in when a template is compiled, some names worked out when said."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from types import BuiltinMethodType, FunctionType, MethodType
from typing import Any

from flask import Flask, current_app
from flask.sansio.app import App
from flask.templating import Environment
from flask_babel import get_translations
from jinja2 import BaseLoader, BytecodeCache, Template, TemplateNotFound, nodes
from jinja2.bccache import Bucket
from jinja2.environment import TemplateModule
from jinja2.runtime import Context, Macro
from jinja2.utils import missing
from werkzeug.routing import BuildError

from webapp.web.compiled import Compiler, Kept, shown
from webapp.web.put_in import PutIn
from webapp.web.requests import root, this_request

FUNCTIONS = {FunctionType, MethodType, BuiltinMethodType}
OVERLAYS = 16
"""Languages and mounts that templates are compiled for, because some servers let a client's header name the mount."""


def offer(app: Flask, **names: Callable[[], Any]) -> None:
    """Let every template of `app` say these names; each is worked out when a template that says it is filled."""
    environment = app.jinja_env
    assert isinstance(environment, Templates)
    environment.on_demand.update(names)


def know(app: App, **values: Any) -> None:
    """Let every template of `app` know these values. They say the same to every reader, whenever they are asked.

    A macro that says nothing else but its arguments is kept (web/compiled.py).
    """
    environment = app.jinja_env
    assert isinstance(environment, Templates)
    environment.globals.update(values)
    environment.steady.update(values)


class PageContext(Context):
    """What a template sees.

    Plain: a context processor.
    Cost:  45 µs for the words and addresses of the menu in every template, also in one without a menu.
    Here:  a value given to `offer` is worked out for the templates that say its name.
    """

    environment: Templates
    knows_reader = True

    def __init__(
        self, environment: Any, parent: dict[str, Any], name: str | None, blocks: Any, **_globals: Any
    ) -> None:
        # Without `globals`, from which Jinja would learn at each import whether a template has globals of its own.
        super().__init__(environment, parent, name, blocks)

    def resolve_or_missing(self, key: str) -> Any:
        if key in self.vars:
            return self.vars[key]
        if key in self.parent:
            return self.parent[key]
        ask = self.environment.on_demand.get(key) if self.knows_reader else None
        return missing if ask is None else ask()

    def call(self, what: Any, *args: Any, _loop_vars: Any = None, _block_vars: Any = None, **values: Any) -> Any:
        """Call what a template calls.

        Plain: each callable is asked in three ways whether it wants the context.
        Cost:  2 µs a call; the lab makes 500.
        Here:  macros, which don't, and functions and methods, whose mark is looked for once.
        """
        kind = type(what)
        if kind is Kept:
            try:
                return what.kept(*args, **values)
            except TypeError:  # as `Kept` itself
                return what.macro(*args, **values)
        if kind is Macro or (kind in FUNCTIONS and getattr(what, "jinja_pass_arg", None) is None):
            return what(*args, **values)
        return super().call(what, *args, _loop_vars=_loop_vars, _block_vars=_block_vars, **values)


class Page(Template):
    """A template. What it sets is kept for everybody who imports from it, so it is told nothing of one reader.

    Its macros are, whenever they are called.
    """

    def make_module(self, vars: Any = None, shared: bool = False, locals: Any = None) -> TemplateModule:  # noqa: A002
        context: Any = self.new_context(vars, shared, locals)
        context.knows_reader = vars is not None  # `import … with context` makes a module for one page
        module = TemplateModule(self, context)
        context.knows_reader = True
        return module


class Templates(Environment):
    """Flask's environment, with an overlay for each language.

    Plain: `_("…")` looks its text up whenever a page is filled, `url_for("…")` its address, and `include` its template.
    Cost:  9 µs a text, 2 µs an address, 20 µs a template; the lab has 370, 15 and 8.
    Here:  a template is compiled once for each language, with that language's texts, its addresses and parts in it.
    """

    context_class = PageContext
    code_generator_class = Compiler
    template_class = Page
    shown = staticmethod(shown)
    kept = Kept
    language: str | None = None
    """Of an overlay. None: this is the environment that all overlays were made from."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self.on_demand: dict[str, Callable[[], Any]] = {}
        """See `offer`."""
        self.steady: set[str] = set()
        """See `know`."""
        self._overlays: dict[tuple[str, str], Templates] = {}
        """By language, and by the path that the application is mounted at, which the addresses in a template begin
        with."""
        self._texts: Any = None

    def get_template(self, name: str | Template, parent: str | None = None, globals: Any = None) -> Template:  # noqa: A002
        """The template in the reader's language; the templates that it extends, includes and imports are in the
        same."""
        if self.language is None and (language := self.on_demand["locale"]()):
            overlay = self._in(language, root(this_request()))
            if overlay is not None:
                return overlay.get_template(name, parent, globals)
        return super().get_template(name, parent, globals)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The names that a template knows without being told, when it is loaded.

        Plain: a chain of dictionaries, copied entry by entry for each page.
        Cost:  25 µs a page.
        Here:  one dictionary. A name that is added later is known to templates that are loaded later.
        """
        return {**self.globals, **(d or {})}

    def _in(self, language: str, mount: str) -> Templates | None:
        """The overlay of a language and a mount. None beyond the first few: texts and addresses are looked up then."""
        found = self._overlays.get((language, mount))
        if found is None and len(self._overlays) < OVERLAYS:
            found = self.overlay()
            found.language, found._texts = language, get_translations()
            if self.bytecode_cache is not None:
                found.bytecode_cache = Separate(self.bytecode_cache, f"{language} {self._version()}")
            self._overlays[language, mount] = found
        return found

    def _version(self) -> str:
        """Changes with the mount and with any file: a compiled template contains addresses and parts of others."""
        loader: BaseLoader | None = self.loader
        sources: list[str] = []
        if loader is not None:
            for name in self.list_templates():
                with suppress(UnicodeDecodeError):  # a picture beside a product's templates; none includes it
                    sources.append(loader.get_source(self, name)[0])
        address = current_app.url_for("static", filename="")
        return f"{address} {hashlib.sha256(chr(0).join(sources).encode()).hexdigest()}"

    def _generate(self, source: nodes.Template, name: str | None, *args: Any, **options: Any) -> str:
        if self.language is not None:
            source = PutIn(self._texts.gettext, self._address, self._part, self, name).visit(source)
            source.set_environment(self)
        return super()._generate(source, name, *args, **options)

    def _address(self, endpoint: str, **values: Any) -> str | None:
        """What `url_for` says of a constant address, if that is the same in each request."""
        current = endpoint.startswith(".") or any(name.startswith("_") for name in values)
        app: Any = self.app
        if current or not app.keeps_addresses():
            return None
        try:
            return current_app.url_for(endpoint, **values)
        except BuildError:  # a page that this deployment does not have
            return None

    def _part(self, name: str) -> nodes.Template | None:
        """A template that another one includes. None for one with blocks, and where files are being edited."""
        loader: BaseLoader | None = self.loader
        if current_app.config["DEBUG"] or loader is None:
            return None
        try:
            source, path, _is_up_to_date = loader.get_source(self, name)
        except TemplateNotFound:
            return None
        part = self.parse(source, name, path)
        return None if part.find(nodes.Extends) or part.find(nodes.Block) else part


class Separate(BytecodeCache):
    """A cache of compiled templates, shared with those that have other texts or addresses put in."""

    def __init__(self, shared: BytecodeCache, put_in: str) -> None:
        self.shared, self.put_in = shared, put_in

    def get_bucket(self, environment: Any, name: str, filename: str | None, source: str) -> Bucket:
        return self.shared.get_bucket(environment, f"{name} in {self.put_in}", filename, source)

    def set_bucket(self, bucket: Bucket) -> None:
        self.shared.set_bucket(bucket)
