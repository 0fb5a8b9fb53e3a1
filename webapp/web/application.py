"""The ways in which this application is not a plain Flask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.routing import UnicodeConverter, ValidationError

from webapp.core.text import is_storable


class Storable(UnicodeConverter):
    """A part of an address. What no database could keep names nothing in one: 404 before anybody asks PostgreSQL."""

    def to_python(self, value: str) -> str:
        if not is_storable(value):
            raise ValidationError
        return value


class Application(Flask):
    """Flask, which asks of a function once, and not on every request anew, whether it is a coroutine."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self._callable: dict[Callable[..., Any], Callable[..., Any]] = {}
        super().__init__(*args, **options)
        self.url_map.converters["default"] = Storable

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """`func` itself, or what runs it where it is a coroutine function: Flask's own answer, remembered."""
        known = self._callable.get(func)
        if known is None:
            known = self._callable[func] = super().ensure_sync(func)
        return known
