"""The server is read until it is at rest, and what it has is read as its file says."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.load.settings import REFERENCE
from benchmarks.load.truth import Watch, held_texts
from firstbyte.harness.problems import SetupFailed
from firstbyte.harness.targets.server_file import ServerFile, load_server

FILE = load_server(REFERENCE)
PER_SESSION = """
version = 1
name = "chat"
[send]
path = "/{session}"
json = { text = "{text}" }
[truth]
path = "/{session}/messages"
messages = "[*]"
role = "role"
text = "text"
id = "id"
"""


class Time:
    """Goes on when somebody rests."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.watch = Watch(lambda: self.seconds, self.rest)

    def rest(self, seconds: float) -> None:
        self.seconds += seconds


def document(*texts: str) -> bytes:
    return json.dumps({"messages": [{"id": "1", "role": "user", "text": text} for text in texts]}).encode()


def growing(time: Time, until: float) -> Callable[[str], bytes]:
    """A server that stores one more message each second."""
    return lambda _path: document(*["tea"] * int(1 + min(time.seconds, until)))


def test_a_server_that_stores_late_is_waited_for() -> None:
    time = Time()
    assert held_texts(FILE, ["s"], growing(time, 5.0), time.watch) == ["tea"] * 6
    assert 7 <= time.seconds < 8


def test_a_server_that_never_rests_is_no_witness() -> None:
    time = Time()
    with pytest.raises(SetupFailed, match="changes all the time"):
        held_texts(FILE, ["s"], growing(time, 1e9), time.watch)


def test_the_ledger_of_all_sessions_is_read_once_a_round_and_others_words_are_not_the_users() -> None:
    asked: list[str] = []

    def read(path: str) -> bytes:
        asked.append(path)
        return json.dumps({"messages": [{"id": "2", "role": "assistant", "text": "tea"}]}).encode()

    assert held_texts(FILE, ["a", "b"], read, Time().watch) == []
    assert set(asked) == {"/_firstbyte/ledger"}
    assert len(asked) == 5


def per_session(folder: Path) -> ServerFile:
    path = folder / "chat.toml"
    path.write_text(PER_SESSION, encoding="utf-8")
    return load_server(path)


def test_a_server_that_tells_by_session_is_asked_for_each(tmp_path: Path) -> None:
    held = {"/a/messages": ["tea", "tea"], "/b%2F/messages": ["milk"]}

    def read(path: str) -> bytes:
        return json.dumps([{"id": "1", "role": "user", "text": text} for text in held[path]]).encode()

    assert held_texts(per_session(tmp_path), ["a", "b/", "a"], read, Time().watch) == ["tea", "tea", "milk"]


def test_an_answer_that_is_no_json_is_no_empty_store() -> None:
    with pytest.raises(SetupFailed, match="gave no JSON"):
        held_texts(FILE, ["s"], lambda _path: b"<html>", Time().watch)
