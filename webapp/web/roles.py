"""Doors for some only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask_login import current_user
from werkzeug.exceptions import Forbidden

V = TypeVar("V", bound=Callable[..., Any])


class RoleNeeded(Forbidden):
    """A user lacks the role that a view demands."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self.role = role


def role_required(role: str) -> Callable[[V], V]:
    """Answer 403 to anyone who is logged in without `role`, on pages and API. Strangers are asked to log in.

    The role is the one in the database at this request, not the token's, so a change acts at once. Put it below
    `@blueprint.get(…)`, and never together with `@public`.
    """

    def decorate(view: V) -> V:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if not current_user.is_authenticated or current_user.role != role:
                raise RoleNeeded(role)
            return view(*args, **kwargs)

        return cast(V, guarded)

    return decorate
