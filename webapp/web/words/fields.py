"""Words for what can be wrong with a field, in the reader's language."""

from __future__ import annotations

from webapp.core import field_problems
from webapp.web.texts import lazy_gettext as _l

PROBLEMS = {key: _l(text) for key, text in field_problems.PROBLEMS.items()}
