"""What is compiled once for all applications of a run. Each test has an application of its own.

Nothing here changes what an application does: it only finds done what another one has done before.
"""

from __future__ import annotations

from collections.abc import Hashable
from types import CodeType
from typing import Any, ClassVar

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from werkzeug.routing import Rule


class CompiledTemplates(BytecodeCache):
    """Templates, by their name and text."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code
        self.kept[bucket.key, bucket.checksum] = bucket.code


TEMPLATES = CompiledTemplates()


class CompiledStatements(dict[Hashable, Any]):
    """SQL, by the statement and the kind of database. SQLAlchemy itself compiles anew for each engine."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), compiled)


_STATEMENTS = CompiledStatements()


def share_statements(engine: Engine) -> None:
    """Let `engine` use what another engine of its kind has compiled."""
    engine._compiled_cache = _STATEMENTS


class Route(Rule):
    """A route whose pattern, and what builds its addresses, is compiled once: three quarters of the cost of one."""

    _of_all: ClassVar[dict[tuple[object, ...], dict[str, Any]]] = {}
    _compiled = ("_parts", "_trace", "_converters", "arguments")
    _builders = ("_build", "_build_unknown")

    def compile(self) -> None:
        if self.defaults:
            super().compile()
            return
        key: tuple[object, ...] = (self.rule, self.subdomain, self.host, self.map.host_matching, self.merge_slashes)
        key += tuple(self.map.converters.items())
        found = self._of_all.get(key)
        if found is None:
            super().compile()
            found = {name: getattr(self, name) for name in self._compiled}
            found |= {name: getattr(self, name).__func__ for name in self._builders}
            self._of_all[key] = found
        for name in self._compiled:
            setattr(self, name, found[name].copy())
        for name in self._builders:
            setattr(self, name, found[name].__get__(self))


Flask.url_rule_class = Route

_CATALOGUES: dict[Any, Any] = {}


def share_catalogues(app: Flask) -> None:
    """Let `app` find the texts of the product where another application has read them."""
    app.extensions["babel"].instance.domain_instance.cache = _CATALOGUES
