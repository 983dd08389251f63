"""Commands in the text of every page are understood, and the pictures and files of pages say what is so."""

import re
import tomllib
from pathlib import Path

import pytest

from firstbyte.harness.cli import build_parser, main
from firstbyte.proxies.program.arguments import parse
from firstbyte.reference_server.arguments import parser
from tests.docs.pages import blocks_of, commands_of, pages
from tests.docs.shell import typed

ROOT = Path(__file__).resolve().parents[2]
PAGES = [path for path in pages() if path.name != "CHANGELOG.md"]  # what it tells of, others show


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_is_understood(path: Path) -> None:
    for words in commands_of(path):
        match words:
            case ["serve", *options]:
                parser().parse_args(options)
            case ["edge", *options]:
                parse(options)
            case _ if "|" not in "".join(words):  # "list scenarios|edges" is more than one
                build_parser(words).parse_args(words)


@pytest.mark.parametrize("name", ["any-server", "send-state"])
def test_the_file_of_a_page_is_one_that_check_accepts(name: str, tmp_path: Path) -> None:
    texts = [block.text for block in blocks_of(ROOT / "docs" / f"{name}.md") if block.language == "toml"]
    assert texts
    (tmp_path / "empty").mkdir()
    for number, text in enumerate(texts):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, encoding="utf-8")
        assert main(["check", str(path)]) == 0


def test_the_scenario_of_the_readme_is_accepted_and_shows_what_it_expects(tmp_path: Path) -> None:
    (block,) = blocks_of(ROOT / "scenarios" / "README.md")
    path = tmp_path / "mine.toml"
    path.write_text(block.text, encoding="utf-8")
    assert main(["check", str(path)]) == 0
    assert main(["run", str(path)]) == 0


def test_every_kind_that_the_readme_lists_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = [
        one
        for block in blocks_of(ROOT / "README.md")
        for one in block.lines
        if one.startswith("firstbyte list")
    ]
    for kind in line.split()[-1].split("|"):
        assert main(["list", kind]) == 0
        assert len(capsys.readouterr().out.splitlines()) > 5, kind


def test_the_layers_of_the_picture_are_those_that_the_linter_holds() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    held = [[name.removeprefix("firstbyte.") for name in line.split(" | ")] for line in contract["layers"]]
    (picture,) = blocks_of(ROOT / "ARCHITECTURE.md")
    drawn = [re.split(r" {3,}", line)[0].replace("/", ".").split() for line in picture.lines]
    assert drawn == held


@pytest.mark.slow
def test_the_first_command_of_the_readme_draws_every_act() -> None:
    assert "make reproduce" in [line.partition("  ")[0] for line in blocks_of(ROOT / "README.md")[0].lines]
    code, said = typed("make reproduce", ROOT, MAKEFLAGS="", ARGS="")
    assert code == 0, said
    assert "act-6b" in said


@pytest.mark.parametrize(
    "name", ["README.md", "CONTRIBUTING.md", "docs/hono.md", "docs/any-server.md", "docs/under-faults.md"]
)
def test_make_knows_every_line_that_a_page_types_to_it(name: str) -> None:
    lines = [line for block in blocks_of(ROOT / name) for line in block.lines if line.startswith("make ")]
    assert lines
    for line in lines:
        code, said = typed(line.replace("make ", "make --dry-run ", 1), ROOT, MAKEFLAGS="")
        assert code == 0, said
