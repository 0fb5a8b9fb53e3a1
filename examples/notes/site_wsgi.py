"""A product on top of Tokenroom: `gunicorn site_wsgi:app` and `flask --app site_wsgi …`, in this folder.

Everything of its own is in this folder; no file of Tokenroom is changed. PYTHONPATH names Tokenroom's folder.
"""

from pathlib import Path

from notes import blueprint

from webapp import adopt
from wsgi import app

MIGRATIONS = Path(__file__).parent / "migrations"

app.register_blueprint(blueprint)
adopt.name_site(app, "Notes & Co")
adopt.add_menu_entry(app, "notes.show", "Notes")
adopt.add_migrations(app, MIGRATIONS)
