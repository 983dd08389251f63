"""Every setting can be given as an argument; a wrong one is named."""

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load.settings import REFERENCE, Settings, add_settings, settings_of
from firstbyte.harness.model.units import seconds
from firstbyte.harness.model.verdict import Verdict
from firstbyte.harness.problems import BadInput

ROOT = Path(__file__).resolve().parents[3]


class Parser(argparse.ArgumentParser):
    """Takes the variable's name, as Locust's does, and leaves the environment alone."""

    def add_argument(self, *names: str, **settings: Any) -> argparse.Action:
        assert settings.pop("env_var") == f"FIRSTBYTE_{names[0].removeprefix('--').upper()}"
        return super().add_argument(*names, **settings)


def read(*words: str) -> Settings:
    parser = Parser(add_help=False)
    add_settings(parser)
    return settings_of(parser.parse_args(words))


def test_without_words_it_is_the_reference_server() -> None:
    found = read()
    assert (found.adapter, found.origin, found.allowed) == (REFERENCE, "http://127.0.0.1:4096", frozenset())


def test_words_become_data() -> None:
    found = read(
        "--allow", "duplicate, phantom-failure", "--ids", "same", "--pause", "200ms", "--resends", "0"
    )
    assert found.allowed == {Verdict.DUPLICATE, Verdict.PHANTOM_FAILURE}
    assert (found.same_ids, found.pause, found.resends) == (True, seconds(0.2), 0)
    assert read("--allow", "all").allowed == {verdict for verdict in Verdict if not verdict.is_good}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--pause", "1"), "--pause: '1' has no unit"),
        (("--allow", "delivered"), "--allow: 'delivered' is none of duplicate"),
        (("--origin", "127.0.0.1:80"), "is no http:// or https:// URL"),
        (("--origin", "http://h/api"), "leave the path out"),
        (("--resends", "-1"), "--resends: -1 is less than 0"),
    ],
)
def test_a_wrong_word_is_named(words: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        read(*words)


def test_what_judges_does_not_load_gevent() -> None:
    code = (
        "import sys; sys.path.append(sys.argv[1]); import benchmarks.load.settings, benchmarks.load.truth;"
        "sys.exit(' '.join({'gevent', 'locust'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
