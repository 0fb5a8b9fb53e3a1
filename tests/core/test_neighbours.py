"""A token of another application on the same host is told from a spoilt one of ours."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.core.base64url import encode_base64url
from webapp.core.neighbours import is_a_neighbours

OURS = "http://127.0.0.1:8000"


def token(header: object, claims: object, rest: str = "c2ln") -> str:
    return ".".join(encode_base64url(json.dumps(part).encode()) for part in (header, claims)) + f".{rest}"


KIDS = {"access-1", "refresh-1"}
HS256 = {"alg": "HS256", "typ": "JWT"}


@pytest.mark.parametrize(
    "text",
    [
        token(HS256, {"iss": "http://127.0.0.1:8001", "sub": "1"}),
        token(HS256, {"sub": "1", "exp": 1}),  # as many a tutorial makes it
        token(HS256, {"iss": ["http://127.0.0.1:8000"]}),
        token(HS256, {"iss": OURS + "/"}),
        encode_base64url(b'{"user": 7}') + ".ZyW3Rg.c2lnbmF0dXJl",  # another framework's signed cookie
        token({"alg": "dir", "enc": "A256GCM"}, {}, "aXY.dGV4dA.dGFn"),  # encrypted
        token(HS256, {"iss": OURS}) + ",refresh_token=" + token(HS256, {"iss": OURS}),  # joined on the way
        token({**HS256, "kid": "k"}, {"iss": "https://accounts.example"}).replace(".", "=.", 1),
    ],
)
def test_anothers(text: str) -> None:
    """It has a token's form and names another issuer, or none."""
    assert is_a_neighbours(text, OURS, KIDS)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "garbage",
        "a.b.c",
        token(HS256, {"iss": OURS}),
        token(HS256, {"iss": OURS}, "not-the-signature"),
        token(HS256, {"iss": OURS})[:40],
        token(HS256, {"iss": OURS}) + ",",
        token({**HS256, "kid": "access-1"}, {"iss": "http://127.0.0.1:8001"}),  # by our key: forged, or of an old name
        token({"kid": "access-1"}, {}),
        token({}, {"iss": OURS}),
        token(HS256, "text"),
        token([], {"iss": "x"}),
        token(HS256, {"iss": "x" * 8000}),
        "..",
        "....",
    ],
)
def test_ours_or_nothing(text: str | None) -> None:
    """Ours, also spoilt; and what is no token at all."""
    assert not is_a_neighbours(text, OURS, KIDS)


@given(st.text(alphabet=st.sampled_from('eyJhbGciOi.=-_{}"é\x00'), max_size=60))
def test_it_never_raises(text: str) -> None:
    """With any text in the cookie."""
    is_a_neighbours(text, OURS, KIDS)
