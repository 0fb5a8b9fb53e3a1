"""The rules of this folder: what tests may lean on, and how they are marked."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parent
FILES = sorted(TESTS.rglob("*.py"))
BUILT_IN = {"parametrize", "skipif", "usefixtures", "filterwarnings"}


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text("utf-8"))))


def imports(path: Path) -> set[str]:
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom):
            found.add(str(node.module))
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_every_marker_is_registered() -> None:
    """Also those of plugins, so that the suite can be collected without them (`-p no:xdist`)."""
    settings = tomllib.loads((TESTS.parent / "pyproject.toml").read_text("utf-8"))
    registered = {re.match(r"\w+", line)[0] for line in settings["tool"]["pytest"]["ini_options"]["markers"]}  # type: ignore[index]
    used = {name for path in FILES for name in re.findall(r"pytest\.mark\.(\w+)", path.read_text("utf-8"))}
    assert used - BUILT_IN == registered


def test_support_is_in_the_support_folder() -> None:
    """No test file imports another one, or a conftest, which holds fixtures and nothing else."""
    for path in FILES:
        elsewhere = {n for n in imports(path) if n.startswith("tests.") and not n.startswith("tests.support")}
        assert not elsewhere, f"{path} imports {elsewhere}: move what they share to tests/support"


def test_sqlite_connections_are_closed() -> None:
    """Python 3.13 warns of an open one, and warnings are errors, so `support/sql.py` closes what it opens."""
    for path in FILES:
        if path.name not in ("sql.py", Path(__file__).name):
            assert "sqlite3.connect(" not in path.read_text("utf-8"), f"{path}: use tests/support/sql.py"


def test_every_test_says_what_it_proves() -> None:
    """Each test has a docstring, which ends as a sentence does."""
    silent = []
    for path in FILES:
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                said = ast.get_docstring(node) or ""
                if not said.endswith((".", "?")):
                    silent.append(f"{path.relative_to(TESTS)}: {node.name}")
    assert silent == []
