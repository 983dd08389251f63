"""All targets there are, found by name. A new one is a file beside this one and a line in it.

A module here says what it has by `find(name) -> Target | None` and `rows() -> [(name, summary)]`; modules
are loaded when they are asked for.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.targets.reference import NAME, Reference
from firstbyte.harness.targets.target import Target

MODULES: tuple[str, ...] = ("hono.target", "opencode.target")
"""Below this package. The first that knows a name has it."""


def rows() -> Iterator[tuple[str, str]]:
    """Name and summary of each."""
    yield NAME, Reference.summary
    for module in _modules():
        yield from module.rows()


@cache
def find_target(name: str, adapter: str = "") -> Target:
    """By what --target takes: a name, the URL of a server that `adapter` describes, or such a file itself.
    BadInput names what there is.
    """
    if name.startswith(("http://", "https://")) or name.endswith(".toml"):
        return _own_server(name, adapter)
    if adapter:
        raise BadInput(f"--adapter: is for a URL; {name} knows how to be spoken to")
    if name == NAME:
        return Reference()
    for module in _modules():
        found: Target | None = module.find(name)
        if found is not None:
            return found
    known = [row for row, _ in rows()]
    raise BadInput(f"--target: there is no target '{name}'{did_you_mean(name, known)}")


def _own_server(name: str, adapter: str) -> Target:
    from firstbyte.harness.targets.own_server import OwnServer  # noqa: PLC0415 - only when one is asked for

    is_file = name.endswith(".toml")
    if is_file == bool(adapter):
        cure = (
            "leave --adapter out" if is_file else "add --adapter FILE; docs/any-server.md says what is in it"
        )
        raise BadInput(f"--target: '{name}': {cure}")
    return OwnServer(name, Path(name if is_file else adapter), "" if is_file else name)


class Acts(msgspec.Struct, frozen=True, kw_only=True):
    """What `reproduce` plays on a target: a suite or a file, and the time scale it is written for."""

    suite: str = "hero"
    time_scale: float = 1


def acts_of(name: str, adapter: str = "") -> Acts:
    """Those of the target, if it has acts of its own."""
    target = find_target(name, adapter)
    default = Acts()
    return Acts(
        suite=getattr(target, "suite", default.suite),
        time_scale=getattr(target, "time_scale", default.time_scale),
    )


def _modules() -> Iterator[Any]:
    for name in MODULES:
        yield import_module(f"firstbyte.harness.targets.{name}")
