"""The wall clock steps by hours in the middle of a run: what is measured and judged is not moved by it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.stepped import SteppedClock
from tests.chaos.sweep import Step
from tests.chaos.test_sweep import has_come_to
from tests.hygiene.lab import Session, until

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.clock]

RUN = ("run", "act-1", "--edge", "cloudflare-100", "--mode", "real", "--time-scale", "50")
EDGE = ("edge", "--upstream", "http://127.0.0.1:9", "--profile", "nginx", "--listen", "127.0.0.1:0", "--tls")
PERSISTED = Step("origin", "persisted")
ANSWERED = Step("edge", "answered")
HOUR_SECONDS = 3_600
MODEL_SECONDS = 130
SAY_TIME = "import time; print(time.time())"
ASK = """
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[1])
with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as plain:
    with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
        print(secure.version())
"""


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SteppedClock:
    """Of every process that is started from here on."""
    clock = SteppedClock(tmp_path)
    for name, value in clock.environment.items():
        monkeypatch.setenv(name, value)
    return clock


def printed(program: str, *words: str) -> str:
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_run_keeps_its_verdict_and_its_times(clock: SteppedClock, tmp_path: Path) -> None:
    """The clock goes an hour forward while the model works, and two back after the edge's answer."""
    file = tmp_path / "result.json"
    with Session(tmp_path / "t", *RUN, "--json", str(file)) as session:
        real = float(printed(SAY_TIME))
        told = []
        for step, offset in ((PERSISTED, "+1h"), (ANSWERED, "-1h")):
            until(lambda step=step: has_come_to(session, step), f"{step}")  # type: ignore[misc] # a default
            clock.step(offset)
            told.append(round((float(printed(SAY_TIME)) - real) / HOUR_SECONDS))
        assert session.end() == 0, session.out
    assert told == [1, -1]
    (run,) = json.loads(file.read_text())["runs"]
    assert (run["outcome"], run["verdict"], run["client"]["status"]) == ("pass", "phantom-failure", 524)
    times = [event["at_s"] for event in run["timeline"]]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] < 2 * MODEL_SECONDS


def test_the_certificate_of_an_edge_outlives_a_clock_that_goes_back(
    clock: SteppedClock, tmp_path: Path
) -> None:
    with Session(tmp_path / "t", *EDGE) as session:
        (port,) = session.listening(1)
        (authority,) = until(lambda: list(session.tmp.rglob("authority.pem")), "the certificate")
        clock.step("-3h")
        assert printed(ASK, str(authority), str(port)).startswith("TLS")
        session.signal(2)
        assert session.end() == 0
