"""An adapter file of a server is read, or refused with file, key, reason and cure."""

from pathlib import Path

import pytest

from firstbyte.harness.cli import main
from firstbyte.harness.problems import BadInput
from firstbyte.harness.targets.own_server import address_of
from firstbyte.harness.targets.server_file import fill, fill_json, load_server

GOOD = """
version = 1
name = "a chat"
[session]
path = "/sessions"
id = "id"
[send]
path = "/sessions/{session}/messages"
json = { text = "{text}", tags = [{ key = "{message}" }] }
[truth]
path = "/sessions/{session}/messages"
messages = "[*]"
role = "role"
text = "text"
id = "id"
"""


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "chat.toml"
    path.write_text(GOOD)
    return path


BROKEN = [
    ("version = 1", "version = 2", "version: 2 is not known; this firstbyte reads 1"),
    ('"{text}"', '"hi"', "send: nothing in json or form says {text}"),
    ("{session}", "here", "neither send nor truth.path says {session}"),
    ("{message}", "{massage}", "send.json: {massage} is not known; there is {session}"),
    ('messages = "[*]"', 'messages = "[*"', "truth.messages: '[*' is no path"),
    ('path = "/sessions"', 'pth = "/sessions"', "unknown key 'pth'; did you mean 'path'?"),
    ('id = "id"\n[send]', 'id = "id"\n[send]\nmethod = "GET"', "send.method: 'GET' sends no body"),
    ("json = {", 'form = { text = "{text}" }\njson = {', "send: has both json and form"),
    ("[truth]", "[truth]\nquiet = 2", "truth.quiet"),
]


@pytest.mark.parametrize(("old", "new", "said"), BROKEN, ids=[row[2][:30] for row in BROKEN])
def test_a_broken_file_is_one_message(
    old: str, new: str, said: str, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert old in GOOD
    written.write_text(GOOD.replace(old, new))
    assert main(["check", str(written)]) == 2
    complaint = capsys.readouterr().err
    assert str(written) in complaint
    assert said in complaint


def test_check_takes_the_file_and_the_one_of_the_example(
    written: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(written), str(root / "examples" / "adk" / "server.toml")]) == 0
    assert "2 files checked, 0 complaints" in capsys.readouterr().out


def test_places_are_filled_in_paths_headers_and_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "secret")
    values = {"session": "a/b", "text": 'say "hi"'}
    assert fill("/s/{session}", values, is_path=True) == "/s/a%2Fb"
    assert fill("Bearer {env:TOKEN}", values) == "Bearer secret"
    assert fill("{scaled:130s}", {}, scale=25) == "5.2"
    assert fill_json({"a": ["{text}", 1, None]}, values) == {"a": ['say "hi"', 1, None]}
    monkeypatch.delenv("TOKEN")
    with pytest.raises(BadInput, match="no environment variable TOKEN"):
        fill("{env:TOKEN}", values)


ADDRESSES = [
    ("https://chat.example", "is no http:// URL"),
    ("http://127.0.0.1:99999", "Port out of range"),
    ("http://127.0.0.1:80/chat", "leave the path out"),
]


@pytest.mark.parametrize(("url", "said"), ADDRESSES)
def test_an_address_that_can_not_be_spoken_to_is_refused(url: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        address_of(url)
    assert address_of("http://127.0.0.1:8000/") == ("127.0.0.1", 8000)


TARGETS = [
    (["http://127.0.0.1:1"], "add --adapter FILE"),
    (["{file}", "--adapter", "{file}"], "leave --adapter out"),
    (["reference", "--adapter", "{file}"], "--adapter: is for a URL"),
    (["{file}"], "no url and no [start]"),
]


@pytest.mark.parametrize(("words", "said"), TARGETS, ids=[row[1] for row in TARGETS])
def test_a_url_needs_its_file_and_nothing_else_takes_one(
    words: list[str], said: str, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = [word.replace("{file}", str(written)) for word in words]
    assert main(["run", "act-1", "--target", *told]) == 2
    assert said in capsys.readouterr().err


def test_a_program_that_is_not_there_is_a_missing_tool(
    written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written.write_text(GOOD + '[start]\ncommand = ["no-such-chat", "{port}"]\nready = "/"\n')
    assert main(["run", "act-1", "--target", str(written)]) == 3
    assert "start.command: there is no 'no-such-chat'" in capsys.readouterr().err


def test_a_file_without_a_session_lets_the_client_choose_one(written: Path) -> None:
    written.write_text(GOOD.replace('[session]\npath = "/sessions"\nid = "id"\n', ""))
    assert load_server(written).session is None
