"""Head and body leave together, so a worker that is killed leaves no half answer behind."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import wsgi

from webapp import whole_answers


class Answers(wsgi.Response):
    """Gunicorn's, changed as in a worker."""


whole_answers.join(Answers)


class Wire:
    """A socket that notes what is sent at once."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.sent.append(data)

    def sendfile(self, file: Any, offset: int, count: int) -> None:
        file.seek(offset)
        self.sent.append(file.read(count))


def answer(status: str, *headers: tuple[str, str], method: str = "GET") -> tuple[Any, Wire]:
    wire = Wire()
    request = SimpleNamespace(
        method=method, version=(1, 1), headers=[], should_close=lambda: False, proxy_protocol_info=None
    )
    response = Answers(request, wire, Config())
    response.start_response(status, list(headers))
    return response, wire


def test_a_page_leaves_in_one_piece() -> None:
    """One send carries the head and the body."""
    response, wire = answer("200 OK", ("Content-Length", "5"))
    response.write(b"hello")
    response.close()
    (sent,) = wire.sent
    assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sent.endswith(b"Content-Length: 5\r\n\r\nhello")


def test_further_pieces_follow() -> None:
    """The head goes with the first one alone."""
    response, wire = answer("200 OK", ("Content-Length", "6"))
    for piece in (b"ab", b"cd", b"ef"):
        response.write(piece)
    response.close()
    assert [piece[-2:] for piece in wire.sent] == [b"ab", b"cd", b"ef"]
    assert b"".join(wire.sent).count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    ("status", "method"), [("200 OK", "HEAD"), ("304 Not Modified", "GET"), ("303 See Other", "GET")]
)
def test_an_answer_without_a_body_is_its_head(status: str, method: str) -> None:
    """It leaves when the answer ends."""
    response, wire = answer(status, ("Content-Length", "0"), method=method)
    response.write(b"")
    response.close()
    assert b"".join(wire.sent).startswith(f"HTTP/1.1 {status}\r\n".encode())
    assert b"".join(wire.sent).endswith(b"\r\n\r\n")


def test_a_body_of_unknown_length_is_sent_in_chunks() -> None:
    """Each chunk keeps its own frame, and the head comes before the first."""
    response, wire = answer("200 OK")
    response.write(b"abc")
    response.close()
    assert b"".join(wire.sent).endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")


def test_a_file_follows_its_head(tmp_path: Path) -> None:
    """The kernel sends the file, after the head."""
    path = tmp_path / "file"
    path.write_bytes(b"of the kernel")
    response, wire = answer("200 OK", ("Content-Length", "13"))
    with path.open("rb") as file:
        response.write_file(wsgi.FileWrapper(file))
    response.close()
    assert b"".join(wire.sent).endswith(b"\r\n\r\nof the kernel")
