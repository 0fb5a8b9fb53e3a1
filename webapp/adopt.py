"""For a product that is built on this repository: what it may add without editing a file of it (docs/adopting.md).

Call these after `create_app()`, before the first request. Everything else is Flask's own: blueprints with templates
and static files, models on `webapp.store.database.db`, commands on `app.cli`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import ChoiceLoader, FileSystemLoader

from webapp.web import navigation


def name_site(app: Flask, name: str) -> None:
    """The name in the header and in the title of every page, instead of Tokenroom."""
    app.config["BRAND"] = name


def add_menu_entry(app: Flask, endpoint: str, words: Any, role: str | None = None) -> None:
    """A link in the header of signed-in users, behind ours. `words` may be lazy; `role`: who sees it, None for all."""
    navigation.add_entry(app, endpoint, words, role)


def prefer_templates(app: Flask, folder: Path) -> None:
    """A template in `folder` is taken instead of ours of the same name: `home.html` for another front page."""
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder), *filter(None, [app.jinja_loader])])


def add_migrations(app: Flask, folder: Path) -> None:
    """A folder of migrations of your own: a branch beside ours, so that ours and yours grow without each other.

    For `flask db …`; a worker never migrates.
    """
    extension = app.extensions.get("migrate")
    if extension is None:
        return
    ours = Path(extension.directory.replace("%%", "%")) / "versions"

    def configure(config: Any) -> Any:
        config.set_main_option("path_separator", "os")
        config.set_main_option("version_locations", os.pathsep.join((str(ours), str(folder))).replace("%", "%%"))
        return config

    extension.migrate.configure(configure)
