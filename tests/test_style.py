"""Holds the house rules that no linter knows: sizes, and names that would collide with a user's folders."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = (
    ".make",
    ".package",
    "benchmarks",
    "examples",
    "harness",
    "proxies",
    "reference_server",
    "scenarios",
    "tests",
)
OURS = frozenset({"harness", "proxies", "reference_server", "scenarios"})
LONGEST_FILE = 400
LONGEST_FUNCTION = 45

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*patterns: str) -> Iterator[Path]:
    """Our files that match, without what packages bring."""
    for folder in FOLDERS:
        for pattern in patterns:
            found = sorted((ROOT / folder).rglob(pattern))
            yield from (path for path in found if "node_modules" not in path.parts)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and top-level name of each absolute import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module.partition(".")[0]


@pytest.fixture(scope="module")
def trees() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(), name(path)) for path in sources("*.py")}


def test_no_file_is_two_nouns() -> None:
    lengths = {name(path): len(path.read_text().splitlines()) for path in sources("*.py", "*.js", "*.css")}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_two_verbs(trees: dict[Path, ast.Module]) -> None:
    lengths = {
        f"{name(path)}:{found.lineno} {found.name}": (found.end_lineno or 0) - found.lineno + 1
        for path, tree in trees.items()
        for found in functions(tree)
    }
    assert {where: lines for where, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_every_module_says_what_it_is(trees: dict[Path, ast.Module]) -> None:
    assert [name(path) for path, tree in trees.items() if not ast.get_docstring(tree)] == []


def test_our_folders_are_imported_by_their_public_names_only(trees: dict[Path, ast.Module]) -> None:
    found = [
        f"{name(path)}:{line} import {top}; say firstbyte.{top}"
        for path, tree in trees.items()
        for line, top in imported(tree)
        if top in OURS
    ]
    assert found == []
