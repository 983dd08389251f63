"""A TOML file that several look at is parsed once for each of its versions."""

from pathlib import Path

import pytest

from firstbyte.harness.files.loader import read_toml
from firstbyte.harness.problems import BadInput


def test_a_file_that_did_not_change_is_parsed_once(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text("a = 1")
    assert read_toml(path) is read_toml(path)


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text("a = 1")
    assert read_toml(path) == {"a": 1}
    path.write_text("a = 12")
    assert read_toml(path) == {"a": 12}


def test_a_file_that_is_gone_is_bad_input(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text("a = 1")
    read_toml(path)
    path.unlink()
    with pytest.raises(BadInput, match="can't be read"):
        read_toml(path)
