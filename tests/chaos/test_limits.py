"""An edge process under load cuts nobody at half its limit and lets nobody through at twice it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from firstbyte.harness.model.units import seconds
from tests.chaos.limits import TIMED_OUT, rate

pytestmark = [pytest.mark.real, pytest.mark.slow]

LIMIT = seconds(10)
CASES = [(seconds(5), 200), (seconds(20), TIMED_OUT)]


@pytest.mark.parametrize(("wait", "status"), CASES, ids=["half the limit", "twice the limit"])
async def test_no_exchange_of_two_hundred_is_wrong(wait: int, status: int, tmp_path: Path) -> None:
    found = await rate(tmp_path, wait=seconds(wait / 1e6), limit=LIMIT, exchanges=200, at_once=200)
    assert found.statuses == {status: 200}


@pytest.mark.soak
@pytest.mark.parametrize(("wait", "status"), CASES, ids=["half the limit", "twice the limit"])
async def test_no_exchange_of_ten_thousand_is_wrong(
    wait: int, status: int, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("cases", 10_000)
    found = await rate(tmp_path, wait=seconds(wait / 1e6), limit=LIMIT, exchanges=10_000, at_once=500)
    assert found.statuses == {status: 10_000}
