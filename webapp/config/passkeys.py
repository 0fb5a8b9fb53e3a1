"""`WEBAPP_PASSKEY_RP_ID`: the name that passkeys belong to (WebAuthn Level 3 section 5.1.2: RP ID)."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from webapp.core.origins import is_number, site_address


def rp_id_for(public_url: str) -> Callable[[str], str]:
    """A parser of RP IDs that pages of `public_url` may use: its host, which is the default, or a parent domain of it.

    Its result is empty where that host is a number, because browsers make no passkeys there.
    """
    host = urlsplit(public_url).hostname or ""

    def parse(text: str) -> str:
        if is_number(host):
            if text:
                raise ValueError("must stay empty: WEBAPP_PUBLIC_URL names a number, and passkeys need a name")
            return ""
        name = _name(text) if text else host
        # Browsers refuse a parent that many sites share (com, co.uk). One without a dot is always such a one.
        if name != host and not (host.endswith(f".{name}") and "." in name):
            raise ValueError(f"must be {host} or a parent domain of it")
        return name

    return parse


def _name(text: str) -> str:
    if ":" in text or "/" in text:
        return ""
    try:
        return urlsplit(site_address(f"https://{text}")).hostname or ""
    except ValueError:
        return ""
