"""A user agent in words: which browser, on which system. For people to recognise a session by; trusted for nothing."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_OWN_RULES = (
    # In-app browsers call themselves Chrome or Safari first and only say at the end whose window it is.
    (re.compile(r"KAKAOTALK", re.IGNORECASE), "KakaoTalk"),
    (re.compile(r"NAVER\("), "NAVER"),
    (re.compile(r"\bWhale/"), "Whale"),
    (re.compile(r"\bSamsungBrowser/"), "Samsung Internet"),
)
_SIMPLER = {
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "Safari",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Chrome",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Edge Mobile": "Edge",
    "Opera Mobile": "Opera",
    "HeadlessChrome": "Chrome",
    "Mac OS X": "macOS",
}
_PROGRAM = re.compile(r"[A-Za-z][A-Za-z0-9 ._-]{0,38}(?=/\d)")
"""How programs that are no browsers begin: `curl/8.5.0`, `python-httpx/0.27`."""


class Device(NamedTuple):
    """What is known; None where the user agent does not say."""

    browser: str | None
    system: str | None
    kind: str
    """desktop, phone, tablet or program: which picture to show."""


@lru_cache(maxsize=512)
def recognise(user_agent: str) -> Device:
    """Find browser and system in a `User-Agent` header (RFC 9110 section 10.1.5). Never raises."""
    from ua_parser import parse  # loads its rules for a quarter of a second, so only where a session is shown

    result = parse(user_agent)
    own = next((name for pattern, name in _OWN_RULES if pattern.search(user_agent)), None)
    found = result.user_agent.family if result.user_agent else None
    system = result.os.family if result.os else None
    if own is None and system is None:
        program = _PROGRAM.match(user_agent)
        return Device(program.group().strip() if program else None, None, "program")
    browser = own or _SIMPLER.get(found or "", found)
    return Device(browser, _SIMPLER.get(system or "", system), _kind(user_agent, system))


def _kind(user_agent: str, system: str | None) -> str:
    if "iPad" in user_agent or (system == "Android" and "Mobile" not in user_agent):
        return "tablet"
    return "phone" if system in ("iOS", "Android") else "desktop"


def shortened(address: str) -> str:
    """An address, coarse enough to be shown: the last number of IPv4, all but three groups of IPv6 left out."""
    if ":" in address:
        groups = address.split("::")[0].split(":")[:3]
        return ":".join(group for group in groups if group) + "::x"
    head, dot, _last = address.rpartition(".")
    return f"{head}.x" if dot else address
