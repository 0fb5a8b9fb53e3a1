"""Doors for some only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import abort
from flask_login import current_user

V = TypeVar("V", bound=Callable[..., Any])


def role_required(role: str) -> Callable[[V], V]:
    """Answer 403 to whoever is logged in without `role`. Strangers are asked to log in, as everywhere.

    The role is the one in the database at this request, not the token's: a change acts at once. Put it below
    `@blueprint.get(…)`, and never together with `@public`.
    """

    def decorate(view: V) -> V:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated or current_user.role != role:
                abort(403)
            return view(*args, **kwargs)

        return cast(V, guarded)

    return decorate
