"""The key ring's file: replaced atomically, changed by one at a time, followed by every process."""

from __future__ import annotations

import json
import logging
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from webapp.config.settings import Settings
from webapp.core.errors import KeyRingError
from webapp.core.key_ring import KeyRing
from webapp.core.keys import ACCESS, FACTORS, REFRESH, new_secret
from webapp.flows.open_key_ring import make_key_ring, open_key_ring
from webapp.store.key_file import KeyFile, ReloadingKeyRing


@pytest.fixture
def file(tmp_path: Path) -> KeyFile:
    file = KeyFile(tmp_path / "keys.json")
    make_key_ring(file, "HS256", 100)
    return file


def follow(file: KeyFile) -> ReloadingKeyRing:
    return ReloadingKeyRing(file, file.read())


def rotate(file: KeyFile) -> KeyRing:
    return file.change(lambda ring: ring.rotate(new_secret(ACCESS, 200), 200))[1]


def test_a_change_is_seen_by_the_very_next_look(file: KeyFile) -> None:
    """No waiting time: another worker signs with the new key at once."""
    followed = follow(file)
    before = followed.current()
    after = rotate(file)
    assert followed.current().active(ACCESS).kid == after.active(ACCESS).kid != before.active(ACCESS).kid
    assert followed.current() is followed.current()


def test_mode_0600_and_no_leftovers(file: KeyFile) -> None:
    """A changed key file and its lock are readable by their owner only, and no draft stays behind."""
    rotate(file)
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in file.path.parent.iterdir()) == [".keys.json.lock", "keys.json"]
    assert (file.path.parent / ".keys.json.lock").stat().st_mode & 0o777 == 0o600


def test_of_many_that_make_the_first_ring_one_does(tmp_path: Path) -> None:
    """One of eight threads makes the first ring."""
    file = KeyFile(tmp_path / "keys.json")
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_key_ring(file, "HS256", 1), range(8)))
    assert made.count(True) == 1


def test_many_rotations_at_once_lose_none(file: KeyFile) -> None:
    """Each of 16 rotations at once is in the file, with one active key at the end."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: rotate(file), range(16)))
    ring = file.read()
    assert len(ring.keys) == 19
    assert [key.state for key in ring.keys if key.purpose == ACCESS].count("active") == 1


@pytest.mark.parametrize("text", ["", "{", '{"keys": []}', "[]", "\xff"])
def test_a_broken_file_keeps_the_old_ring_and_is_logged_loudly(
    file: KeyFile, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    """A broken key file changes nothing in use and is logged as critical, once and without a secret."""
    followed = follow(file)
    before = followed.current()
    secret = before.active(ACCESS).jwk["k"]
    file.path.write_bytes(text.encode("latin-1"))
    assert followed.current() is before
    assert [r.levelno for r in caplog.records] == [logging.CRITICAL]
    assert "keeping the keys in memory" in caplog.text
    assert secret not in caplog.text
    followed.current()
    assert len(caplog.records) == 1  # once a change, not once a request


def test_a_file_that_is_gone_keeps_the_old_ring_and_a_mended_one_is_taken(file: KeyFile) -> None:
    """A deleted key file changes nothing in use, and the next good one is taken."""
    followed = follow(file)
    before, text = followed.current(), file.path.read_text()
    file.path.unlink()
    assert followed.current() is before
    file.path.write_text(text)
    after = rotate(file)
    assert followed.current().keys == after.keys


def test_two_active_keys_are_not_taken_into_use(file: KeyFile) -> None:
    """A file with two active access keys is refused and changes nothing in use."""
    followed = follow(file)
    before = followed.current()
    file.path.write_text(file.path.read_text().replace('"keys": [', '"keys": [' + _second_active(), 1))
    assert followed.current() is before
    with pytest.raises(KeyRingError, match="exactly one active access key is needed, found 2"):
        file.read()


def _second_active() -> str:
    return json.dumps(new_secret(ACCESS, 1).to_jwk()) + ","


def test_a_change_between_reading_and_following_is_seen(file: KeyFile) -> None:
    """The ring is opened first and followed later; a rotation in between must not be missed."""
    old = file.read()
    after = rotate(file)
    assert ReloadingKeyRing(file, old).current().active(ACCESS).kid == after.active(ACCESS).kid


@pytest.mark.parametrize("link", ["the folder", "the file", "both"])
def test_a_mounted_secret_is_followed_when_its_link_moves(tmp_path: Path, link: str) -> None:
    """Kubernetes swaps a link (..data) and removes the old folder: the new ring is taken at the next look."""
    for name in ("v1", "v2"):
        make_key_ring(KeyFile(tmp_path / name / "keys.json"), "HS256", 100)
    swapped = tmp_path / ("keys.json" if link == "the file" else "..data")
    target = "keys.json" if link == "the file" else ""
    swapped.symlink_to(Path("v1") / target)
    place = swapped / "keys.json" if link == "the folder" else swapped
    if link == "both":
        place = tmp_path / "keys.json"
        place.symlink_to(Path("..data") / "keys.json")
    chosen = Settings.load({}, {"WEBAPP_INSTANCE_PATH": str(tmp_path), "WEBAPP_KEYS_FILE": str(place)})
    followed = follow(KeyFile(chosen.keys_file))
    before = followed.current()
    moved = tmp_path / "moved"
    moved.symlink_to(Path("v2") / target)
    os.replace(moved, swapped)
    shutil.rmtree(tmp_path / "v1")
    assert followed.current().keys == KeyFile(tmp_path / "v2" / "keys.json").read().keys != before.keys


def test_a_rotation_writes_through_a_link(tmp_path: Path) -> None:
    """`keys rotate` on a linked file changes the file it points to, and the link stays one."""
    real = KeyFile(tmp_path / "real.json")
    make_key_ring(real, "HS256", 1)
    linked = KeyFile(tmp_path / "keys.json")
    linked.path.symlink_to("real.json")
    after = rotate(linked)
    assert linked.path.is_symlink()
    assert real.read().keys == after.keys


def test_a_failed_change_leaves_the_file_alone(file: KeyFile) -> None:
    """A change that raises leaves the file byte for byte as it was."""
    before = file.path.read_bytes()
    with pytest.raises(KeyRingError):
        file.change(lambda ring: ring.retire("nobody"))
    assert file.path.read_bytes() == before


def test_development_adds_a_key_of_the_algorithm_asked_for_once(tmp_path: Path, file: KeyFile) -> None:
    """Eight starts with another algorithm add one key of it, and the old key still verifies."""
    old = file.read().active(ACCESS).kid
    with ThreadPoolExecutor(8) as pool:
        rings = list(pool.map(lambda _: open_key_ring(file, "EdDSA", 200, may_make=True), range(8)))
    assert {ring.active(ACCESS).kid for ring in rings} == {file.read().active(ACCESS).kid}
    assert file.read().active(ACCESS).alg == "EdDSA"
    assert [key.purpose for key in file.read().keys].count(ACCESS) == 2
    assert [key.purpose for key in file.read().keys].count(FACTORS) == 1
    assert file.read().verifying(old, ACCESS) is not None


def test_production_refuses_another_algorithm_and_names_the_command(tmp_path: Path, file: KeyFile) -> None:
    """Production does not start with another algorithm, changes nothing and names the command."""
    before = file.path.read_bytes()
    with pytest.raises(KeyRingError, match="keys rotate --purpose access --algorithm ES256"):
        open_key_ring(file, "ES256", 200, may_make=False)
    assert file.path.read_bytes() == before


def test_production_makes_no_ring(tmp_path: Path) -> None:
    """Production does not start without a key file and names the command."""
    with pytest.raises(KeyRingError, match="keys init"):
        open_key_ring(KeyFile(tmp_path / "none.json"), "ES256", 200, may_make=False)


def test_the_ring_made_in_development_has_the_algorithm_asked_for(tmp_path: Path) -> None:
    """A new ring in development has an access key of the chosen algorithm."""
    file = KeyFile(tmp_path / "fresh.json")
    ring = open_key_ring(file, "ES256", 1, may_make=True)
    assert ring.active(ACCESS).alg == "ES256"
    assert [key.purpose for key in ring.keys] == [ACCESS, REFRESH, FACTORS]
