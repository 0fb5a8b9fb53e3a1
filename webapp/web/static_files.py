"""Static files under names that change with their content, so that browsers may keep them for a year.

`url_for("static", filename="css/x.css")` gives `/static/v-<hash>/css/x.css`, with one hash of all files. Modules and
style sheets name each other by relative addresses and so stay within one version. While old and new hosts serve side
by side, a page of one may ask the other. That one answers with the file it has, and tells the browser to keep nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from webapp.web.marks import steady, tokenless

YEAR = 365 * 24 * 3600
COMPRESSED = frozenset({"text/css", "text/javascript", "image/svg+xml"})
"""Media types sent with gzip to those who take it. They hold no secret that their length could tell (BREACH)."""
_VERSION = re.compile(r"v-[0-9a-f]{12}")


def register(app: Flask) -> None:
    assert app.static_folder is not None
    current = version_of(Path(app.static_folder))

    @tokenless
    def serve(filename: str) -> Response:
        first, _, rest = filename.partition("/")
        versioned = _VERSION.fullmatch(first) is not None
        answer = app.send_static_file(rest if versioned else filename)
        if answer.mimetype in COMPRESSED:
            compress(answer)
        if first == current:
            answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        return answer

    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        # With `flask run --debug` files are being edited, and every reload must show the edit.
        if endpoint == "static" and not app.debug:
            values["filename"] = f"{current}/{values['filename']}"

    app.view_functions["static"] = serve
    app.url_defaults(steady(add_version))


def compress(answer: Response) -> None:
    """Send a file with gzip, where the sender takes it and wants all of it."""
    answer.vary.add("Accept-Encoding")
    etag, _ = answer.get_etag()
    if answer.status_code != 200 or etag is None or not request.accept_encodings["gzip"]:
        return
    answer.direct_passthrough = False
    answer.set_data(_compressed(answer.get_data()))
    answer.headers["Content-Encoding"] = "gzip"
    answer.set_etag(etag, weak=True)


@lru_cache(maxsize=64)
def _compressed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def version_of(folder: Path) -> str:
    """`v-` and twelve hexadecimal digits that change with any name or content in `folder`."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return f"v-{digest.hexdigest()[:12]}"
