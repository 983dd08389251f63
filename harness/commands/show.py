"""`firstbyte show`: one scenario, edge, shape, handler or finding, with its sources."""

from collections.abc import Iterator

import msgspec

from firstbyte.harness.commands.options import ShowOptions
from firstbyte.harness.commands.printing import out
from firstbyte.harness.files.loader import (
    load_profile,
    load_shape,
    load_suites,
    profile_names,
    shape_names,
)
from firstbyte.harness.model.scenario import Scenario
from firstbyte.harness.model.units import as_written
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.report.profile import show_profile
from firstbyte.reference_server.handlers import handler_summaries


def run(options: ShowOptions) -> int:
    """Print it."""
    for line in _lines(options.name):
        out(line)
    return 0


def _lines(name: str) -> Iterator[str]:
    if name in profile_names() or name.endswith(".toml"):
        return show_profile(load_profile(name))
    if name in shape_names():
        return show_data(load_shape(name))
    scenarios = {one.id: one for suite in load_suites() for one in suite.scenario}
    if name.rpartition("/")[2] in scenarios:
        return show_scenario(scenarios[name.rpartition("/")[2]])
    handlers = handler_summaries()
    if name in handlers:
        return iter([f"{name}: {handlers[name]}"])
    known = {*profile_names(), *shape_names(), *scenarios, *handlers}
    raise BadInput(f"nothing is named '{name}'{did_you_mean(name, known)[:300]}")


def show_scenario(scenario: Scenario) -> Iterator[str]:
    """Claim, source, and the data as it is."""
    yield f"{scenario.id}: {scenario.title}" if scenario.title else scenario.id
    yield f"claim: {scenario.claim}"
    yield f"source: {scenario.source}"
    yield from show_data(scenario, skip=("id", "title", "claim", "source"))


def show_data(value: msgspec.Struct, skip: tuple[str, ...] = ()) -> Iterator[str]:
    """Any data, a key a line."""
    plain: dict[str, object] = msgspec.to_builtins(value, enc_hook=as_written)
    for key, entry in plain.items():
        if key not in skip:
            yield f"{key}: {msgspec.json.encode(entry).decode()}"
