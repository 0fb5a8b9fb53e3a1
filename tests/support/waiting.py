"""Wait for something outside this process: a program that starts, a worker that is replaced, a thread that arrives.

Time itself is never waited for. A test sets the clock (`tests/support/clock.py`).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], seconds: float = 20, what: str = "") -> T:
    """Ask `condition` again and again until its answer is true, and return that answer.

    Raises AssertionError, with `what` in its message, after `seconds`.
    """
    deadline = time.monotonic() + seconds
    pause = 0.002
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what or condition}"
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    return answer


def is_listening(port: int) -> bool:
    """Does a program accept connections on this port of 127.0.0.1?"""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
