"""What goes along with a request of the stage, and what comes back: its judgement and its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from webapp.web.lab.board import kind_of
from webapp.web.person import Auth
from webapp.web.server_timing import describe

WITNESS = "tokenroom.witness"
"""Key of the WSGI environment; a header from outside can never have this name (PEP 3333: they begin HTTP_)."""

STAGE_PATH = "/lab/stage"
"""Where the theatre plays. Its requests collect cells of the matrix but are not the visitor's own history."""

Jar = Mapping[str, str]
"""Token cookies by plain name: access_token, refresh_token."""


@dataclass(slots=True)
class Witness:
    """Goes along with a request of the stage and notes what the hooks did with it."""

    audience: tuple[str, str]
    """Session and user id of the person who watches."""
    in_view: Callable[[], object]
    wants_form: bool = False
    access: str = ""
    refresh: str = ""
    cell: str = ""
    outcome: str = ""
    what: str | None = None
    words: str = ""

    def note(self, auth: Auth) -> None:
        self.access, self.refresh = auth.judgement.access.state.value, auth.judgement.refresh.state.value
        self.cell, self.outcome = auth.judgement.column.value, auth.outcome.value
        self.what = auth.issued.what if auth.issued else None
        self.words = describe(auth) if auth.person is not None else self.outcome


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request."""

    status: int
    location: str
    seen: Witness
    cookies: Jar = field(repr=False)
    """Token cookies the answer set; empty text: cleared."""
    form: Jar = field(repr=False)
    """`csrf_token` and `cookie` (name and value) for a form, where the request asked for one."""

    @property
    def served(self) -> bool:
        return self.status == 200

    @property
    def kind(self) -> str:
        """How it is drawn."""
        return kind_of(self.seen)
