"""A server that says 204 only after the message is durable loses nothing to kill -9; one that says it before
does.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.ledger import Load

pytestmark = pytest.mark.real

SHORT = {"messages": 300, "every": 30, "seed": 8}
LONG = {"messages": 10_000, "every": 200, "seed": 8}


async def test_a_message_accepted_by_no_content_survives_kill_9(tmp_path: Path) -> None:
    kept = await Load(tmp_path, "no-content", **SHORT).play()
    assert (kept.accepted >= SHORT["messages"], kept.kills >= 5) == (True, True), kept
    assert (kept.lost, kept.doubled, kept.integrity) == (0, 0, "ok"), kept


async def test_ack_before_persist_loses_what_it_accepted(tmp_path: Path) -> None:
    kept = await Load(tmp_path, "ack-before-persist", **SHORT).play()
    assert kept.lost > 0, kept
    assert (kept.doubled, kept.integrity) == (0, "ok"), kept


@pytest.mark.soak
@pytest.mark.parametrize("handler", ["no-content", "ack-before-persist"])
async def test_ten_thousand_accepted_messages(
    handler: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seed = int(os.environ.get("FIRSTBYTE_SOAK_SEED") or LONG["seed"])
    record_property("seed", seed)
    kept = await Load(tmp_path, handler, **{**LONG, "seed": seed}).play()
    record_property("cases", kept.accepted)
    assert (kept.lost > 0) == (handler == "ack-before-persist"), kept
    assert (kept.doubled, kept.integrity) == (0, "ok"), kept
