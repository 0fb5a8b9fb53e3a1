"""Words for what the code decides: its own values are English identifiers, these are for people."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from webapp.core.decision import Outcome, RefreshColumn, TokenState

OUTCOME = {
    Outcome.PROCEED: _l("served, both tokens stay"),
    Outcome.PROCEED_CLEAR_REFRESH: _l("served, the useless refresh cookie is cleared"),
    Outcome.ROTATE: _l("served, and both tokens are replaced"),
    Outcome.REDELIVER: _l("served, and the same successor is handed out once more"),
    Outcome.ACCESS_ONLY: _l("served, with a new access token only"),
    Outcome.RENEW: _l("served, and the refresh token is reissued"),
    Outcome.THEFT: _l("refused, and the session ends: an old refresh token came back"),
    Outcome.LOG_IN: _l("sent to the log-in page"),
    Outcome.ANONYMOUS: _l("a stranger: asked to log in"),
}
"""What happens to a request, as the second half of a sentence."""

CELL = {
    Outcome.PROCEED: _l("serve"),
    Outcome.PROCEED_CLEAR_REFRESH: _l("serve, clear refresh"),
    Outcome.ROTATE: _l("rotate"),
    Outcome.REDELIVER: _l("redeliver"),
    Outcome.ACCESS_ONLY: _l("access only"),
    Outcome.RENEW: _l("renew"),
    Outcome.THEFT: _l("end the session"),
    Outcome.LOG_IN: _l("log in"),
    Outcome.ANONYMOUS: _l("stranger"),
}
"""The same in a word or two, for a cell."""

COLUMN = {
    RefreshColumn.ABSENT: (_l("absent"), _l("no cookie came")),
    RefreshColumn.INVALID: (_l("invalid"), _l("not ours, or unknown")),
    RefreshColumn.RENEWABLE: (_l("just expired"), _l("still in the renewal window")),
    RefreshColumn.EXPIRED: (_l("long expired"), _l("beyond the window")),
    RefreshColumn.CURRENT: (_l("current"), _l("the one the row expects")),
    RefreshColumn.SUPERSEDED: (_l("superseded"), _l("its successor is still unseen")),
    RefreshColumn.IN_GRACE: (_l("in grace"), _l("successor seen seconds ago")),
    RefreshColumn.REUSED: (_l("reused"), _l("successor long in use")),
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
    Outcome.THEFT: "theft",
    Outcome.LOG_IN: "login",
    Outcome.ANONYMOUS: "login",
}

WHAT = {
    "rotated": _l("Won: the one UPDATE found its row, generation %(before)s became %(after)s."),
    "renewed": _l("Won: the one UPDATE found its row, generation %(before)s became %(after)s."),
    "redelivered": _l("Lost or too late to try: the successor was there already, so the same one went out again."),
    "access only": _l("Not tried: the successor is in use elsewhere, so only an access token went out."),
    "session ended": _l("Lost: the session had ended meanwhile, so nothing was handed out."),
    "too late": _l("Lost: the view took longer than the grace, so nothing was handed out."),
    "overtaken": _l("Lost: other requests had moved on, so nothing was handed out."),
}
"""What the statement of the exit hook came to."""

COOKIE = {
    "+access": _l("access set"),
    "+refresh": _l("refresh set"),
    "-access": _l("access cleared"),
    "-refresh": _l("refresh cleared"),
}
