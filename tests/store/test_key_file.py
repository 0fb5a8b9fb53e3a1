"""The key ring's file: made once by many, mode 0600, followed by those who run."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from webapp import create_app
from webapp.core.errors import KeyRingError
from webapp.core.key_ring import KeyRing, new_ring
from webapp.core.keys import ACCESS, new_secret
from webapp.store.key_file import KeyFile, ReloadingKeyRing


def make(folder: str, barrier: object, results: object) -> None:
    file = KeyFile(Path(folder) / "keys.json")
    ring = new_ring([new_secret(ACCESS, 1)], 1)
    barrier.wait(30)  # type: ignore[attr-defined]
    made = file.create(ring)
    results.put((made, file.read().to_json()))  # type: ignore[attr-defined]


def test_of_eight_processes_at_once_one_makes_it(tmp_path: Path) -> None:
    """One of eight processes makes the key file, all use it, and only its owner can read it."""
    processes = multiprocessing.get_context("fork") if os.name == "posix" else multiprocessing.get_context()
    barrier, results = processes.Barrier(8), processes.Queue()
    started = [processes.Process(target=make, args=(str(tmp_path), barrier, results)) for _ in range(8)]
    for process in started:
        process.start()
    answers = [results.get(timeout=30) for _ in started]
    for process in started:
        process.join(30)
    assert [made for made, _ in answers].count(True) == 1
    assert len({ring for _, ring in answers}) == 1
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"], "no drafts are left behind"


def test_the_mode_does_not_depend_on_the_umask(tmp_path: Path) -> None:
    """The key file has mode 0600 under an umask of 0."""
    before = os.umask(0)
    try:
        create_app({"WEBAPP_INSTANCE_PATH": str(tmp_path / "new" / "folder")})
    finally:
        os.umask(before)
    path = tmp_path / "new" / "folder" / "keys.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_start_uses_the_same_keys(tmp_path: Path) -> None:
    """A second start leaves the key file as it is."""
    create_app({"WEBAPP_INSTANCE_PATH": str(tmp_path)})
    first = (tmp_path / "keys.json").read_text()
    create_app({"WEBAPP_INSTANCE_PATH": str(tmp_path)})
    assert (tmp_path / "keys.json").read_text() == first


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"keys": []}'])
def test_a_broken_file_stops_the_start_and_names_it(tmp_path: Path, content: bytes) -> None:
    """A broken key file stops the start, is named and is never overwritten."""
    (tmp_path / "keys.json").write_bytes(content)
    with pytest.raises(KeyRingError, match=r"keys\.json"):
        create_app({"WEBAPP_INSTANCE_PATH": str(tmp_path)})
    assert (tmp_path / "keys.json").read_bytes() == content, "never overwritten"


@pytest.fixture
def followed(tmp_path: Path) -> tuple[KeyFile, ReloadingKeyRing]:
    file = KeyFile(tmp_path / "keys.json")
    ring = new_ring([new_secret(ACCESS, 1)], 1)
    file.create(ring)
    return file, ReloadingKeyRing(file, file.read())


def test_a_change_is_seen_within_five_seconds(followed: tuple[KeyFile, ReloadingKeyRing]) -> None:
    """A running process uses a rotated key within five seconds."""
    file, follower = followed
    _, rotated = file.change(lambda ring: ring.rotate(new_secret(ACCESS, 2), 2))
    assert follower.current().active(ACCESS).kid == rotated.active(ACCESS).kid


@pytest.mark.parametrize("content", [None, "", "{", '{"keys": []}'])
def test_a_slip_of_an_editor_keeps_the_ring_in_use(
    followed: tuple[KeyFile, ReloadingKeyRing], content: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """A broken or missing file keeps the keys in use and shows no secret in the log, until a good one is there."""
    file, follower = followed
    before = follower.current()
    if content is None:
        file.path.unlink()
    else:
        file.path.write_text(content)
    assert follower.current() is before
    assert "KEY FILE NOT USABLE" in caplog.text
    secret = str(before.active(ACCESS).jwk["k"])
    assert secret not in caplog.text
    file.path.unlink(missing_ok=True)
    mended = KeyRing(before.keys).rotate(new_secret(ACCESS, 3), 3)
    file.create(mended)
    assert follower.current().active(ACCESS).kid == mended.active(ACCESS).kid
