"""Static files: kept for a year under their own name, never under a wrong one."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from flask import Flask

from tests.support.browser import Browser
from webapp.web.static_files import version_of


def test_pages_name_files_by_their_content_and_browsers_may_keep_them(visitor: Browser) -> None:
    """The style sheet's address holds the version; the answer says a year and immutable, and varies on nothing."""
    address = re.search(r'href="(/static/v-[0-9a-f]{12}/css/tokenroom\.css)"', visitor.get("/login").text)
    assert address
    answer = visitor.get(address[1])
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "cookie" not in answer.headers.get("vary", "").lower()
    assert "set-cookie" not in answer.headers


def test_text_is_sent_with_gzip_to_those_who_take_it(app: Flask) -> None:
    """The same bytes in a fifth of the length; a browser that has them is told so; others get them as they are."""
    client, address = app.test_client(), "/static/css/tokenroom.css"
    plain = client.get(address, buffered=True, headers={"Accept-Encoding": "identity"})
    packed = client.get(address, buffered=True, headers={"Accept-Encoding": "br, gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert int(packed.headers["content-length"]) == len(packed.data) < len(plain.data) / 3
    assert "Accept-Encoding" in plain.headers["vary"]
    assert "Accept-Encoding" in packed.headers["vary"]
    known = {"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]}
    assert client.get(address, buffered=True, headers=known).status_code == 304
    ranged = client.get(address, buffered=True, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-9"})
    assert (ranged.status_code, ranged.data) == (206, plain.data[:10])
    refused = client.get(address, buffered=True, headers={"Accept-Encoding": "gzip;q=0"})
    assert refused.data == plain.data


def test_another_version_is_served_but_not_kept(visitor: Browser) -> None:
    """A page of a newer host asks an older one. It gets the file, and asks again next time."""
    answer = visitor.get("/static/v-0123456789ab/css/tokenroom.css")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert visitor.get("/static/css/tokenroom.css").headers["cache-control"] == "no-cache"


def test_nothing_outside_the_folder(app: Flask, visitor: Browser) -> None:
    """Climbing out of the folder finds nothing, with or without a version."""
    for path in (
        "../wsgi.py",
        "v-0123456789ab/../../wsgi.py",
        "v-0123456789ab/%2e%2e/%2e%2e/wsgi.py",
        "v-0123456789ab",
        "",
    ):
        assert visitor.get(f"/static/{path}").status_code in (404, 308), path


def test_the_version_changes_with_name_and_content(tmp_path: Path) -> None:
    """A changed name or content gives another version."""
    (tmp_path / "a.js").write_text("1")
    first = version_of(tmp_path)
    (tmp_path / "a.js").write_text("2")
    second = version_of(tmp_path)
    (tmp_path / "a.js").rename(tmp_path / "b.js")
    assert len({first, second, version_of(tmp_path)}) == 3
