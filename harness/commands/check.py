"""`firstbyte check`: every profile, shape, scenario and adapter is read and held against the others; with
--chain, the deadlines of edges one behind the other.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from firstbyte.harness import redact
from firstbyte.harness.checks.chain import ChainWarning, chain_warnings
from firstbyte.harness.checks.evidence import evidence_complaints
from firstbyte.harness.checks.suite import suite_complaints
from firstbyte.harness.clock import today
from firstbyte.harness.commands.options import CheckOptions
from firstbyte.harness.commands.printing import out
from firstbyte.harness.files.loader import (
    decode,
    load_profile,
    load_suite,
    pages_dir,
    profile_from,
    profiles_dir,
    read_toml,
    scenarios_dir,
)
from firstbyte.harness.files.setting import apply_to_chain, check_all_used, parse_setting
from firstbyte.harness.model.profile_complaints import complaints
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import json_out
from firstbyte.harness.sendstate.adapter import load_adapter
from firstbyte.harness.targets.server_file import load_server
from firstbyte.harness.version import package_version

SHORTEST_CHAIN = 2


def run(options: CheckOptions) -> int:
    """Print every complaint; 2 when there is one. A chain's warnings: 0, with --strict 1."""
    if options.chain is not None:
        return _check_chain(options.chain, options)
    if options.strict or options.json or options.set:
        raise BadInput("--strict, --json and --set are for --chain; add it")
    files = _files(options.path or (profiles_dir(), scenarios_dir(), pages_dir()))
    found = 0
    for path in files:
        for complaint in _check(path):
            sys.stderr.write(f"{redact.text(complaint)}\n")
            found += 1
    out(f"{len(files)} files checked, {found} complaint{'' if found == 1 else 's'}")
    return 2 if found else 0


def _check_chain(chain: str, options: CheckOptions) -> int:
    names = [name.strip() for name in chain.split(",") if name.strip()]
    if len(names) < SHORTEST_CHAIN:
        raise BadInput(f"--chain: '{chain}' is no chain; write cloudflare,nginx, say")
    settings = [parse_setting(text) for text in options.set]
    loaded = [load_profile(name) for name in names]
    check_all_used(settings, [loaded])
    found = tuple(chain_warnings([hop.profile for hop in apply_to_chain(loaded, settings)]))
    lines = [line for one in found for line in _warning_lines(one)]
    lines.append(f"{' -> '.join(names)}: {len(found)} warning{'' if len(found) == 1 else 's'}")
    if options.json:
        document = {"schema": 1, "firstbyte": package_version(), "chain": names}
        json_out.write({**document, "warnings": msgspec.to_builtins(found)}, options.json)
    out("\n".join(lines), options.json)
    return 1 if found and options.strict else 0


def _warning_lines(warning: ChainWarning) -> Iterator[str]:
    yield f"{warning.outer} in front of {warning.inner}: {warning.trouble}"
    yield f"  {warning.why}"
    yield f"  cure: {warning.cure}"


def _files(paths: Sequence[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(path.rglob("*.toml"))
        elif path.exists():
            files.append(path)
        else:
            raise BadInput(f"{path}: there is no such file or folder")
    return files


def _check(path: Path) -> Iterator[str]:
    try:
        raw = read_toml(path)
        if "timers" in raw or "answers" in raw:
            yield from _check_profile(raw, path)
        elif "composer" in raw or "page" in raw:
            load_adapter(path)
        elif "steps" in raw:
            decode(raw, Shape, path)
        elif "scenario" in raw:
            yield from suite_complaints(load_suite(path))
        elif "truth" in raw:
            load_server(path)
        else:
            yield (
                f"{path}: is no profile (timers), shape (steps), scenario file (scenario), server (truth) or "
                f"adapter (composer)"
            )
    except BadInput as error:
        yield str(error)


def _check_profile(raw: dict[str, Any], path: Path) -> Iterator[str]:
    loaded = profile_from(raw, path)
    for complaint in complaints(loaded.profile):
        yield f"{path}: {complaint}"
    yield from evidence_complaints(loaded, today())
