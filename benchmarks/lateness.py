"""The lateness of an edge's own answer: the time of its first byte at the client, minus the limit.

A client, a silent origin and the edge are processes of their own. Subjects are the emulated edge, and
anything with an address: each round measures all of them. By itself, with a product that runs already:
`python benchmarks/run.py --only lateness`, or

    python -m benchmarks.lateness --origin-port 9000 --subject nginx=127.0.0.1:8080@6s
"""

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import msgspec

from benchmarks.figures import Figure, at_most, spread
from benchmarks.processes import FIRSTBYTE, PYTHON
from benchmarks.products import Between, real_products
from firstbyte.harness.model.timeline import Event, Kind
from firstbyte.harness.model.units import as_seconds, parse_duration, seconds
from firstbyte.proxies.real.catalogue import PRODUCTS

HERE = Path(__file__).resolve().parent
HELD = (1, 100, 1_000)
SPREAD = 5.0
LIMIT = 6.0
"""Longer than the arrivals are spread: all are held at once. Seconds."""
GOAL = 0.020
NAME = "emulated"

type Address = tuple[str, int]
type Start = Callable[[Address], AbstractContextManager["Running"]]


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A subject that listens. events: the file in which an emulated edge writes what it does, None = none."""

    address: Address
    events: Path | None = None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """Something with a deadline. start: given the origin's address, yields where it listens. limit: s."""

    name: str
    start: Start
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

    @contextmanager
    def start(origin: Address) -> Iterator[Running]:
        with tempfile.TemporaryDirectory() as folder:
            events = Path(folder) / "events"
            command = (
                FIRSTBYTE, "edge", "--upstream", f"http://{origin[0]}:{origin[1]}", "--profile", "nginx",
                "--first-byte-timeout", f"{limit:g}s", "--listen", "127.0.0.1:0", "--quiet", "--ready-json",
                "--events", str(events),
            )  # fmt: skip
            with _process(command) as process:
                assert process.stdout is not None
                ready = json.loads(process.stdout.readline())["ready"]
                host, _, port = ready.rpartition("//")[2].rpartition(":")
                yield Running(address=(host, int(port)), events=events)

    return Subject(name=NAME, start=start, limit=limit)


def with_products(limit: float = LIMIT) -> tuple[Subject, ...]:
    """The emulated edge and every real product of this machine, with the same limit."""
    real = real_products(seconds(limit), tuple(PRODUCTS))
    return (emulated(limit), *(_product(one, limit) for one in real))


def _product(between: Between, limit: float) -> Subject:
    @contextmanager
    def start(origin: Address) -> Iterator[Running]:
        with between.start(origin) as running:
            yield Running(address=running.address)

    return Subject(name=between.name, start=start, limit=limit)


def measure(
    rounds: int, subjects: Sequence[Subject] = (), held: Sequence[int] = HELD, spread_over: float = SPREAD
) -> Iterator[Figure]:
    """Median and 99th percentile per subject and number of held requests; then all arriving at once."""
    subjects = subjects or (emulated(),)
    for number, width in [*((each, spread_over) for each in held), (max(held), 0.0)]:
        found = _alternating(subjects, rounds, number, width)
        for subject in subjects:
            yield from _figures(subject.name, number, width, found[subject.name])


def _alternating(
    subjects: Sequence[Subject], rounds: int, number: int, width: float
) -> dict[str, list[Lateness]]:
    found: dict[str, list[Lateness]] = {subject.name: [] for subject in subjects}
    for _ in range(rounds):
        for subject in subjects:
            found[subject.name].append(measure_once(subject, number, width))
    return found


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
        met=at_most([one.p99 for one in found], [GOAL] * len(found)) if goal else "",
    )  # fmt: skip
    inside = [one.inside * 1e3 for one in found if one.inside is not None]
    if inside:
        yield Figure(
            id=f"{key}.inside", what=f"of it, inside the edge, p99: {which}", unit="ms", value=spread(inside),
            how="by the edge's events: from a timer's due time to its answer; the rest: arriving, leaving",
        )  # fmt: skip


def measure_once(subject: Subject, number: int, width: float) -> Lateness:
    """A fresh origin, a fresh edge, `number` requests spread over `width` seconds."""
    with ExitStack() as stack:
        origin = stack.enter_context(silent_origin())
        running = stack.enter_context(subject.start(origin))
        host, port = running.address
        most = width + subject.limit + 10
        command = (PYTHON, str(HERE / "late_client.py"), host, str(port), str(number), str(width), str(most))
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        inside = inside_lateness(running.events.read_bytes()) if running.events else []
    found = _lateness(json.loads(output), subject.limit)
    return msgspec.structs.replace(found, inside=_quantile(sorted(inside), 0.99) if inside else None)


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
        median=late[len(late) // 2], p99=_quantile(late, 0.99), worst=late[-1], lag=_quantile(lag, 0.99),
        answers=len(late),
    )  # fmt: skip


def _quantile(ordered: Sequence[float], part: float) -> float:
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


@contextmanager
def silent_origin(port: int = 0) -> Iterator[Address]:
    """An origin that never answers, in a process of its own."""
    with _process((PYTHON, str(HERE / "silent_origin.py"), str(port))) as process:
        assert process.stdout is not None
        yield "127.0.0.1", int(process.stdout.readline())


@contextmanager
def _process(command: Sequence[str]) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


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
        yield Running(address=(host, int(port)))

    return Subject(name=name, start=there, limit=as_seconds(parse_duration(limit)))


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
