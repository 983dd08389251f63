"""All targets there are, found by name. A new one is a file beside this one and a line in it.

A module here says what it has by `find(name) -> Target | None` and `rows() -> [(name, summary)]`; modules
are loaded when they are asked for.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.targets.reference import NAME, Reference
from firstbyte.harness.targets.target import Target

MODULES: tuple[str, ...] = ("hono.target",)
"""Below this package. The first that knows a name has it."""


def rows() -> Iterator[tuple[str, str]]:
    """Name and summary of each."""
    yield NAME, Reference.summary
    for module in _modules():
        yield from module.rows()


@cache
def find_target(name: str) -> Target:
    """By the name that --target takes. BadInput names what there is."""
    if name == NAME:
        return Reference()
    for module in _modules():
        found: Target | None = module.find(name)
        if found is not None:
            return found
    raise BadInput(f"--target: there is no target '{name}'{did_you_mean(name, [row for row, _ in rows()])}")


def _modules() -> Iterator[Any]:
    for name in MODULES:
        yield import_module(f"firstbyte.harness.targets.{name}")
