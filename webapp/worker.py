"""gunicorn's threaded worker with two threads more, for the probes of supervisors and balancers.

Plain: all requests share `threads` threads.
Cost:  while each of them waits for the database, /healthz waits too, and a supervisor kills a healthy worker.
Here:  while all are taken, a request is looked at before it is queued; probes go to threads of their own.
"""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn.http import wsgi
from gunicorn.workers.gthread import ThreadWorker

from webapp import queued, whole_answers

PROBES = (b"GET /healthz", b"HEAD /healthz", b"GET /readyz", b"HEAD /readyz")
LONGEST = max(map(len, PROBES)) + 1

whole_answers.join(wsgi.Response)


class Worker(ThreadWorker):  # type: ignore[misc] # gunicorn has no types
    """Everything else is gunicorn's own."""

    def init_process(self) -> None:
        self.taken = 0
        """Connections that wait for one of the ordinary threads, or have one."""
        self.probe_pools = {b"/healthz": ThreadPoolExecutor(1), b"/readyz": ThreadPoolExecutor(1)}
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """Hand a connection to a thread. Runs in the main thread, like `finish_request`."""
        conn.queued_at = time.monotonic()
        pool = self.tpool
        if self.taken >= self.cfg.threads and not self.cfg.is_ssl and not _was_read_ahead(conn):
            first = _peek(conn.sock)
            if first is None:
                self._wait_until_readable(conn)
                return
            pool = self.probe_pools.get(_path_of_probe(first), pool)
        conn.takes_thread = pool is self.tpool
        self.taken += conn.takes_thread
        done = pool.submit(self.handle, conn)
        done.add_done_callback(lambda future: self.method_queue.defer(self.finish_request, conn, future))

    def finish_request(self, conn: Any, fs: Any) -> None:
        self.taken -= conn.takes_thread
        super().finish_request(conn, fs)

    def handle(self, conn: Any) -> Any:
        queued.note(time.monotonic() - conn.queued_at)
        return super().handle(conn)

    def _wait_until_readable(self, conn: Any) -> None:
        # As gunicorn does with a connection that sent nothing within its patience.
        conn.sock.setblocking(False)
        conn.timeout = time.monotonic() + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, 1, partial(self.on_pending_socket_readable, conn))  # 1: EVENT_READ


def _peek(sock: socket.socket) -> bytes | None:
    """The first bytes of what waits to be read; None if nothing does."""
    try:
        return sock.recv(LONGEST, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    except OSError:
        return b""  # reset by its client; an ordinary thread finds that out


def _was_read_ahead(conn: Any) -> bool:
    """Does the next request stand in gunicorn's own buffer already? Then the socket never becomes readable."""
    return conn.parser is not None and bool(conn.parser.unreader.buf.getvalue())


def _path_of_probe(first: bytes) -> bytes:
    for probe in PROBES:
        if first.startswith(probe) and first[len(probe) : len(probe) + 1] in (b" ", b"?"):
            return probe.split()[1]
    return b""
