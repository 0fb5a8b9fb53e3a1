"""The application in this process, as tests want it: quiet, without rate limits, with a clock that is set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from werkzeug.routing import Rule

from tests.support.clock import SetClock
from tests.support.serving import add_test_views
from webapp import create_app
from webapp.services import services_of


class CompiledTemplates(BytecodeCache):
    """Templates compiled once for all applications of a run. Each test has an application of its own."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = CompiledTemplates()

_compile_builder = Rule._compile_builder
_builders: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}


def _compile_once(self: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
    """What builds a rule's addresses, compiled once for all applications of a run: half the cost of making one."""
    if self.defaults:
        return _compile_builder(self, append_unknown)
    parts = (*self._trace, append_unknown)
    if parts not in _builders:
        _builders[parts] = _compile_builder(self, append_unknown)
    return _builders[parts]


Rule._compile_builder = _compile_once  # type: ignore[method-assign]


def build_app(folder: Path, settings: dict[str, str]) -> Flask:
    """An application whose instance folder is `folder`, with the tests' views (`tests/support/serving.py`)."""
    app = create_app(
        {"WEBAPP_INSTANCE_PATH": str(folder), "WEBAPP_RATE_LIMITS": "off", "WEBAPP_LOG_LEVEL": "warning", **settings}
    )
    services_of(app).clock = SetClock(folder / "clock")
    app.jinja_env.bytecode_cache = COMPILED
    add_test_views(app)
    return app
