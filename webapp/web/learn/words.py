"""Words of the lesson that are lists: its steps, what a visitor may do to the example, which algorithm for what."""

from __future__ import annotations

from webapp.web.texts import lazy_gettext as _l

STEPS = (
    _l("Session or token?"),
    _l("The three parts of a JWT"),
    _l("Encoded is not encrypted"),
    _l("Claims: what a token says"),
    _l("Why there are two tokens"),
    _l("Where to keep them"),
    _l("Logging in"),
    _l("The four cases"),
    _l("In a header: the Bearer flow"),
    _l("Logging out"),
)

CHANGES = {
    "role": _l("user → admin"),
    "year": _l("one more year"),
    "none": _l("alg: none"),
}
"""What a visitor may do to the example token, by the word in the address."""

_BOTH_HALVES = _l("the private key signs, the public key verifies")

ALGORITHMS = (
    (
        ("HS256",),
        _l("one secret key does both"),
        _l("the application that signs is the only one that verifies: short and fast"),
    ),
    (("EdDSA",), _BOTH_HALVES, _l("other services verify too, and their libraries are recent: short and fast")),
    (("ES256",), _BOTH_HALVES, _l("other services verify too: short, and known to almost every library")),
    (
        ("RS256", "PS256"),
        _BOTH_HALVES,
        _l("a partner's software knows only RSA: long and slow to sign; PS256 if it can"),
    ),
    (("none",), _l("nobody"), _l("never: anyone can write such a token")),
)
"""(names, who signs and who verifies, when to choose it)."""
