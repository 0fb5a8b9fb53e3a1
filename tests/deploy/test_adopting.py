"""A product built on this repository: examples/notes has its own test and migrations, and changes no file of ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Blueprint, Flask

from tests.support.browser import Browser
from tests.support.server import ROOT
from webapp import adopt


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example in a folder of its own, whose name holds what names hold."""
    folder = tmp_path_factory.mktemp("product") / "my notes 100% 노트"
    shutil.copytree(ROOT / "examples" / "notes", folder, ignore=shutil.ignore_patterns("__pycache__", "instance"))
    return folder


def run(product: Path, *command: str) -> str:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("WEBAPP_")}
    environment = outside | {"PYTHONPATH": str(ROOT), "WEBAPP_INSTANCE_PATH": str(product / "instance")}
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=product, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_own_test_passes(product: Path) -> None:
    """Closed by default, a form, a page for strangers with a style sheet of its own, an entry in the menu, a name."""
    assert "1 passed" in run(product, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-c", os.devnull, ".")


def test_its_migrations_are_a_branch_beside_ours(product: Path) -> None:
    """One command applies both, and neither waits for the other, so our next release has no "multiple heads"."""
    run(product, "flask", "--app", "site_wsgi", "db", "upgrade")
    heads = run(product, "flask", "--app", "site_wsgi", "db", "heads")
    assert "notes_0001 (notes)" in heads
    assert len(heads.split("(head)")) == 3
    assert "no users" in run(product, "flask", "--app", "site_wsgi", "users", "list")


def test_a_blueprints_files_are_open_and_a_view_called_static_is_not(app: Flask) -> None:
    """Its style sheets are for the strangers on its public pages; a view is closed, whatever its name is."""
    files = Blueprint("files", __name__, url_prefix="/files", static_folder=str(ROOT / "static" / "css"))
    pages = Blueprint("pages", __name__, url_prefix="/pages")
    pages.add_url_rule("/secret", "static", lambda: "secret")
    app.register_blueprint(files)
    app.register_blueprint(pages)
    stranger = Browser.of_app(app)
    style = stranger.get("/files/css/tokenroom.css")
    assert style.status_code == 200
    assert "set-cookie" not in style.headers
    assert stranger.get("/pages/secret").status_code == 303


def test_a_name_a_link_and_a_page_instead_of_ours(app: Flask, visitor: Browser, tmp_path: Path) -> None:
    """A link may be for one role only, and a template of the product's wins over ours."""
    adopt.name_site(app, "Acme & Co")
    adopt.add_menu_entry(app, "open_page", "Of Acme")
    adopt.add_menu_entry(app, "pid", "For its chiefs", "admin")
    (tmp_path / "login.html").write_text("{% extends 'base.html' %}{% block main %}Acme's own door{% endblock %}")
    adopt.prefer_templates(app, tmp_path)
    assert "Acme's own door" in visitor.get("/login").text
    visitor.sign_up()
    page = visitor.get("/account").text
    assert "Acme &amp; Co</title>" in page
    assert ">Of Acme</a>" in page
    assert "For its chiefs" not in page
