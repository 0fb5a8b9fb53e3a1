"""The house: which part may know which, read from the imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Container, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import FrameType

import pytest

from tests.support.browser import Browser, case_of
from tests.support.clock import SetClock

ROOT = Path(__file__).resolve().parents[1]
WEBAPP = ROOT / "webapp"
MODULES = sorted(path for path in WEBAPP.rglob("*.py") if "versions" not in path.parts and path.name != "env.py")

LAYERS = ("web", "flows", "store", "core")
"""Arrows point to the right only; `cli` stands beside `web`."""


def part_of(path: Path) -> str:
    return path.relative_to(WEBAPP).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Every dotted name the file imports, wherever the import stands."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_of(part: str) -> dict[str, set[str]]:
    return {str(path.relative_to(WEBAPP)): set(imports(path)) for path in MODULES if part_of(path) == part}


def roots(names: set[str]) -> set[str]:
    return {name.split(".")[0] for name in names}


def ids(path: Path) -> str:
    return str(path.relative_to(WEBAPP))


def test_the_walk_finds_the_house() -> None:
    """The walk below reads every part of the house and more than 40 modules."""
    assert {part_of(path) for path in MODULES} >= {*LAYERS, "config", "__init__"}
    assert len(MODULES) > 40


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_arrows_point_one_way(path: Path) -> None:
    """A module imports only the parts that its own part may know."""
    part = part_of(path)
    known = {name.split(".")[1] for name in imports(path) if name.startswith("webapp.")}
    allowed = {
        "core": {"core"},
        "store": {"store", "core", "config"},
        "flows": {"flows", "store", "core"},
        "dates": set(),
        "queued": set(),
        "whole_answers": set(),
        "worker": {"queued", "whole_answers"},
        "adopt": {"web"},
        "mail": {"mail", "flows", "store", "core", "config", "dates", "services"},
        "web": {"web", "mail", "flows", "store", "core", "config", "services", "probe", "dates", "queued"},
        "cli": {"cli", "mail", "flows", "store", "core", "config", "services", "probe"},
        "services": {"store", "core", "config"},
        "probe": set(),
        "config": {"config", "core"},
        "log": {"config", "core"},
        "gunicorn_log": {"core"},
        "__init__": {"assembly"},
        "assembly": {"web", "cli", "flows", "store", "core", "config", "log", "services"},
    }[part]
    assert known <= allowed, f"{part} must not know {sorted(known - allowed)}"


def test_the_drawing_in_contributing_is_true() -> None:
    """Ten boxes, and an arrow for each import from one to another: none is missing, and none is invented."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    boxes = set(re.findall(r'^  (\w+)\[".*"\]$', text, re.MULTILINE))
    drawn = {
        (source, target)
        for source, targets in re.findall(r"^  (\w+) --> (.*)$", text, re.MULTILINE)
        for target in targets.split(" & ")
    }

    def box(part: str) -> str:
        part = "assembly" if part in ("__init__", "adopt") else part
        return part if part in boxes else "small"

    true = {
        (box(part_of(path)), box(name.split(".")[1]))
        for path in MODULES
        for name in imports(path)
        if name.startswith("webapp.") and name.split(".")[1] != "create_app"
    }
    assert {(source, target) for source, target in true if source != target} == drawn, "correct CONTRIBUTING.md"
    assert boxes == {box(part_of(path)) for path in MODULES}
    assert len(boxes) == 10


def test_the_core_can_be_imported_alone() -> None:
    """It imports without Flask, a database or settings, so it can be copied."""
    blocked = "import sys\nfor name in ('flask', 'sqlalchemy', 'werkzeug', 'structlog'): sys.modules[name] = None\n"
    wanted = "import webapp.core.decision, webapp.core.tokens, webapp.core.judgement, webapp.core.inspector.take_apart"
    subprocess.run([sys.executable, "-c", blocked + wanted], cwd=ROOT, check=True, timeout=30)


def test_the_core_is_pure() -> None:
    """The core imports no framework, no clock and no operating system."""
    for name, found in imports_of("core").items():
        impure = roots(found) & {
            "flask",
            "sqlalchemy",
            "flask_sqlalchemy",
            "werkzeug",
            "os",
            "time",
            "datetime",
            "logging",
        }
        assert not impure, f"{name} imports {impure}"


def test_only_one_module_imports_jwt() -> None:
    """PyJWT is imported in one module."""
    assert [ids(path) for path in MODULES if "jwt" in roots(set(imports(path)))] == ["core/jws.py"]


def test_flows_and_store_know_no_request() -> None:
    """Flows and store import nothing that knows a web request."""
    for part in ("flows", "store"):
        for name, found in imports_of(part).items():
            web_side = {n for n in found if n.split(".")[0] in ("flask", "flask_login", "flask_wtf", "werkzeug")}
            assert not web_side, f"{name} imports {web_side}"


def test_the_web_knows_no_database() -> None:
    """The web imports no database library."""
    for name, found in imports_of("web").items():
        assert not roots(found) & {"sqlalchemy", "flask_sqlalchemy", "sqlite3", "psycopg"}, name


def test_now_is_an_argument_below_the_web() -> None:
    """`time.monotonic` measures waiting; what time it is, nobody but web and cli may ask."""
    for path in MODULES:
        if part_of(path) in ("core", "store", "flows"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                    asked = f"{node.value.id}.{node.attr}"
                    assert asked not in ("time.time", "datetime.now", "datetime.utcnow", "date.today", "os.environ"), (
                        path
                    )


def callers(function: str) -> set[str]:
    """Modules in which `function(…)` or `something.function(…)` is called."""
    found = set()
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if called == function:
                    found.add(ids(path))
    return found


def test_only_flows_commit() -> None:
    """Transactions are opened by flows alone."""
    for way in ("transact", "run_in_autocommit"):
        assert {name.split("/")[0] for name in callers(way)} == {"flows"}, way
    assert callers("commit") <= {"store/database.py"}


def test_only_the_judgement_decides() -> None:
    """For pages, API and lab alike, because there is one place where the matrix is read."""
    assert callers("decide") == {"core/judgement.py"}


def test_no_module_imports_another_in_a_circle() -> None:
    """Imports for type checking and inside functions included, so a reader can read the house from the bottom up."""
    names = {name_of(path): path for path in MODULES}
    graph = {name: modules_imported_by(path, names) - {name} for name, path in names.items()}
    assert sum(map(len, graph.values())) > 200, "the walk finds imports"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" -> ".join(reversed(circle.args[1])))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules_imported_by(path: Path, names: Container[str]) -> set[str]:
    """Modules of this package that a file imports; `from webapp.core import jws` is an import of webapp.core.jws."""
    found = set()
    for name in imports(path):
        module = name if name in names else name.rpartition(".")[0]
        if module in names:
            found.add(module)
    return found


def test_only_cookies_writes_token_cookies() -> None:
    """No other module that sets a cookie names a token."""
    writers = callers("set_cookie") | callers("delete_cookie")
    for name in writers - {"web/cookies.py"}:
        text = (WEBAPP / name).read_text("utf-8")
        assert "access_token" not in text, name
        assert "refresh_token" not in text, name


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_every_module_says_what_it_is(path: Path) -> None:
    """Each module has a docstring."""
    assert ast.get_docstring(ast.parse(path.read_text("utf-8")))


def test_few_lines_are_hidden_from_the_type_checker() -> None:
    """`# type: ignore` stands in ten lines at most, where a library has no types."""
    lines = [line for path in MODULES for line in path.read_text("utf-8").splitlines() if "# type: ignore" in line]
    assert len(lines) <= 10


def test_one_function_makes_a_refresh_two_cookies() -> None:
    """Of the modules that refresh, one writes token cookies; the API answers in JSON."""
    assert callers("refresh") & callers("write_tokens") == {"web/authentication.py"}


def test_a_refresh_token_walks_as_contributing_says(person: Browser, clock: SetClock) -> None:
    """A request with an expired access token reaches the files of the table in its order."""
    table = re.findall(r"^\| \d+ \| `([\w/]+\.py)` \|", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.MULTILINE)
    reached: dict[str, None] = {}

    def note(frame: FrameType, event: str, _argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(WEBAPP):
            reached.setdefault(ids(path))

    clock.advance(601)
    sys.setprofile(note)
    try:
        assert case_of(person.get("/test/me")) == "case 2: access reissued"
    finally:
        sys.setprofile(None)
    assert [name for name in reached if name in table] == table
    assert len(table) == 15


def test_every_file_is_short() -> None:
    """No file of `webapp/` has more than 230 lines."""
    lines = {ids(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: count for name, count in lines.items() if count > 230} == {}
