"""Whether an unsafe request was sent by a page of another origin.

A page can forge neither `Sec-Fetch-Site` (Fetch Metadata) nor `Origin` (RFC 6454 section 7). Every current browser
sends both with an unsafe request, older ones only `Origin`. Each is asked, and either may refuse, because a proxy or an
extension that loses one of the two must not open the door. A client that sends neither is no browser, so nobody's
cookies are abused. The CSRF token still stands behind this.
"""

from __future__ import annotations

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def is_cross_origin(method: str, sec_fetch_site: str | None, origin: str | None, own_origins: frozenset[str]) -> bool:
    """True if the request must be refused. `own_origins` are `scheme://host[:port]`, lower case."""
    if method in SAFE_METHODS:
        return False
    # "none" is the user acting: a bookmark, a reload, a restored tab.
    if sec_fetch_site not in (None, "same-origin", "none"):
        return True
    if origin is None or (origin == "null" and sec_fetch_site == "same-origin"):
        # "null" says nothing, because a page of ours with a strict referrer policy sends it too.
        return False
    return origin.lower() not in own_origins
