"""How long a request waited for a thread. The worker notes it, the web charges it to the request's patience.

Without it, a request behind four others that each wait five seconds for the database would wait ten.
"""

from __future__ import annotations

import threading

_this_thread = threading.local()


def note(seconds: float) -> None:
    """Write down how many seconds the request that this thread begins has waited."""
    _this_thread.seconds = seconds


def seconds_queued() -> float:
    """Seconds that this thread's request waited; 0 under a server that does not say."""
    seconds: float = getattr(_this_thread, "seconds", 0.0)
    return seconds
