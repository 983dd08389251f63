"""Makes the table of docs/hono.md from the recorded transcripts."""

from collections.abc import Iterator
from pathlib import Path

from firstbyte.harness.targets.hono.recording import Recording
from firstbyte.harness.targets.hono.transcript import Transcript, outline

PAGE = Path(__file__).resolve().parents[3] / "docs" / "hono.md"
"""The page exists only in a clone; an installed firstbyte has no docs."""
MARKS = ("<!-- table: python -m firstbyte.harness.targets.hono.record -->\n", "<!-- end of table -->")
ROWS = {
    "a_204_fnf": "204, `stream()`, the callback starts the work: as reported",
    "b_204_await": "the same, the callback awaits the work",
    "g3_204_write0_write": "the same, a space is written first",
    "e_200_await": "200, `stream()`, the callback awaits",
    "f_200_write": "200, `stream()`, the callback awaits, then writes",
    "h_204_body_null": "`c.body(null, 204)`: the proposed fix",
    "k3_nullbody_block_sync": "the fix, the work blocks before it returns",
    "k4_nullbody_block_microtask": "the fix, the work blocks in a microtask",
    "k5_nullbody_block_10microtasks": "the fix, the work blocks ten microtasks later",
    "k6_nullbody_block_tick0": "the fix, the work blocks after `setTimeout(0)`",
    "k8_nullbody_setimmediate": "the fix, the work blocks after `setImmediate`",
    "i_json_after": "awaits, then `c.json()`",
}


def table(recordings: list[Recording]) -> str:
    """Return the table in Markdown, with a row for each shape and a column for each runtime."""
    heads = [" ".join(f"{name} {version}" for name, version in one.versions.items()) for one in recordings]
    lines = [f"| shape | handler | {' | '.join(heads)} |", "|---" * (2 + len(heads)) + "|"]
    for shape, says in ROWS.items():
        cells = [_cell(one.shapes[shape], one.wait_ms) for one in recordings]
        lines.append(f"| `{shape}` | {says} | {' | '.join(cells)} |")
    dates = ", ".join(sorted({one.date for one in recordings}))
    return "\n".join([*lines, "", f"Recorded {dates}."]) + "\n"


def put_into(page: str, new: str) -> str:
    """Return the page with its table replaced."""
    head, _, rest = page.partition(MARKS[0])
    _, _, tail = rest.partition(MARKS[1])
    return f"{head}{MARKS[0]}{new}{MARKS[1]}{tail}"


def _cell(one: Transcript, wait_ms: float) -> str:
    seen = outline(one, wait_ms, "GET")
    return ", ".join(f"{what} {_when(when, one)}" for what, when in _moments(seen.first_byte, seen.header))


def _moments(first_byte: str, header: str) -> Iterator[tuple[str, str]]:
    if first_byte != header:
        yield "first byte", first_byte
    yield "header", header


def _when(when: str, one: Transcript) -> str:
    at_ms = one.reads[0].at_ms if when == "before" else one.reads[-1].at_ms
    return f"**{at_ms:.0f} ms**" if when == "after" else f"{at_ms:.0f} ms"
