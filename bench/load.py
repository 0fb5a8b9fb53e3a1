"""A load generator for one sync worker: a window of connections, answered in the order they were opened.

A sync worker closes each connection after its answer, so every request opens one. With a few requests always waiting
the worker never idles, and one thread of Python is enough to keep it busy.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

WINDOW = 4
TIMEOUT = 30.0


class Answer(NamedTuple):
    status: int
    cookies: dict[str, str]
    body: bytes


class Load(NamedTuple):
    seconds: float
    answers: list[Answer]

    def demand(self, *statuses: int) -> None:
        """A contender that answers anything else is not being measured but refused."""
        strange = [answer for answer in self.answers if answer.status not in statuses]
        if strange:
            raise SystemExit(f"bench: {len(strange)} answers like {strange[0].status} {strange[0].body[:300]!r}")


def request(
    method: str, path: str, *, host: str = "127.0.0.1", cookies: dict[str, str] | None = None, body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> bytes:  # fmt: skip
    """The bytes of one request with a browser's headers; HTTP/1.0, because a sync worker closes anyway."""
    lines = [f"{method} {path} HTTP/1.0", f"Host: {host}", "Accept: text/html,application/xhtml+xml,*/*;q=0.8"]
    lines += ["User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench", "Sec-Fetch-Mode: navigate"]
    lines += ["Sec-Fetch-Site: same-origin", "Accept-Encoding: gzip", "Accept-Language: en"]
    if cookies:
        lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in cookies.items()))
    if body:
        lines.append(f"Content-Length: {len(body)}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def send(port: int, requests: Iterable[bytes], window: int = WINDOW) -> Load:
    """Send every request once, at most `window` at a time."""
    waiting: deque[socket.socket] = deque()
    answers: list[Answer] = []
    started = time.perf_counter()
    for message in requests:
        if len(waiting) >= window:
            answers.append(_read(waiting.popleft()))
        connection = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        connection.sendall(message)
        waiting.append(connection)
    while waiting:
        answers.append(_read(waiting.popleft()))
    return Load(time.perf_counter() - started, answers)


def _read(connection: socket.socket) -> Answer:
    with connection:
        parts = []
        while part := connection.recv(65536):
            parts.append(part)
    head, _, body = b"".join(parts).partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    cookies = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name.lower() == "set-cookie":
            cookie, _, text = value.partition(";")[0].partition("=")
            cookies[cookie] = text
    return Answer(int(status.split(" ", 2)[1]), cookies, body)
