"""The time that `firstbyte grid` takes: emulated products in virtual time, then real ones beside them."""

from collections.abc import Iterator

from benchmarks.figures import Figure, at_most, ratios, spread
from benchmarks.processes import FIRSTBYTE, PYTHON, alternating
from benchmarks.start import IMPORTS
from firstbyte.proxies.real.catalogue import PRODUCTS

EMULATED_GOAL = 10.0
REAL_GOAL = 180.0


def measure(rounds: int, *, real: bool = True) -> Iterator[Figure]:
    """Wall time of the command. real: with the products of this machine, too."""
    costs = alternating(
        {"imports": (PYTHON, "-c", IMPORTS), "emulated": (FIRSTBYTE, "grid", "--emulated-only")}, rounds
    )
    walls = [cost.wall for cost in costs["emulated"]]
    yield Figure(
        id="grid.emulated", what=f"firstbyte grid --emulated-only: every shape behind {len(PRODUCTS)} edges",
        unit="s", value=spread(walls), beside="bare imports",
        ratio=ratios(walls, [cost.wall for cost in costs["imports"]]),
        goal=f"< {EMULATED_GOAL:g} s", met=at_most(walls, EMULATED_GOAL),
    )  # fmt: skip
    here = [name for name, one in PRODUCTS.items() if one.find() is not None]
    if not real or not here:
        return
    taken = [cost.wall for cost in alternating({"grid": (FIRSTBYTE, "grid")}, 1, uncounted=0)["grid"]]
    yield Figure(
        id="grid.real", what=f"firstbyte grid: the same beside {len(here)} real products", unit="s",
        value=spread(taken), goal=f"< {REAL_GOAL:g} s", met=at_most(taken, REAL_GOAL),
        how=f"limits of 60 s / 30; {', '.join(here)}",
    )  # fmt: skip
