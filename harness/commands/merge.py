"""`firstbyte merge`: the results of shards as one document, as if one machine had run them all."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from firstbyte.harness.commands.options import MergeOptions
from firstbyte.harness.commands.printing import out
from firstbyte.harness.problems import BadInput
from firstbyte.harness.report import json_out

SAME = ("schema", "firstbyte")
"""What must be the same in all: results of different versions are no one result."""
BAD = {"harness-error": 4, "setup-error": 3, "fail": 1}
"""The exit code for the worst outcome, the worst first."""


def run(options: MergeOptions) -> int:
    """Write the whole; the exit code is what one run of everything would have had."""
    documents = [_read(path) for path in options.file]
    _check(options.file, documents)
    runs = _in_order(documents)
    whole = {key: value for key, value in documents[0].items() if key != "shard"}
    json_out.write({**whole, "runs": runs}, options.json)
    counts = Counter(str(one["outcome"]) for one in runs)
    counted = ", ".join(f"{number} {word}" for word, number in counts.items())
    out(f"{len(documents)} files, {len(runs)} runs: {counted}", options.json)
    return next((code for word, code in BAD.items() if counts[word]), 0)


def _in_order(documents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """As one run of everything has them: part I of N has every Nth, from the Ith on."""
    if not all("shard" in document for document in documents):
        return [one for document in documents for one in document["runs"]]
    placed = [
        (number, int(document["shard"]["index"]), one)
        for document in documents
        for number, one in enumerate(document["runs"])
    ]
    return [one for _, _, one in sorted(placed, key=lambda entry: entry[:2])]


def _read(path: Path) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path}: can't be read: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BadInput(f"{path}: is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("runs"), list):
        raise BadInput(f"{path}: has no runs; write it with `firstbyte run --shard I/N --json {path}`")
    return document


def _check(paths: Sequence[Path], documents: Sequence[dict[str, Any]]) -> None:
    first = documents[0]
    for path, document in zip(paths, documents, strict=True):
        for key in SAME:
            if document.get(key) != first.get(key):
                raise BadInput(
                    f"{path}: {key} is {document.get(key)!r}, in {paths[0]} it is {first.get(key)!r}; "
                    "merge results of one version"
                )
    _check_shards(paths, documents)
    _check_once(paths, documents)


def _check_shards(paths: Sequence[Path], documents: Sequence[dict[str, Any]]) -> None:
    """Each says which part it is of how many: a part that is missing must not look like a pass."""
    counts = {document["shard"]["count"] for document in documents if "shard" in document}
    if not counts:
        return
    if len(counts) > 1:
        words = " and of ".join(map(str, sorted(counts)))
        raise BadInput(f"the files are parts of {words}; merge those of one split")
    (count,) = counts
    there = {document["shard"]["index"] for document in documents if "shard" in document}
    missing = sorted(set(range(1, count + 1)) - there)
    if missing:
        names = ", ".join(f"{index}/{count}" for index in missing)
        raise BadInput(f"part {names} is missing among the {len(paths)} files; merge all {count}")


def _check_once(paths: Sequence[Path], documents: Sequence[dict[str, Any]]) -> None:
    seen: dict[tuple[str, str, str, str], Path] = {}
    for path, document in zip(paths, documents, strict=True):
        for one in document["runs"]:
            key = (one["scenario"], one["edge"], one["target"], one["mode"])
            if key in seen:
                raise BadInput(
                    f"{path}: {one['scenario']}[{one['edge']}] is in {seen[key]} too; merge each part once"
                )
            seen[key] = path
