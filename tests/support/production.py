"""Settings of a production host for tests, with keys that several hosts share."""

from __future__ import annotations

from pathlib import Path

from webapp import create_app


def production(folder: Path, **more: str) -> dict[str, str]:
    """Make a key ring in `folder` (as development does) and the settings that use it behind one proxy."""
    create_app({"WEBAPP_INSTANCE_PATH": str(folder)})
    return {
        "WEBAPP_ENV": "production",
        "WEBAPP_PUBLIC_URL": "https://localhost",
        "WEBAPP_TRUSTED_PROXIES": "1",
        "WEBAPP_KEYS_FILE": str(folder / "keys.json"),
        **more,
    }
