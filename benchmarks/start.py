"""From the shell's prompt to the first answer: fresh interpreters, side by side."""

from collections.abc import Iterator

from benchmarks.figures import Figure, at_most, ratios, spread
from benchmarks.processes import FIRSTBYTE, PYTHON, Cost, alternating

IMPORTS = "import mitmproxy.proxy.server, starlette.applications, uvicorn"
COMMANDS = {
    "nothing": (PYTHON, "-c", "pass"),
    "imports": (PYTHON, "-c", IMPORTS),
    "reproduce": (FIRSTBYTE, "reproduce"),
    "help": (FIRSTBYTE, "--help"),
    "list": (FIRSTBYTE, "list", "scenarios"),
    "check": (FIRSTBYTE, "check"),
}
PROMPT = 0.3


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
    for name in ("help", "list", "check"):
        yield Figure(
            id=f"start.{name}", what=" ".join(("firstbyte", *COMMANDS[name][1:])), unit="s",
            value=spread(wall[name]), beside="python -c pass", ratio=ratios(wall[name], wall["nothing"]),
            goal=f"< {PROMPT} s", met=at_most(wall[name], [PROMPT] * rounds), how=_cpu(costs[name])[2:],
        )  # fmt: skip


def _cpu(costs: list[Cost]) -> str:
    return f"; {spread([cost.cpu for cost in costs]).median:.2f} s of CPU"
