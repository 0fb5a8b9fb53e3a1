"""Addresses as proxies write them."""

from __future__ import annotations

import pytest

from webapp.core.addresses import MAX_LENGTH, plain_address


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:52011", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:c000:201]:80", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("fe80::1%<script>", "fe80::1"),
    ],
)
def test_one_address_has_one_form(written: str, plain: str) -> None:
    """Port, brackets, zone and spelling make no second address, and IPv4 within IPv6 is IPv4."""
    assert plain_address(written) == plain


@pytest.mark.parametrize(
    "written",
    [
        "", "unknown", "_hidden", "192.0.2", "192.0.2.1:x", "192.0.2.1:٣", "[2001:db8::1", "2001:db8::1]:80", "[::1]x",
        "[::1]80", "192.0.2.01", "<script>", "a" * 16_000, " " * MAX_LENGTH, "\x00", "192.0.2.1\n, 1.1.1.1",
    ],
)  # fmt: skip
def test_what_is_no_address_is_none(written: str) -> None:
    """Anything else is refused, and long text without a look at it."""
    assert plain_address(written) is None
