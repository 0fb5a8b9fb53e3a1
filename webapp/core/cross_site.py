"""Was an unsafe request sent by one of our own pages?

`Sec-Fetch-Site` cannot be forged by a page and is sent by every current browser; `Origin` decides for older ones.
A client that sends neither is no browser, so nobody's cookies are abused; the CSRF token still stands behind this.
"""

from __future__ import annotations

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def is_cross_site(method: str, sec_fetch_site: str | None, origin: str | None, own_origins: frozenset[str]) -> bool:
    """True if the request must be refused. `own_origins` are `scheme://host[:port]`, lower case."""
    if method in SAFE_METHODS:
        return False
    if sec_fetch_site is not None:
        # "none" is the person acting: a bookmark, a reload, a restored tab.
        return sec_fetch_site not in ("same-origin", "none")
    return origin is not None and origin.lower() not in own_origins
