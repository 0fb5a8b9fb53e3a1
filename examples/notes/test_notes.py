"""The product's own test: through the front door, as its users come. `python -m pytest examples/notes`."""

import re

import pytest


@pytest.fixture
def site(tmp_path, monkeypatch):
    monkeypatch.setenv("WEBAPP_INSTANCE_PATH", str(tmp_path))
    monkeypatch.syspath_prepend(__file__.rpartition("/")[0])
    from flask_migrate import upgrade
    from site_wsgi import MIGRATIONS, app

    from webapp import adopt
    from webapp.cli import add_migrations
    from webapp.store.database import db

    add_migrations(app)  # what `flask db` does by itself
    adopt.add_migrations(app, MIGRATIONS)
    with app.app_context():
        upgrade(revision="heads")
    yield app.test_client()
    with app.app_context():
        db.engine.dispose()


def token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found
    return found[1]


def test_notes_are_closed_kept_and_shown(site):
    """A stranger is asked to log in, a user keeps a note, and every page has this product's name."""
    html = {"Accept": "text/html"}
    assert site.get("/notes", headers=html).status_code == 303
    about = site.get("/notes/about", headers=html)
    assert about.status_code == 200
    assert "Notes &amp; Co" in about.text
    with site.get(re.search(r'href="(/notes/static/[^"]+)"', about.text)[1]) as style:
        assert style.status_code == 200
    page = site.get("/signup").text
    form = {"username": "ada", "email": "ada@example.com", "password": "a perfectly fine sentence"}
    assert site.post("/signup", data=form | {"csrf_token": token(page)}).status_code == 303
    page = site.get("/notes").text
    assert ">Notes</a>" in page
    assert site.post("/notes", data={"text": "milk"}).status_code == 403
    assert site.post("/notes", data={"text": "milk", "csrf_token": token(page)}).status_code == 303
    assert "<li>milk</li>" in site.get("/notes").text
