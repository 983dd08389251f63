"""`firstbyte merge`: parts become the whole that one run would have written; anything else is refused."""

import json
from pathlib import Path

import pytest

from firstbyte.harness.cli import main

COUNT = 3


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the hero suite whole and in three parts."""
    folder = tmp_path_factory.mktemp("parts")
    assert main(["run", "hero", "--json", str(folder / "whole.json")]) == 0
    for index in range(1, COUNT + 1):
        shard = f"{index}/{COUNT}"
        assert main(["run", "hero", "--shard", shard, "--json", str(folder / f"{index}.json")]) == 0
    return folder


def merged(*words: str | Path) -> int:
    return main(["merge", *map(str, words)])


def test_the_whole_is_what_one_run_writes(parts: Path, tmp_path: Path) -> None:
    whole = tmp_path / "merged.json"
    assert merged(parts / "3.json", parts / "1.json", parts / "2.json", "--json", whole) == 0
    assert whole.read_bytes() == (parts / "whole.json").read_bytes()


def test_the_exit_code_is_that_of_the_worst_run(parts: Path, tmp_path: Path) -> None:
    document = json.loads((parts / "2.json").read_text())
    document["runs"][0]["outcome"] = "fail"
    changed = tmp_path / "2.json"
    changed.write_text(json.dumps(document))
    files = (parts / "1.json", changed, parts / "3.json", "--json", tmp_path / "all.json")
    assert merged(*files) == 1


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("1.json", "3.json"), "part 2/3 is missing among the 2 files; merge all 3"),
        (("1.json", "2.json", "3.json", "1.json"), "is in"),
        (("1.json", "other.json", "3.json"), "firstbyte is '0.0.0', in"),
        (("1.json", "halves.json"), "the files are parts of 2 and of 3"),
        (("1.json", "nowhere.json"), "can't be read"),
        (("1.json", "text.json"), "is not JSON"),
        (("1.json", "list.json"), "has no runs"),
    ],
)
def test_what_makes_no_whole_is_refused(
    names: tuple[str, ...], said: str, parts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = json.loads((parts / "2.json").read_text())
    (tmp_path / "other.json").write_text(json.dumps({**second, "firstbyte": "0.0.0"}))
    (tmp_path / "halves.json").write_text(json.dumps({**second, "shard": {"index": 2, "count": 2}}))
    (tmp_path / "text.json").write_text("no")
    (tmp_path / "list.json").write_text("[]")
    files = [parts / name if (parts / name).exists() else tmp_path / name for name in names]
    assert merged(*files, "--json", tmp_path / "all.json") == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "all.json").exists()
