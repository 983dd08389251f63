"""The time from a command's start to its first output, in fresh interpreters."""

import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, at_most, ratios, spread
from benchmarks.processes import FIRSTBYTE, PYTHON, Cost, alternating
from benchmarks.products import MITMDUMP, fast_origin, mitmdump

IMPORTS = "import mitmproxy.proxy.server, starlette.applications, uvicorn"
COMMANDS = {
    "nothing": (PYTHON, "-c", "pass"),
    "imports": (PYTHON, "-c", IMPORTS),
    "reproduce": (FIRSTBYTE, "reproduce"),
    "verdict": (FIRSTBYTE, "run", "act-1", "--edge", "cloudflare-100"),
    "help": (FIRSTBYTE, "--help"),
    "list": (FIRSTBYTE, "list", "scenarios"),
    "check": (FIRSTBYTE, "check"),
}
PROMPT = 0.3
UNUSED = 0.03
"""Seconds that the plugin may cost a project that does not use it."""
OTHER_PLUGINS = ("schemathesis", "playwright", "looptime_plugin", "hypothesispytest", "cacheprovider")
SHARE_OF_IMPORTS = 1.3


def measure(rounds: int) -> Iterator[Figure]:
    """The bare imports, `reproduce` against them, and the commands that must feel instant."""
    costs = alternating(COMMANDS, rounds)
    wall = {name: [cost.wall for cost in each] for name, each in costs.items()}
    yield Figure(
        id="start.imports", what="bare imports: mitmproxy.proxy.server, Starlette, uvicorn", unit="s",
        value=spread(wall["imports"]), how=f"python -c '{IMPORTS}'{_cpu(costs['imports'])}",
    )  # fmt: skip
    yield Figure(
        id="start.reproduce", what="firstbyte reproduce", unit="s", value=spread(wall["reproduce"]),
        beside="bare imports", ratio=ratios(wall["reproduce"], wall["imports"]),
        goal="1.5 x imports + 0.5 s",
        met=at_most(wall["reproduce"], [1.5 * each + 0.5 for each in wall["imports"]]),
        how=f"every act in sim, tables and pictures{_cpu(costs['reproduce'])}",
    )  # fmt: skip
    yield from _first_verdict(wall, [_first_served() for _ in range(rounds)])
    yield _unused_plugin(rounds)
    for name in ("help", "list", "check"):
        yield Figure(
            id=f"start.{name}", what=" ".join(("firstbyte", *COMMANDS[name][1:])), unit="s",
            value=spread(wall[name]), beside="python -c pass", ratio=ratios(wall[name], wall["nothing"]),
            goal=f"< {PROMPT} s", met=at_most(wall[name], PROMPT), how=_cpu(costs[name])[2:],
        )  # fmt: skip


def _unused_plugin(rounds: int) -> Figure:
    """pytest on one empty test, with the plugin installed and with it kept out."""
    with tempfile.TemporaryDirectory() as folder:
        test = Path(folder) / "test_nothing.py"
        test.write_text("def test_nothing():\n    pass\n")
        off = [f"-pno:{name}" for name in OTHER_PLUGINS]
        command = (PYTHON, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", folder, *off, str(test))
        costs = alternating({"with": command, "without": (*command, "-pno:firstbyte")}, rounds)
    # CPU, not the wall: the plugin waits for nothing, and 30 ms are lost in the noise of a busy machine.
    cpu = {name: [cost.cpu for cost in each] for name, each in costs.items()}
    more = [one - other for one, other in zip(cpu["with"], cpu["without"], strict=True)]
    return Figure(
        id="start.plugin", what="pytest on one empty test, the plugin unused", unit="s",
        value=spread(cpu["with"]), beside="-p no:firstbyte", ratio=ratios(cpu["with"], cpu["without"]),
        goal=f"{UNUSED * 1000:g} ms more", met=at_most(more, UNUSED),
        how=f"seconds of CPU; {1000 * spread(more).median:.0f} ms more than without",
    )  # fmt: skip


def _first_verdict(wall: dict[str, list[float]], served: list[float]) -> Iterator[Figure]:
    limits = [SHARE_OF_IMPORTS * each for each in wall["imports"]]
    yield Figure(
        id="start.verdict", what="process start to the first verdict", unit="s",
        value=spread(wall["verdict"]),
        beside="bare imports", ratio=ratios(wall["verdict"], wall["imports"]),
        goal=f"{SHARE_OF_IMPORTS:g} x bare imports", met=at_most(wall["verdict"], limits),
        how="firstbyte run act-1 --edge cloudflare-100, to its end",
    )  # fmt: skip
    yield Figure(
        id=f"start.served.{MITMDUMP}", what=f"process start to the first served request: {MITMDUMP}",
        unit="s",
        value=spread(served), beside="a first verdict", ratio=ratios(served, wall["verdict"]),
    )  # fmt: skip


def _first_served() -> float:
    """Seconds from the start of a mitmdump to the end of an answer through it."""
    with fast_origin() as origin:
        began = time.perf_counter()  # noqa: TID251 - it measures
        with mitmdump().start(origin) as running:
            urllib.request.urlopen(f"http://{running.address[0]}:{running.address[1]}/").read()
            return time.perf_counter() - began  # noqa: TID251 - it measures


def _cpu(costs: list[Cost]) -> str:
    return f"; {spread([cost.cpu for cost in costs]).median:.2f} s of CPU"
