"""Every `<time>` names its moment in a form that programs read (HTML, section 4.5.14)."""

from __future__ import annotations

from datetime import datetime
from html.parser import HTMLParser

from flask import Flask

from tests.support.browser import Browser

STRANGERS = ("/", "/login", "/inspector")
OWN = ("/", "/account", "/account/sessions", "/account/activity", "/lab", "/inspector", "/admin")


class Times(HTMLParser):
    """Collects the `datetime` attribute of each `<time>`."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str | None] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "time":
            self.found.append(dict(attrs).get("datetime"))


def test_every_time_is_a_moment_with_its_zone(app: Flask, visitor: Browser) -> None:
    """Each `<time>` on every kind of page has a machine-readable moment with its zone."""
    found = {f"{path} (stranger)": Times(visitor.get(path).text).found for path in STRANGERS}
    name = visitor.sign_up()
    app.test_cli_runner().invoke(args=["users", "set-role", name, "admin"])
    for path in ("/", "/lab", "/lab"):
        visitor.get(path)
    found |= {path: Times(visitor.get(path).text).found for path in OWN}
    person = "/admin/people/" + visitor.get("/admin").text.partition('href="/admin/people/')[2].partition('"')[0]
    found[person] = Times(visitor.get(person).text).found
    assert all(found[path] for path in ("/lab", "/inspector", "/admin", person, "/account/activity"))
    for path, moments in found.items():
        for moment in moments:
            assert moment, path
            assert datetime.fromisoformat(moment).tzinfo is not None, (path, moment)
