"""Words for what the code decides. Its own values are English identifiers, these are for people."""

from __future__ import annotations

from webapp.core.decision import Outcome, RefreshColumn, TokenState
from webapp.web.texts import lazy_gettext as _l

OUTCOME = {
    Outcome.PROCEED: _l("served, both tokens stay"),
    Outcome.PROCEED_CLEAR_REFRESH: _l("served, and the useless refresh cookie is cleared"),
    Outcome.ROTATE: _l("served, and both tokens are replaced"),
    Outcome.REDELIVER: _l("served, and the new refresh token is sent again or made again"),
    Outcome.ACCESS_ONLY: _l("served, with a new access token only"),
    Outcome.RENEW: _l("served, and the refresh token is reissued"),
    Outcome.REUSE: _l("rejected, and the session ends: an old refresh token came back"),
    Outcome.LOG_IN: _l("sent to the login page"),
    Outcome.ANONYMOUS: _l("not logged in: asked to log in"),
}
"""What happens to a request, as the second half of a sentence."""

CELL = {
    Outcome.PROCEED: _l("serve"),
    Outcome.PROCEED_CLEAR_REFRESH: _l("serve, clear refresh"),
    Outcome.ROTATE: _l("replace both"),
    Outcome.REDELIVER: _l("send again"),
    Outcome.ACCESS_ONLY: _l("access token only"),
    Outcome.RENEW: _l("reissue refresh"),
    Outcome.REUSE: _l("end the session"),
    Outcome.LOG_IN: _l("log in"),
    Outcome.ANONYMOUS: _l("not logged in"),
}
"""The same in a word or two, for a cell."""

COLUMN = {
    RefreshColumn.ABSENT: (_l("absent"), _l("no cookie was sent")),
    RefreshColumn.INVALID: (_l("invalid"), _l("not issued here, or unknown")),
    RefreshColumn.RENEWABLE: (_l("just expired"), _l("can still be reissued")),
    RefreshColumn.EXPIRED: (_l("long expired"), _l("can no longer be reissued")),
    RefreshColumn.CURRENT: (_l("current"), _l("the one stored in the row")),
    RefreshColumn.SUPERSEDED: (_l("replaced"), _l("the new one has not been used yet")),
    RefreshColumn.IN_GRACE: (_l("in its grace period"), _l("the new one was first used seconds ago")),
    RefreshColumn.ABANDONED: (_l("abandoned"), _l("a better one is in use")),
    RefreshColumn.REUSED: (_l("reused"), _l("the new one has long been in use")),
}

STATE = {
    TokenState.VALID: _l("valid"),
    TokenState.EXPIRED: _l("expired"),
    TokenState.INVALID: _l("invalid"),
    TokenState.ABSENT: _l("absent"),
}

CELL_CLASS = {
    Outcome.PROCEED: "served",
    Outcome.PROCEED_CLEAR_REFRESH: "served",
    Outcome.ROTATE: "renewed",
    Outcome.REDELIVER: "renewed",
    Outcome.ACCESS_ONLY: "renewed",
    Outcome.RENEW: "renewed",
    Outcome.REUSE: "theft",
    Outcome.LOG_IN: "login",
    Outcome.ANONYMOUS: "login",
}

WHAT = {
    "rotated": _l("Done: the UPDATE found its row; generation %(before)s became %(after)s."),
    "renewed": _l("Done: the UPDATE found its row; generation %(before)s became %(after)s."),
    "redelivered": _l("Not first: the new token had just been made, so the same one was sent again."),
    "forked": _l("Made again: nobody had used the new token, so another one took its place. Only the last one counts."),
    "access only": _l("Not rotated: the new token is already in use elsewhere, so only an access token was issued."),
    "proved": _l("Proved again: auth_time moved in the row, and an access token that says so was issued."),
    "session ended": _l("Nothing issued: the session had ended in the meantime."),
    "too late": _l("Nothing issued: building the page took longer than the grace period."),
    "overtaken": _l("Nothing issued: other requests had already moved on."),
    "too many refreshes": _l("Nothing issued: this session refreshed too often within a minute."),
}
"""What the statement of the exit hook came to."""

COOKIE = {
    "+access": _l("access cookie set"),
    "+refresh": _l("refresh cookie set"),
    "-access": _l("access cookie cleared"),
    "-refresh": _l("refresh cookie cleared"),
}
