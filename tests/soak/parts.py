"""The parts of a soak, by name. A test marked `soak` that is in no other part's files is in `others`."""

from collections.abc import Callable

from tests.soak.part import Part
from tests.soak.pytests import PytestPart
from tests.soak.suites import RealSuite, SimSuite

MILLION, FUZZ_ROUNDS = 1_000_000, 20
UI_AT_ONCE = 5
FILES = {
    "fuzz": "tests/fuzz",
    "ledger": "tests/chaos/test_ledger.py",
    "limits": "tests/chaos/test_limits.py",
    "kills": "tests/chaos/test_sweep.py",
    "prediction": "tests/harness/predict",
    "pages": "tests/ui",
    "opencode": "tests/harness/targets/opencode",
}
"""What is played of them are their tests marked `soak`."""


def parts(*, repeat: int, workers: int) -> dict[str, Callable[[], Part]]:
    """Each is made when it is asked for. repeat: how often the tests of pages are played. workers: processes
    of pytest.
    """
    many = ("-n", str(workers))
    return {
        "sim": _sim,
        "real": _real,
        "ui": lambda: _ui(repeat, many),
        "fuzz": _fuzz,
        "ledger": lambda: _soaked("ledger", "messages", 220, ("-n", "2"), "FIRSTBYTE_SOAK_SEED"),
        "limits": lambda: _soaked("limits", "exchanges", 320),
        "kills": lambda: _soaked("kills", "tests", 60),
        "prediction": lambda: _soaked("prediction", "tests", 300, ("-n", "2")),
        # A server, an edge and a browser each: no two at once.
        "pages": lambda: _soaked("pages", "tests", 500),
        "opencode": lambda: _soaked("opencode", "tests", 480),
        "others": lambda: _others(many),
    }


def _sim() -> Part:
    return Part(name="sim", unit="runs", whole=200, about=8, play=SimSuite().play)


def _real() -> Part:
    return Part(name="real", unit="runs", whole=5, about=120, play=RealSuite().play)


def _ui(repeat: int, many: tuple[str, ...]) -> Part:
    at_once = min(repeat, UI_AT_ONCE)
    tests = PytestPart(words=(*many, "-m", "not soak", "tests/ui"), more={"UI_ROUNDS": str(at_once)})
    return Part(name="ui", unit="tests", whole=-(-repeat // at_once), about=400, play=tests.play)


def _fuzz() -> Part:
    more = {"FIRSTBYTE_FUZZ_INPUTS": str(MILLION // FUZZ_ROUNDS)}
    words = ("-n", "3", "-m", "soak", FILES["fuzz"])
    tests = PytestPart(words=words, more=more, seeded_by="FIRSTBYTE_FUZZ_SEED")
    return Part(name="fuzz", unit="inputs", whole=FUZZ_ROUNDS, about=180, play=tests.play)


def _soaked(name: str, unit: str, about: float, many: tuple[str, ...] = (), seeded_by: str = "") -> Part:
    tests = PytestPart(words=(*many, "-m", "soak", FILES[name]), seeded_by=seeded_by)
    return Part(name=name, unit=unit, whole=1, about=about, play=tests.play)


def _others(many: tuple[str, ...]) -> Part:
    rest = tuple(f"--ignore={one}" for one in FILES.values())
    tests = PytestPart(words=(*many, "-m", "soak", "tests", *rest))
    return Part(name="others", unit="tests", whole=1, about=400, play=tests.play)
