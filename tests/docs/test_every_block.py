"""No fenced block of any page is without a test that runs it: a new block fails here until it has one."""

import ast
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import Block, blocks_of, pages
from tests.docs.test_pages import PAGES as TYPED

ROOT = Path(__file__).resolve().parents[2]
BY: dict[str, dict[str, str]] = tomllib.loads((ROOT / "tests" / "docs" / "blocks.toml").read_text())
"""By page: how a block begins, and the test that runs it."""


def is_typed(block: Block, page: list[Block]) -> bool:
    """Whether `test_pages.py` types this block, or writes it to a file that something typed there reads."""
    typed = [one for one in page if one.language == "sh" and "machines" not in one.words]
    if not block.title:
        return block in typed
    lines = [line for one in typed for line in one.lines]
    return block.title in ("shop.py", "pyproject.toml") or any(block.title in line for line in lines)


def unknown(path: Path) -> list[str]:
    """How the blocks begin that nothing runs."""
    blocks = blocks_of(path)
    begins = BY.get(str(path.relative_to(ROOT)), {})
    return [
        block.text.strip()[:60]
        for block in blocks
        if not any(block.text.strip().startswith(begin) for begin in begins)
        and not (path in TYPED and is_typed(block, blocks))
    ]


@pytest.mark.parametrize("path", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_block_is_run_by_a_test(path: Path) -> None:
    assert unknown(path) == [], "write a test that runs it, and name it in tests/docs/blocks.toml"


@pytest.mark.parametrize("name", BY)
def test_every_entry_is_one_block_and_a_test_that_there_is(name: str) -> None:
    texts = [block.text.strip() for block in blocks_of(ROOT / name)]
    for begin, test in BY[name].items():
        assert sum(text.startswith(begin) for text in texts) == 1, begin
        file, _, function = test.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert function in {
            one.name for one in tree.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
        }, test


def test_no_block_is_left_open_or_indented() -> None:
    for path in pages():
        marks = [line for line in path.read_text(encoding="utf-8").splitlines() if "```" in line]
        assert len(marks) == 2 * len(blocks_of(path)), path
