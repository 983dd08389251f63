"""The lateness of an edge's own answer: the time of its first byte at the client, minus the limit.

A client, a silent origin and the edge are processes of their own. Subjects are the emulated edge, and
anything with an address: each round measures all of them. By itself, with a product that runs already:
`python benchmarks/run.py --only lateness`, or

    python -m benchmarks.lateness --origin-port 9000 --subject nginx=127.0.0.1:8080@6s
"""

import argparse
import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import msgspec

from benchmarks.figures import Figure, at_most, spread
from benchmarks.processes import PYTHON
from benchmarks.products import HERE, Address, Between, Running, ours, real_products, silent_origin
from benchmarks.rounds import in_rounds
from firstbyte.harness.model.timeline import Event, Kind
from firstbyte.harness.model.units import as_seconds, parse_duration, seconds
from firstbyte.proxies.real.catalogue import PRODUCTS

HELD = (1, 100, 1_000)
SPREAD = 5.0
LIMIT = 6.0
"""Longer than the arrivals are spread: all are held at once. Seconds."""
GOAL = 0.020
NAME = "emulated"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Something with a deadline. limit: seconds."""

    between: Between
    limit: float


class Lateness(msgspec.Struct, frozen=True, kw_only=True):
    """Of one measurement, seconds: quantiles of the lateness; lag: the client's own 99th percentile.

    answers: how many of the requests got an answer at all. inside: the 99th percentile between due time and
    answer by the subject's own clock, None when it does not tell.
    """

    median: float
    p99: float
    worst: float
    lag: float
    answers: int
    inside: float | None = None


def emulated(limit: float = LIMIT) -> Subject:
    """`firstbyte edge` with nginx's profile."""
    return Subject(between=ours(seconds(limit), name=NAME, has_events=True), limit=limit)


def with_products(limit: float = LIMIT) -> tuple[Subject, ...]:
    """The emulated edge and every real product of this machine, with the same limit."""
    real = real_products(seconds(limit), tuple(PRODUCTS))
    return (emulated(limit), *(Subject(between=one, limit=limit) for one in real))


def measure(
    rounds: int, subjects: Sequence[Subject], held: Sequence[int] = HELD, spread_over: float = SPREAD
) -> Iterator[Figure]:
    """Median and 99th percentile per subject and number of held requests; then all arriving at once."""
    for number, width in [*((each, spread_over) for each in held), (max(held), 0.0)]:
        works = {one.between.name: partial(measure_once, one, number, width) for one in subjects}
        for name, found in in_rounds(rounds, works).items():
            yield from _figures(name, number, width, found)


def _figures(name: str, number: int, width: float, found: Sequence[Lateness]) -> Iterator[Figure]:
    how = f"arrivals spread over {width:g} s" if width else "all arriving at once"
    goal = name == NAME and number == max(HELD) and width > 0
    p99 = spread([one.p99 * 1e3 for one in found])
    which = f"{name}, {number} held, {how}"
    lag = max(one.lag for one in found) * 1e3
    lost = sum(number - one.answers for one in found)
    note = f"the client's own lag: at most {lag:.1f} ms at p99" + (f"; {lost} got no answer" if lost else "")
    key = f"lateness.{name}.{number}{'' if width else '.at-once'}"
    yield Figure(
        id=f"{key}.median", what=f"lateness, median: {which}", unit="ms",
        value=spread([one.median * 1e3 for one in found]), how=note,
    )  # fmt: skip
    yield Figure(
        id=f"{key}.p99", what=f"lateness, p99: {which}", unit="ms", value=p99, how=note,
        goal=f"< {GOAL * 1e3:g} ms" if goal else "",
        met=at_most([one.p99 for one in found], GOAL) if goal else "",
    )  # fmt: skip
    inside = [one.inside * 1e3 for one in found if one.inside is not None]
    if inside:
        yield Figure(
            id=f"{key}.inside", what=f"of it, inside the edge, p99: {which}", unit="ms", value=spread(inside),
            how="by the edge's events: from a timer's due time to its answer; the rest: arriving, leaving",
        )  # fmt: skip


def measure_once(subject: Subject, number: int, width: float) -> Lateness:
    """A fresh origin, a fresh edge, `number` requests spread over `width` seconds."""
    with silent_origin() as origin, subject.between.start(origin) as running:
        command = late_client(running.address, number, width, width + subject.limit + 10)
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        inside = inside_lateness(running.events.read_bytes()) if running.events else []
    found = _lateness(json.loads(output), subject.limit)
    return msgspec.structs.replace(found, inside=quantile(sorted(inside), 0.99) if inside else None)


def late_client(address: Address, number: int, width: float, most: float) -> tuple[str, ...]:
    """The command that sends `number` requests over `width` seconds and waits `most` seconds."""
    host, port = address
    return PYTHON, str(HERE / "late_client.py"), host, str(port), str(number), str(width), str(most)


def inside_lateness(events: bytes) -> list[float]:
    """Seconds between a header timer's due time and its firing, from an edge's events."""
    armed: dict[tuple[int, object], int] = {}
    late = []
    for line in events.splitlines():
        event = msgspec.json.decode(line, type=Event)
        key = (event.request, event.data.get("timer"))
        if event.kind is Kind.TIMER_ARMED:
            armed[key] = event.at + int(event.data["limit_us"])
        elif event.kind is Kind.TIMER_FIRED:
            late.append((event.at - armed[key]) / 1e6)
    return late


def _lateness(seen: dict[str, list[float]], limit: float) -> Lateness:
    late = sorted(took - limit for took in seen["took"])
    if not late:
        raise RuntimeError(
            f"none of {seen['empty']} closed connections had an answer; is the limit what --subject says?"
        )
    lag = sorted(seen["lag"])
    return Lateness(
        median=late[len(late) // 2], p99=quantile(late, 0.99), worst=late[-1], lag=quantile(lag, 0.99),
        answers=len(late),
    )  # fmt: skip


def quantile(ordered: Sequence[float], part: float) -> float:
    """The value below which this part of the ordered samples is."""
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _running(text: str) -> Subject:
    name, equals, rest = text.partition("=")
    where, at, limit = rest.partition("@")
    host, colon, port = where.rpartition(":")
    if not (equals and colon and port.isdigit() and at):
        raise argparse.ArgumentTypeError(
            f"'{text}' is not NAME=HOST:PORT@LIMIT, such as nginx=127.0.0.1:80@6s"
        )

    @contextmanager
    def there(_origin: Address) -> Iterator[Running]:
        yield Running(address=(host, int(port)), pid=0)

    return Subject(between=Between(name=name, start=there), limit=as_seconds(parse_duration(limit)))


def main() -> None:
    """The emulated edge and every --subject, in the same rounds; JSON on stdout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--subject", action="append", type=_running, default=[], metavar="NAME=HOST:PORT@LIMIT"
    )
    parser.add_argument("--origin-port", type=int, default=0, help="a silent origin listens there meanwhile")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--held", type=int, action="append", help="default: 1, 100, 1000")
    options = parser.parse_args()
    with silent_origin(options.origin_port):
        figures = measure(options.rounds, (emulated(), *options.subject), options.held or HELD)
        for figure in figures:
            print(json.dumps(msgspec.to_builtins(figure)), flush=True)


if __name__ == "__main__":
    main()
