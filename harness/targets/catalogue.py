"""Finds targets by name. To add one, add a file beside this one and a line to MODULES.

The module has `find(name) -> Target | None` and `rows() -> [(name, summary)]`. It is loaded when needed.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.targets.reference import NAME, ReferenceServer
from firstbyte.harness.targets.target import Target

MODULES: tuple[str, ...] = ("hono.target", "opencode.target")
"""Modules of this package. The first one that knows a name supplies the target."""


def rows() -> Iterator[tuple[str, str]]:
    """Yield name and summary of each target."""
    yield NAME, ReferenceServer.summary
    for module in _modules():
        yield from module.rows()


@cache
def find_target(name: str, adapter: str = "") -> Target:
    """Return the target for the value of --target: a name, an adapter file, or a URL with `adapter`.

    Raises BadInput, which lists the names.
    """
    if name.startswith(("http://", "https://")) or name.endswith(".toml"):
        return _own_server(name, adapter)
    if adapter:
        raise BadInput(f"--adapter: is for a URL; {name} knows how to be spoken to")
    if name == NAME:
        return ReferenceServer()
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
    """What `reproduce` plays on a target: a suite or a file, and the time scale that it is written for."""

    suite: str = "hero"
    time_scale: float = 1


def acts_of(name: str, adapter: str = "") -> Acts:
    """Return the acts of the target, or the default ones."""
    target = find_target(name, adapter)
    default = Acts()
    return Acts(
        suite=getattr(target, "suite", default.suite),
        time_scale=getattr(target, "time_scale", default.time_scale),
    )


def _modules() -> Iterator[Any]:
    for name in MODULES:
        yield import_module(f"firstbyte.harness.targets.{name}")
