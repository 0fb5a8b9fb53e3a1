"""Persistence: SQLAlchemy and the key file. Knows no request and no token text."""
