"""Change what a person sees: name, theme, language."""

from __future__ import annotations

from webapp.core.errors import FieldError
from webapp.core.text import clean_name
from webapp.store import users
from webapp.store.database import transact

THEMES = ("auto", "light", "dark")
LANGUAGES = ("en", "ko")


def save_profile(
    user_id: str, *, name: str | None = None, theme: str | None = None, language: str | None = None
) -> None:
    """Save what is given. Raises FieldError (name unprintable, invisible or too_long; theme, language invalid)."""
    values: dict[str, str] = {}
    if name is not None:
        try:
            values["name"] = clean_name(name)
        except ValueError as error:
            raise FieldError("name", str(error)) from None
    for field, value, allowed in (("theme", theme, THEMES), ("language", language, LANGUAGES)):
        if value is not None:
            if value not in allowed:
                raise FieldError(field, "invalid")
            values[field] = value
    if values:
        transact(lambda tx: users.save_profile(tx, user_id, **values))
