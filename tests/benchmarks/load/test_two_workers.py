"""A master and two workers on loopback, typed as docs/how-to/load.md has it: the counts are the ledger's."""

import json
import urllib.request
from collections import Counter
from typing import Any

import pytest

from tests.benchmarks.load.conftest import PATIENCE, Field


def ledger(field: Field) -> list[dict[str, Any]]:
    """The users' messages, as the server has them."""
    with urllib.request.urlopen(f"{field.origin}/_firstbyte/ledger") as reply:
        return [one for one in json.load(reply)["messages"] if one["role"] == "user"]


@pytest.mark.real
@pytest.mark.slow
def test_what_two_workers_were_told_is_joined_with_the_ledger(field: Field) -> None:
    *workers, master = [field.start(line) for line in field.lines()]
    said, _ = master.communicate(timeout=PATIENCE)
    assert master.returncode == 1, said
    for worker in workers:
        heard, _ = worker.communicate(timeout=PATIENCE)
        assert worker.returncode in (0, 1), heard  # 1 is Locust's own word for the 524s it saw
    held = Counter(message["text"] for message in ledger(field))
    verdicts = json.loads((field.folder / "verdicts.json").read_text())
    found = {name: one["count"] for name, one in verdicts["verdicts"].items() if one["count"]}
    assert found == {
        "duplicate": sum(times > 1 for times in held.values()),
        "phantom-failure": sum(times == 1 for times in held.values()),
    }, said
    assert verdicts["intents"] == len(held)
    assert (
        len({message["session"] for message in ledger(field)}) == 4
    )  # a user's own each: both workers' count
    rows = json.loads((field.folder / "load.json").read_text())  # Locust's own, of --json-file load
    assert {row["name"]: row["num_requests"] for row in rows if row["method"] == "verdict"} == found
    assert f"phantom-failure ({found['phantom-failure'] / len(held):.1%})" in said


@pytest.mark.real
@pytest.mark.slow
def test_a_worker_that_is_lost_ends_the_run_without_a_count(field: Field) -> None:
    first, second, master = [field.start(line.replace("-t 4s", "-t 12s")) for line in field.lines()]
    assert master.stdout is not None
    heard = ""
    while "Spawning is complete" not in heard and "All users spawned" not in heard:
        heard += master.stdout.readline()
    while len({message["session"] for message in ledger(field)}) < 4:
        assert master.poll() is None
    first.kill()
    said, _ = master.communicate(timeout=PATIENCE)
    assert master.returncode == 3, heard + said
    assert "is gone, and with it what its users were told" in said
    assert not (field.folder / "verdicts.json").exists()
    second.communicate(timeout=PATIENCE)
