"""`firstbyte list`: what there is, a line each."""

import json
from collections.abc import Callable, Mapping

from firstbyte.harness.commands.options import ListOptions
from firstbyte.harness.commands.printing import out
from firstbyte.harness.files.loader import load_profile, load_shape, load_suites, profile_names, shape_names
from firstbyte.harness.findings.catalogue import load_findings
from firstbyte.harness.targets.catalogue import rows as target_rows
from firstbyte.reference_server.handlers import handler_summaries

type Row = tuple[str, str]


def run(options: ListOptions) -> int:
    """Print the list."""
    rows = _ROWS[options.what]()
    if options.json:
        out(json.dumps([{"id": name, "summary": summary} for name, summary in rows], indent=1))
        return 0
    width = max((len(name) for name, _ in rows), default=0)
    for name, summary in rows:
        out(f"{name:<{width}}  {summary}")
    return 0


def _scenarios() -> list[Row]:
    return [
        (f"{suite.suite}/{scenario.id}", f"{scenario.claim} [{', '.join(scenario.edge)}]")
        for suite in load_suites()
        for scenario in suite.scenario
    ]


_ROWS: Mapping[str, Callable[[], list[Row]]] = {
    "scenarios": _scenarios,
    "edges": lambda: [(name, load_profile(name).profile.title) for name in profile_names()],
    "shapes": lambda: [(name, load_shape(name).title) for name in shape_names()],
    "handlers": lambda: list(handler_summaries().items()),
    "targets": lambda: list(target_rows()),
    "findings": lambda: [(finding.id, finding.title) for finding in load_findings()],
}
