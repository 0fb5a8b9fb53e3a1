"""A network between two programs that can swallow what is sent, or be cut at a chosen moment."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress


class Wire:
    """Forwards connections to `port` of this machine. Use as a context manager; `self.port` is its own."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        self._open = threading.Event()
        self._open.set()
        self._over = False
        self._sockets: set[socket.socket] = set()
        self._on_request: Callable[[bytes], str] | None = None
        self.cuts = 0
        """How often `cut_at` has cut."""

    def swallow(self) -> None:
        """From now on nothing arrives, in either direction, and no connection is closed: a cable that was pulled."""
        self._open.clear()

    def restore(self) -> None:
        """Let everything arrive that was held back, and all that follows."""
        self._open.set()

    def cut_at(self, word: bytes, *, delivered: bool) -> None:
        """Cut the connection at the next request that holds `word`: after it has arrived and before its answer
        (`delivered`), or before it arrives."""
        guard, before = threading.Lock(), self.cuts

        def judge(request: bytes) -> str:
            with guard:
                if self.cuts > before or word not in request:
                    return "pass"
                self.cuts += 1
            return "deliver and cut" if delivered else "cut"

        self._on_request = judge

    def __enter__(self) -> Wire:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._open.set()
        self._listener.close()
        for one in list(self._sockets):
            self._close(one)

    def _accept(self) -> None:
        while not self._over:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        self._sockets.add(near)
        self._open.wait()
        try:
            far = socket.create_connection(("127.0.0.1", self._target), 5)
            far.settimeout(None)
        except OSError:
            self._close(near)
            return
        self._sockets.add(far)
        cut = threading.Event()
        back = threading.Thread(target=self._answers, args=(far, near, cut), daemon=True)
        back.start()
        self._requests(near, far, cut, back)

    def _requests(self, near: socket.socket, far: socket.socket, cut: threading.Event, back: threading.Thread) -> None:
        with suppress(OSError):
            while data := near.recv(65536):
                self._open.wait()
                verdict = self._on_request(data) if self._on_request else "pass"
                if verdict != "pass":
                    cut.set()
                    back.join()  # from here on no answer reaches the client
                if verdict == "cut":
                    break
                far.sendall(data)
                if verdict == "deliver and cut":
                    far.settimeout(10)
                    far.recv(65536)  # the answer: the work is done
                    break
        self._close(near)
        self._close(far)

    def _answers(self, far: socket.socket, near: socket.socket, cut: threading.Event) -> None:
        with suppress(OSError):
            far.settimeout(0.05)
            while not cut.is_set():
                try:
                    data = far.recv(65536)
                except TimeoutError:
                    continue
                self._open.wait()
                if not data:
                    break
                near.sendall(data)
        if not cut.is_set():
            self._close(near)

    def _close(self, one: socket.socket) -> None:
        self._sockets.discard(one)
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
