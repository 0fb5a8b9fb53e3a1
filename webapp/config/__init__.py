"""Settings: read once, at the start, from `WEBAPP_…`; an unusable one stops the start with one line that names it."""
