"""A documentation page as a list of what it asks the reader to do: files to write, lines to type."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NO_PAGES = {"node_modules", "build", "dist", "sendstate", "test-results"}
_FENCE = re.compile(r"^```(?P<language>\w*)(?P<rest>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S)
_FOR_THE_SHELL = re.compile(r" (?:>>?|\||&)(?: |$)")
_TITLE = re.compile(r'title="([^"]+)"')


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block. title: the file it is to be written to."""

    language: str
    title: str
    words: tuple[str, ...]
    text: str

    @property
    def lines(self) -> list[str]:
        """What is typed, without comments and what continues nothing."""
        return [line.strip() for line in self.text.splitlines() if line.strip() and not line.startswith("#")]


def blocks_of(path: Path) -> list[Block]:
    """All blocks, in order."""
    found = []
    for match in _FENCE.finditer(path.read_text(encoding="utf-8")):
        title = _TITLE.search(match["rest"])
        found.append(
            Block(
                language=match["language"],
                title=title[1] if title else "",
                words=tuple(_TITLE.sub("", match["rest"]).split()),
                text=match["text"],
            )
        )
    return found


def commands_of(path: Path) -> list[list[str]]:
    """The words of every line that calls firstbyte, in blocks and in the text between, without its name."""
    lines = [line for block in blocks_of(path) if block.language in ("", "sh") for line in block.lines]
    text = _FENCE.sub("", path.read_text(encoding="utf-8"))
    lines += [part for part in text.split("`") if "\n" not in part]
    lines = [_FOR_THE_SHELL.split(line)[0] for line in lines]
    found = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("firstbyte ")]
    return [words for words in found if len(words) > 1 and "..." not in words]  # a name alone is no command


def pages() -> list[Path]:
    """Every Markdown file of the repository."""
    return sorted(
        path
        for path in ROOT.rglob("*.md")
        if not any(part.startswith(".") or part in _NO_PAGES for part in path.relative_to(ROOT).parts)
    )
