"""Samples where the time of a play goes: every half millisecond a timer records whose code is running.

Sampling slows all parts equally, whereas a profiler slows calls. A sample belongs to the
innermost frame whose file is of a part below; libraries that several parts share (h11, json, msgspec) count
for the part that called them.
"""

import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

PARTS = {
    "SQLite, with the rows made for it": (
        "reference_server/store.py", "reference_server/ledger.py", "harness/runner/sim_disk.py",
    ),
    "reference server: handlers, events, documents": ("firstbyte/reference_server/",),
    "uvicorn and Starlette": ("/uvicorn/", "/starlette/"),
    "edge: mitmproxy and ours": ("/mitmproxy/", "firstbyte/proxies/"),
    "event loop, in-memory network": ("firstbyte/harness/sim/", "/asyncio/"),
    "client": ("firstbyte/harness/client/", "harness/runner/script.py"),
    "judge, findings, digest": (
        "harness/model/judge.py", "harness/findings/", "harness/runner/expectation.py", "runner/conclude.py",
        "harness/origin/account.py", "harness/model/timeline.py",
    ),
}  # fmt: skip
OTHER = "set-up of the stage, and the rest"
EVERY = 0.0005


def shares(play: Callable[[], object], times: int) -> dict[str, float]:
    """The share of each part, from 0 to 1, over that many plays."""
    seen: Counter[str] = Counter()
    known: dict[str, str] = {}
    with _looking(lambda frame: seen.update([_part_of(frame, known)])):
        for _ in range(times):
            play()
    total = max(1, seen.total())
    return {part: seen[part] / total for part in (*PARTS, OTHER)}


@contextmanager
def _looking(look: Callable[[FrameType], None]) -> Iterator[None]:
    def on_signal(_number: int, frame: FrameType | None) -> None:
        if frame is not None:
            look(frame)

    before = signal.signal(signal.SIGALRM, on_signal)
    signal.setitimer(signal.ITIMER_REAL, EVERY, EVERY)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _part_of(frame: FrameType | None, known: dict[str, str]) -> str:
    while frame is not None:
        name = frame.f_code.co_filename
        if name not in known:
            known[name] = _part_of_file(name)
        if known[name]:
            return known[name]
        frame = frame.f_back
    return OTHER


def _part_of_file(name: str) -> str:
    for part, markers in PARTS.items():
        if any(marker in name for marker in markers):
            return part
    return OTHER if "firstbyte/harness/" in name else ""
