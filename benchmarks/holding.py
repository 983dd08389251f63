"""Holds thousands of requests until their limit: whether any is refused, its memory, how late it ends.

The memory of the edge and of each product is read from the kernel: before the first request, with all held,
and when all are over. A request that got no answer does not count as one that was in time.
"""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.figures import Figure, Met, at_most, spread
from benchmarks.lateness import late_client, quantile
from benchmarks.products import MITMDUMP, OURS, Between, Running, mitmdump, ours, real_products, silent_origin
from benchmarks.rounds import in_rounds
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.proxies.real.product import most_requests

HELD = 5_000
SPREAD = 20.0
"""Seconds over which they arrive. All are held at once: the limit is longer."""
LIMIT = seconds(24)
SETTLE = 3.0
"""Seconds from the last answer to the look at what is given back: a collector of garbage needs its time."""
GOAL_LATE = 0.050
GOAL_SHARE = 0.5


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """kib: memory for each held request. back: the share given back. late: median, p99, worst, seconds."""

    kib: float
    back: float
    late: tuple[float, float, float]
    answered: int


def measure(
    rounds: int, *, number: int = HELD, spread_over: float = SPREAD, limit: Duration = LIMIT
) -> Iterator[Figure]:
    """Ours beside stock mitmdump, which has no deadline, and the products with the same limit."""
    number = min(number, most_requests())
    subjects = [ours(limit), mitmdump(), *real_products(limit)]
    found = in_rounds(rounds, {one.name: partial(hold, one, number, spread_over, limit) for one in subjects})
    for name, each in found.items():
        yield from _memory(name, number, each, found[MITMDUMP])
        if name != MITMDUMP:
            yield from _lateness(name, number, each)


def _memory(name: str, number: int, found: Sequence[Held], dump: Sequence[Held]) -> Iterator[Figure]:
    shares = [one.kib / other.kib for one, other in zip(found, dump, strict=True)]
    met: Met = at_most(shares, GOAL_SHARE) if name == OURS else ""
    lost = sum(number - one.answered for one in found)
    yield Figure(
        id=f"hold.memory.{name}", what=f"memory for each of {number} held requests: {name}", unit="KiB",
        value=spread([one.kib for one in found]), beside="" if name == MITMDUMP else MITMDUMP,
        ratio=None if name == MITMDUMP else spread(shares), met=met,
        goal=f"half of {MITMDUMP}'s" if name == OURS else "",
        how="resident memory with all held, less that before the first"
        + (f"; {name}: {lost} requests got no answer" if lost and name != MITMDUMP else ""),
    )  # fmt: skip
    yield Figure(
        id=f"hold.back.{name}", what=f"of it given back {SETTLE:g} s after the last: {name}", unit="%",
        value=spread([one.back * 100 for one in found]),
    )  # fmt: skip


def _lateness(name: str, number: int, found: Sequence[Held]) -> Iterator[Figure]:
    for at, word in enumerate(("median", "p99", "worst")):
        samples = [one.late[at] for one in found]
        has_goal = name == OURS and word == "p99"
        yield Figure(
            id=f"hold.late.{word}.{name}", what=f"lateness, {word}, {number} held: {name}", unit="ms",
            value=spread([one * 1e3 for one in samples]),
            goal=f"< {GOAL_LATE * 1e3:g} ms" if has_goal else "",
            met=at_most(samples, GOAL_LATE) if has_goal else "",
        )  # fmt: skip


def hold(subject: Between, number: int, width: float, limit: Duration) -> Held:
    """One subject with a fresh origin."""
    with silent_origin() as origin, subject.start(origin) as running:
        before = resident(running.pid)
        most = width + limit / 1e6 + 15 if subject.name != MITMDUMP else width + 2
        command = late_client(running.address, number, width, most)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as client:
            report, held = _report_and_peak(client, running)
        seen = json.loads(report)
        time.sleep(SETTLE)  # noqa: TID251 - it measures
        after = resident(running.pid)
    late = sorted(took - limit / 1e6 for took in seen["took"]) or [0.0]
    quantiles = (late[len(late) // 2], quantile(late, 0.99), late[-1])
    return Held(
        kib=(held - before) / number,
        back=(held - after) / max(1, held - before),
        late=quantiles,
        answered=len(seen["took"]),
    )


def _report_and_peak(client: "subprocess.Popen[str]", running: Running) -> tuple[str, float]:
    """The client's report, and the most that was resident until its end.

    The report is read all the time: a pipe takes less than it has to say of thousands of requests.
    """
    peak = 0.0
    while True:
        peak = max(peak, resident(running.pid))
        try:
            report, _ = client.communicate(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        return report, peak


def resident(pid: int) -> float:
    """KiB of a process and its children."""
    total = 0.0
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    for one in (pid, *children):
        for line in Path(f"/proc/{one}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                total += float(line.split()[1])
    return total
