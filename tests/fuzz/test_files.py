"""Whatever stands in a file somebody wrote, it is read, or refused with the file's name."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstbyte.harness.files.loader import (
    consistent,
    load_shape,
    load_suite,
    profile_from,
    profiles_dir,
    read_toml,
    scenarios_dir,
)
from firstbyte.harness.sendstate.adapter import load_adapter
from tests.fuzz.amount import inputs
from tests.fuzz.documents import DOCUMENTS, places, refusal, replaced

ODD = (
    "",
    "''",
    "0",
    "-1",
    "1",
    "9223372036854775807",
    "9223372036854775808",
    "1e308",
    "nan",
    "inf",
    "true",
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    "{a = 1}",
    "'x'",
    "'0s'",
    "'-1s'",
    "'1ms'",
    "'99999999999999999h'",
    "'1e9s'",
    "'unknown'",
    "'\\u0000'",
    "'../../etc/passwd'",
    "'<script>'",
    "'{'",
    "'{path}'",
    "'('",
    "1979-05-27T07:32:00Z",
    "'\U0001f600'",
    "'%s'",
)
LINES = (
    "[x]",
    "[[timers]]",
    "[[steps]]",
    "x = 1",
    "id = 'a'",
    "=",
    "\x00",
    "'''",
    "[timers.a]",
    "[[scenario]]",
)
ROOT = Path(__file__).resolve().parent.parent.parent
ADAPTER = """
version = 1
page = "http://127.0.0.1:9/"
[composer]
test_id = "composer"
"""


@st.composite
def changed(draw: st.DrawFn, texts: list[str]) -> str:
    """One of the texts with one to three lines changed: its value, itself, its place."""
    lines = draw(st.sampled_from(texts)).splitlines()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(0, len(lines) - 1)))
        line = lines[at] if lines else ""
        match draw(st.sampled_from(("value", "value", "value", "drop", "twice", "insert", "text"))):
            case "value" if " = " in line:
                lines[at] = f"{line.partition(' = ')[0]} = {draw(st.sampled_from(ODD))}"
            case "drop":
                del lines[at : at + 1]
            case "twice":
                lines.insert(at, line)
            case "insert":
                lines.insert(at, draw(st.sampled_from(LINES)))
            case _:
                lines.insert(at, draw(st.text(max_size=20)))
    return "\n".join(lines)


def texts_of(folder: Path, pattern: str = "*.toml") -> list[str]:
    return [path.read_text() for path in sorted(folder.glob(pattern))]


DRAWN = settings(
    max_examples=inputs(250, kinds=6),
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

READERS: dict[str, tuple[list[str], Callable[[Path], object]]] = {
    "profile": (texts_of(profiles_dir()), lambda path: consistent(profile_from(read_toml(path), path))),
    "shape": (texts_of(scenarios_dir() / "shapes"), lambda path: load_shape(str(path))),
    "scenario": (texts_of(scenarios_dir()), load_suite),
    "adapter": (
        [
            ADAPTER,
            *texts_of(ROOT / "reference_server" / "ui"),
            *texts_of(ROOT / "harness", "targets/**/page.toml"),
        ],
        load_adapter,
    ),
}


@pytest.mark.parametrize("kind", READERS)
def test_a_file_is_read_or_refused_by_name(kind: str, tmp_path: Path) -> None:
    texts, read = READERS[kind]

    @DRAWN
    @given(text=changed(texts))
    def play(text: str) -> None:
        path = tmp_path / "given.toml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        read_or_refused(path, read)

    play()


def read_or_refused(path: Path, read: Callable[[Path], object]) -> None:
    """BadInput that names the file is as good as an answer."""
    forget()
    assert path.name in refusal(path, read)


def forget() -> None:
    """The readers keep what they read by path, and a clock's tick is longer than a play."""
    from firstbyte.harness.files import loader  # noqa: PLC0415 - its caches are private

    for cached in (loader._parsed, load_shape, load_suite):
        cached.cache_clear()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_is_read_or_refused_by_name(kind: str, tmp_path: Path) -> None:
    document = DOCUMENTS[kind]

    @DRAWN
    @given(at=st.sampled_from(places(document.good)), new=JSON, cut=st.integers(0, 40))
    def play(at: tuple[str | int, ...], new: object, cut: int) -> None:
        path = tmp_path / "given.json"
        text = json.dumps(replaced(document.good, at, new))
        path.write_text(text[:-cut] if cut > 35 else text)
        read_or_refused(path, document.read)

    play()
