"""Head and body of an answer leave together.

Plain: gunicorn sends the head, and then the body.
Cost:  a system call. And if a worker is killed between the two, the proxy in front has half an answer, so it cannot ask
       another host for a whole one.
Here:  the head waits for the first piece of the body, or for the end of an answer without one.
"""

from __future__ import annotations

from typing import Any

HELD = "_held_head"


def join(response: Any) -> None:
    """Let the answers of this class, gunicorn's `Response`, keep their head back until there is something beside it."""
    emit, sendfile, close = response._emit_body, response.sendfile, response.close

    def send_headers(self: Any) -> None:
        if not self.headers_sent:
            head = [*self.default_headers(), *(f"{name}: {value}\r\n" for name, value in self.headers), "\r\n"]
            setattr(self, HELD, "".join(head).encode("latin-1"))
            self.headers_sent = True

    def send_held(self: Any, body: bytes = b"") -> None:
        held: bytes = self.__dict__.pop(HELD, b"")
        if held:
            self.sock.sendall(held + body)

    def emit_body(self: Any, body: bytes) -> None:
        if HELD in self.__dict__ and not self.chunked:
            send_held(self, body)
        else:
            send_held(self)
            emit(self, body)

    def send_file(self: Any, answer: Any) -> Any:
        self.send_headers()
        send_held(self)
        return sendfile(self, answer)

    def end(self: Any) -> None:
        self.send_headers()
        send_held(self)
        close(self)

    response.send_headers, response._emit_body, response.sendfile, response.close = (
        send_headers,
        emit_body,
        send_file,
        end,
    )
