"""Pages about servers that are not here: their commands are understood, their files are read.

What the commands do is tested where the servers are: tests/harness/targets, tests/conformance, tests/ui.
"""

import shlex
from pathlib import Path

import pytest

from firstbyte.harness.cli import build_parser, main
from tests.docs.pages import blocks_of

NAMES = ("any-server", "hono", "opencode-16180", "send-state")


def commands(root: Path) -> list[list[str]]:
    """Every line of these pages that calls firstbyte, in blocks and in the text between."""
    found = []
    for name in NAMES:
        path = root / "docs" / f"{name}.md"
        lines = [line for block in blocks_of(path) if block.language in ("", "sh") for line in block.lines]
        lines += [part for part in path.read_text(encoding="utf-8").split("`") if "\n" not in part]
        found += [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("firstbyte ")]
    return [words for words in found if len(words) > 1 and "..." not in words]  # a name alone is no command


def test_every_command_is_understood(root: Path) -> None:
    typed = commands(root)
    assert len(typed) > 10
    for words in typed:
        build_parser(words).parse_args(words)


@pytest.mark.parametrize("name", ["any-server", "send-state"])
def test_the_file_of_a_page_is_one_that_check_accepts(name: str, root: Path, tmp_path: Path) -> None:
    texts = [block.text for block in blocks_of(root / "docs" / f"{name}.md") if block.language == "toml"]
    assert texts
    (tmp_path / "empty").mkdir()
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        assert main(["check", str(path)]) == 0
