"""Network addresses as proxies write them, brought into one form."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

MAX_LENGTH = 64
"""Characters. The longest address, in brackets and with a port, has fewer."""


@lru_cache(maxsize=1024)
def plain_address(text: str) -> str | None:
    """The address in `text` without port, brackets and zone; None if there is none.

    `192.0.2.1:8080`, `[2001:db8::1]`, `[2001:db8::1]:443` and `::ffff:192.0.2.1` are read. The result is the address's
    one shortest form, so that a client cannot count as several by writing its address in another way.
    """
    if len(text) > MAX_LENGTH:
        return None
    host, port = text.strip(), ""
    if host.startswith("["):
        host, bracket, port = host[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            return None
        port = port[1:]
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
    if port and not (port.isascii() and port.isdigit()):
        return None
    try:
        # A zone (`%eth0`) may hold anything and names an interface of the sender's machine.
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
