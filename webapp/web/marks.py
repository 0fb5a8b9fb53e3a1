"""Marks on views: who may enter. Every view is closed; one word opens it. And one on what adds to addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, Request

TOKENLESS = "tokenroom.tokenless"
"""WSGI environment flag of a request whose answer does not depend on tokens, and may be stored."""

V = TypeVar("V", bound=Callable[..., Any])
View = Callable[..., Any] | None


def _marked(view: V, *marks: str) -> V:
    for mark in marks:
        setattr(view, mark, True)
    return view


def public(view: V) -> V:
    """Mark a view as open to strangers. Without this mark a view demands login."""
    return _marked(view, "is_public")


def tokenless(view: V) -> V:
    """Mark a view that never looks at tokens at all: health, metrics, public keys."""
    return _marked(view, "is_public", "is_tokenless")


def health(view: V) -> V:
    """Mark a view that says whether this process is well: tokenless, and answered whatever `Host` it is asked by."""
    return _marked(tokenless(view), "is_health")


def as_sensitive(view: V) -> V:
    """Mark a view whose guard `@sensitive` demands a proof that it is still the same person (web/sensitive.py)."""
    return _marked(view, "is_sensitive")


def peek(view: V) -> V:
    """Mark a view that only looks: it knows who asks, but its request confirms, refreshes and records nothing."""
    return _marked(view, "is_peek")


def repeatable(view: V) -> V:
    """Mark a view whose form ends the session it is sent from. The second of two clicks may still reach it.

    It then runs for a stranger whose tokens name a session that a newer one replaced moments ago.
    """
    return _marked(view, "is_repeatable")


def steady(defaults: V) -> V:
    """Mark a function of Flask's `url_defaults` that adds the same to an address in each request."""
    return _marked(defaults, "is_steady")


def view_of(app: Flask, request: Request) -> View:
    """The view that this request is for; None where there is none, and the answer will be 404 or 405."""
    rule = request.url_rule
    return app.view_functions.get(rule.endpoint) if rule is not None else None


def is_open(view: View) -> bool:
    """Is this view for strangers too?"""
    # Without a view the answer is a 404 or 405 page, which tells a stranger nothing.
    return view is None or getattr(view, "is_public", False)


def is_repeatable(view: View) -> bool:
    """Does this view answer the second of two clicks, too?"""
    return getattr(view, "is_repeatable", False)


def is_tokenless(view: View) -> bool:
    """Does this view's answer never depend on tokens?"""
    return getattr(view, "is_tokenless", False)


def is_peek(view: View) -> bool:
    """Whether this view only looks."""
    return getattr(view, "is_peek", False)


def is_health(view: View) -> bool:
    """Does this view say whether the process is well?"""
    return getattr(view, "is_health", False)


def is_steady(defaults: Callable[..., Any]) -> bool:
    """Does this function add the same to an address in each request?"""
    return getattr(defaults, "is_steady", False)


def is_sensitive(view: View) -> bool:
    """Does this view demand a proof that it is still the same person?"""
    return getattr(view, "is_sensitive", False)
