"""Words for what can be wrong with a field, in the reader's language."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from webapp.core import field_problems

PROBLEMS = {key: _l(text) for key, text in field_problems.PROBLEMS.items()}
