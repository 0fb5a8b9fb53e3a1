"""Which tests run in one process, and which begin first, where pytest-xdist runs several processes.

A file stays in one process, so that its fixtures are made once. So do the files that use the shared servers, and those
that share a browser. The slow ones begin first, because nobody wants to wait for one of them at the end.

pytest-xdist has groups of its own (`xdist_group`). They are written into the names of tests, and pytest 9.2 does not
read them there, so each test was on its own, and each process had all browsers and servers.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

TESTS = Path(__file__).resolve().parents[1]
LAB = ("test_layout", "test_lab", "test_learn", "test_inspector", "test_lab_for_all")
"""Half of the time of `e2e/`. Each half has a browser and a server."""
SHARED = {
    "guarded servers": re.compile(r"\bguarded\w*: GuardedServer\b"),
    "servers": re.compile(r"\b(sqlite_|postgres_)?server: Server\b"),
}
"""What a file says that uses them."""
FIRST = ("e2e lab", "e2e pages", "servers", "guarded servers")
FOLDERS = ("e2e", "attacks", "cli", "deploy", "store", ".", "model", "web", "mail", "flows", "core")
"""By what their slowest files take."""


@cache
def group_of(file: str) -> str:
    """Of a file, named from the folder of the repository."""
    path = TESTS.parent / file
    if path.parent.name == "e2e":
        return "e2e lab" if path.stem in LAB else "e2e pages"
    text = path.read_text("utf-8")
    return next((group for group, said in SHARED.items() if said.search(text)), file)


@cache
def rank(file: str) -> tuple[int, int, int]:
    """Where the group of a file is in the queue, and the file in the group."""
    group, path = group_of(file), TESTS.parent / file
    folder = str(path.parent.relative_to(TESTS))
    return (
        FIRST.index(group) if group in FIRST else len(FIRST),
        FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS),
        LAB.index(path.stem) if path.stem in LAB else len(LAB),
    )


def file_of(nodeid: str) -> str:
    return nodeid.partition("::")[0]


class Groups(LoadScopeScheduling):
    """Hands out one group after the other, in the order of `rank`."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(file_of(nodeid))

    def schedule(self) -> None:
        self.config.option.loadscopereorder = False  # which would begin with the groups that have most tests
        super().schedule()
