"""Variables that Kubernetes and Docker make for a service called `webapp`. They are nobody's setting."""

from __future__ import annotations

import re
from collections.abc import Mapping

_INJECTED = re.compile(
    r"WEBAPP_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_[A-Z0-9_]+)?)"
)


def is_injected(name: str, value: str, given: Mapping[str, str]) -> bool:
    """Did Kubernetes or Docker make this variable, for a service or a linked container called `webapp` (or `webapp-x`)?

    They are nobody's setting. `WEBAPP_PORT=9000`, which a person has typed, is not of their form.
    """
    if _INJECTED.fullmatch(name):
        return True
    if name.endswith("_PORT"):
        return re.match(r"(tcp|udp|sctp)://", value) is not None
    # Docker links: the pair of names, and the other container's own environment.
    linked = re.match(r"/[^/]+/[^/]+$", given.get("WEBAPP_NAME", "")) is not None
    return linked and (name == "WEBAPP_NAME" or name.startswith("WEBAPP_ENV_"))
