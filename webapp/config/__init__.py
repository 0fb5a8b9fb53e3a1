"""Settings: read once, at the start, from `WEBAPP_…`; what is unusable stops the start with one line that names it."""
