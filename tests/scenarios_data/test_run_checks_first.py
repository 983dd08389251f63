"""`firstbyte run FILE` says of a user's file what `firstbyte check FILE` says, before it plays anything."""

from pathlib import Path

import pytest

from firstbyte.harness.checks import suite
from firstbyte.harness.cli import main
from firstbyte.harness.files.loader import profile_path, scenarios_dir, shape_names
from firstbyte.harness.problems import BadInput
from firstbyte.harness.runner.selection import select

SUITE = """
suite = "mine"
about = "Mine."

[[scenario]]
id = "slow"
claim = "A client must be told the truth."
source = "our incident of 2026-05-04"
origin = { kind = "server", handler = "await-result", model = { delay = "120s" } }
step = [{ do = "send" }]

[scenario.edge]
nginx = { verdict = "phantom-failure", status = 504, at = "60s", fired = ["proxy-read-header"] }
"""

MISTAKES = [
    ("must be told", "is told", "claim: states no obligation; say what must, should or may be"),
    ("our incident of 2026-05-04", "an incident", "source: has no date;"),
    ("await-result", "await-reslt", "there is no handler 'await-reslt'; did you mean 'await-result'?"),
    ("proxy-read-header", "proxy-raed", "nginx has no timer 'proxy-raed'"),
    ("nginx =", "ngnix =", "there is no edge 'ngnix'; did you mean 'nginx'?"),
    ("status = 504", "status = 504, effects = 2", "2 can't be judged 'phantom-failure'"),
    ("120s", "62s", "the first byte comes at 62s, too near to 'proxy-read-header' (60s) for real mode"),
    ("step =", "stpe =", "unknown key 'stpe'; did you mean 'step'?"),
]


def own_file(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("right", "wrong", "complaint"), MISTAKES, ids=[row[1] for row in MISTAKES])
def test_run_says_what_check_says_and_plays_nothing(
    right: str, wrong: str, complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert right in SUITE
    path = own_file(tmp_path, SUITE.replace(right, wrong, 1))
    assert main(["check", str(path)]) == 2
    checked = capsys.readouterr().err
    assert complaint in checked
    assert main(["run", str(path)]) == 2
    ran = capsys.readouterr()
    assert (ran.out, ran.err) == ("", f"firstbyte: {checked}")


def test_every_complaint_about_a_file_is_made_at_once(tmp_path: Path) -> None:
    text = SUITE.replace("must be told", "is told").replace("2026-05-04", "May")
    with pytest.raises(BadInput) as refused:
        select([str(own_file(tmp_path, text))])
    assert [line.split(": ")[2] for line in str(refused.value).splitlines()] == ["claim", "source"]


def test_a_sound_file_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(own_file(tmp_path, SUITE))]) == 0
    assert "slow" in capsys.readouterr().out


def test_a_file_may_name_edges_and_shapes_that_are_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge, shape = tmp_path / "edge.toml", tmp_path / "shape.toml"
    edge.write_bytes(profile_path("nginx").read_bytes())
    shape.write_bytes((scenarios_dir() / "shapes" / "silent.toml").read_bytes())
    assert "silent" in shape_names()
    text = (
        SUITE.replace("nginx =", f'"{edge}" =')
        .replace(
            '{ kind = "server", handler = "await-result", model = { delay = "120s" } }',
            f'{{ kind = "shape", shape = "{shape}" }}',
        )
        .replace('do = "send"', 'do = "send", operation = "request"')
    )
    path = own_file(tmp_path, text)
    assert main(["check", str(path)]) == 0
    assert main(["run", str(path)]) == 0
    assert "504" in capsys.readouterr().out


def test_a_file_that_comes_with_firstbyte_is_not_checked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def complain(_suite: object) -> list[str]:
        raise AssertionError("checked")

    monkeypatch.setattr(suite, "suite_complaints", complain)
    assert select(["hero.toml"]) == select(["hero"])
