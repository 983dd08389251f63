"""The cost of an edge that only forwards: requests a second, added latency, streams and big bodies.

In each round h2load asks an nginx for small replies through each of them; `bulk_client.py` asks
`blunt_origin.py` for the rest. Starting them is not timed.
"""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from benchmarks.figures import Figure, Met, at_most, ratios, spread
from benchmarks.processes import PYTHON
from benchmarks.products import (
    HERE,
    MITMDUMP,
    OURS,
    Address,
    Between,
    Running,
    answering,
    direct,
    fast_origin,
    mitmdump,
    ours,
    real_products,
)
from benchmarks.rounds import in_rounds
from firstbyte.harness.model.units import seconds
from firstbyte.harness.problems import MissingTool

CONNECTIONS = (1, 32, 256)
LONG = seconds(60)
STREAMING = "envoy"
"""A profile that takes no request in before it passes it on."""
FASTER, SHARE_ADDED = 4.0, 1 / 3
"""Goals: requests a second against stock mitmdump's, latency added to a request against what it adds."""
SIZE = 100_000_000
STREAMS, EVENTS = 32, 2_000
_RATE = re.compile(r"finished in .*?, ([0-9.]+) req/s")
_MEAN = re.compile(r"time for request:\s+\S+\s+\S+\s+([0-9.]+)(us|ms|s)\s")
_SCALE = {"us": 1.0, "ms": 1e3, "s": 1e6}

type Samples = dict[str, list[float]]


def measure(rounds: int, *, most: float = 2.0, connections: Sequence[int] = CONNECTIONS) -> Iterator[Figure]:
    """Small replies over HTTP/1.1, then over HTTP/2, then event streams and bodies up and down."""
    plain = [direct(), ours(LONG, profile=STREAMING), mitmdump(), *real_products(LONG)]
    with fast_origin() as origin:
        for number in connections:
            yield from _small(plain, origin, number, rounds, most, h2=False)
        # nginx and the others would need a certificate; these two bring their own.
        yield from _small(
            [ours(LONG, profile=STREAMING, tls=True), mitmdump(tls=True)], origin, 32, rounds, most, h2=True
        )
    with answering() as origin:
        for what in ("sse", "down", "up"):
            yield from _bulk(plain, origin, what, rounds)


def _small(
    subjects: Sequence[Between], origin: Address, number: int, rounds: int, most: float, *, h2: bool
) -> Iterator[Figure]:
    def loaded(subject: Between) -> tuple[float, float]:
        with subject.start(origin) as running:
            return load(running, number, most, h2=h2)

    measured = in_rounds(rounds, {one.name: partial(loaded, one) for one in subjects})
    rates = {name: [rate for rate, _ in samples] for name, samples in measured.items()}
    means = {name: [mean for _, mean in samples] for name, samples in measured.items()}
    protocol = "HTTP/2" if h2 else "HTTP/1.1"
    which = f"small replies, {number} connection{'' if number == 1 else 's'}, {protocol}"
    key = f"pass.{'h2' if h2 else 'h1'}.{number}"
    yield from _rates(rates, which, key)
    if "direct" in means:
        yield from _added(means, which, key)


def _rates(rates: Samples, which: str, key: str) -> Iterator[Figure]:
    for name, samples in rates.items():
        has_goal = name == OURS
        factors = [one / other for one, other in zip(samples, rates[MITMDUMP], strict=True)]
        yield Figure(
            id=f"{key}.rate.{name}", what=f"{which}: {name}", unit="req/s", value=spread(samples),
            beside="" if name == MITMDUMP else MITMDUMP, ratio=None if name == MITMDUMP else spread(factors),
            goal=f"{FASTER:g} x {MITMDUMP}" if has_goal else "",
            met=at_most([-each for each in factors], -FASTER) if has_goal else "",
            how="h2load for some seconds after a warm-up; the origin is an nginx that answers with two bytes",
        )  # fmt: skip


def _added(means: Samples, which: str, key: str) -> Iterator[Figure]:
    added = {
        name: [one - bare for one, bare in zip(samples, means["direct"], strict=True)]
        for name, samples in means.items()
        if name != "direct"
    }
    for name, samples in added.items():
        shares = [one / other for one, other in zip(samples, added[MITMDUMP], strict=True)]
        met: Met = at_most(shares, SHARE_ADDED) if name == OURS else ""
        yield Figure(
            id=f"{key}.added.{name}", what=f"latency added to {which}: {name}", unit="µs",
            value=spread(samples),
            beside="" if name == MITMDUMP else MITMDUMP, ratio=None if name == MITMDUMP else spread(shares),
            goal=f"a third of {MITMDUMP}'s" if name == OURS else "", met=met,
            how="mean time of a request less that of a direct one in the same round",
        )  # fmt: skip


def load(running: Running, connections: int, most: float, *, h2: bool) -> tuple[float, float]:
    """Requests a second and the mean microseconds of one. Raises MissingTool without h2load."""
    host, port = running.address
    url = f"{'https' if running.tls else 'http'}://{host}:{port}/"
    options = f"-c {connections} -D {most:g} --warm-up-time 1".split()
    command = ["h2load", *([] if h2 else ["--h1"]), *options]
    try:
        said = subprocess.run([*command, url], check=True, capture_output=True, text=True).stdout
    except FileNotFoundError:
        raise MissingTool("h2load is not on this machine; apt-get install nghttp2-client") from None
    rate, mean = _RATE.search(said), _MEAN.search(said)
    if rate is None or mean is None or " 0 failed" not in said:
        raise RuntimeError(f"{' '.join(command)} {url} failed:\n{said[-2000:]}")
    return float(rate[1]), float(mean[1]) * _SCALE[mean[2]]


_BULK: Mapping[str, tuple[str, float, str]] = {
    "sse": (f"{STREAMS} event streams at once, {EVENTS} events each", STREAMS * EVENTS, "events/s"),
    "down": (f"{SIZE // 10**6} MB down", SIZE / 1e6, "MB/s"),
    "up": (f"{SIZE // 10**6} MB up", SIZE / 1e6, "MB/s"),
}


def _bulk(subjects: Sequence[Between], origin: Address, what: str, rounds: int) -> Iterator[Figure]:
    words, amount, unit = _BULK[what]

    def rate(subject: Between) -> float:
        with subject.start(origin) as running:
            return amount / _seconds(subject.name, running, what)

    rates = in_rounds(rounds, {one.name: partial(rate, one) for one in subjects})
    for name, samples in rates.items():
        yield Figure(
            id=f"pass.{what}.{name}", what=f"{words}: {name}", unit=unit, value=spread(samples),
            beside="" if name == MITMDUMP else MITMDUMP,
            ratio=None if name == MITMDUMP else ratios(samples, rates[MITMDUMP]),
            how=f"plain sockets ask, plain asyncio streams answer; {MITMDUMP} takes a whole stream in first",
        )  # fmt: skip


def _seconds(name: str, running: Running, what: str) -> float:
    host, port = running.address
    count, size = (STREAMS, EVENTS) if what == "sse" else (1, SIZE)
    command = (PYTHON, str(HERE / "bulk_client.py"), host, str(port), what, str(count), str(size))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{name}, {what}: {done.stderr.strip()[-500:]}")
    return float(json.loads(done.stdout)["seconds"])
