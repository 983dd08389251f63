"""A documentation page as a list of what it asks the reader to do: files to write, lines to type."""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(?P<language>\w*)(?P<rest>[^\n]*)\n(?P<text>.*?)^```$", re.M | re.S)
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
