"""What a plan changes in a profile, by --set or by its scenario, is what the edge process runs."""

import asyncio

import msgspec
import pytest

from firstbyte.harness.files.setting import apply_to_chain, parse_setting
from firstbyte.harness.runner.plan import Options
from firstbyte.harness.runner.play import run_real
from firstbyte.harness.runner.selection import plans, select


@pytest.mark.real
def test_a_changed_key_reaches_the_edge_in_real_mode() -> None:
    options = Options(mode="real", time_scale=50)
    (plan,) = plans(select(["act-1"]), ["cloudflare-100"], options)
    settings = [parse_setting("timers.proxy-read.limit=10s"), parse_setting("answers.timeout.status=599")]
    changed = msgspec.structs.replace(plan, hops=apply_to_chain(plan.hops, settings), expect=None)
    run = asyncio.run(run_real(changed))
    (client,) = run.exchanges
    assert client.status == 599, run.problem
    assert [one.timer for one in run.fired] == ["proxy-read"]
    assert 10 <= run.fired[0].at_s < 50
