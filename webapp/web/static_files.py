"""Static files under names that change with their content, so that browsers may keep them for a year.

`url_for("static", filename="css/x.css")` gives `/static/v-<hash>/css/x.css`, with one hash of all files: modules and
style sheets name each other by relative addresses and so stay within one version. While old and new hosts serve side
by side, a page of one may ask the other: that one answers with the file it has, and tells the browser to keep nothing.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from flask import Flask, Response

from webapp.web.marks import tokenless

YEAR = 365 * 24 * 3600
_VERSION = re.compile(r"v-[0-9a-f]{12}")


def register(app: Flask) -> None:
    assert app.static_folder is not None
    current = version_of(Path(app.static_folder))

    @tokenless
    def serve(filename: str) -> Response:
        first, _, rest = filename.partition("/")
        versioned = _VERSION.fullmatch(first) is not None
        answer = app.send_static_file(rest if versioned else filename)
        if first == current:
            answer.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        return answer

    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        # With `flask run --debug` files are being edited, and every reload must show the edit.
        if endpoint == "static" and not app.debug:
            values["filename"] = f"{current}/{values['filename']}"

    app.view_functions["static"] = serve
    app.url_defaults(add_version)


def version_of(folder: Path) -> str:
    """`v-` and twelve hexadecimal digits that change with any name or content in `folder`."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return f"v-{digest.hexdigest()[:12]}"
