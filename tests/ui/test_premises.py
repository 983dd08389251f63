"""A check proves its premises: a typo in a key of an adapter is a set-up error that names it, no verdict."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Browser

from firstbyte.harness.files.loader import decode, read_toml
from firstbyte.harness.problems import BadInput, SetupFailed
from firstbyte.harness.sendstate.adapter import Adapter, load_adapter
from firstbyte.harness.sendstate.contract import RULES, Rule
from firstbyte.harness.sendstate.outcome import Result
from firstbyte.harness.sendstate.play import Subject, chosen, play, rehearse
from firstbyte.harness.sendstate.premises import BASE, Premises, State
from firstbyte.proxies.program.arguments import read_upstream
from tests.ui.conftest import PAGES, SHORT
from tests.ui.one_room import ADAPTER, PAGE, one_room
from tests.ui.test_sendstate_command import sendstate

pytestmark = [pytest.mark.real, pytest.mark.slow]

FULL: dict[str, Any] = {
    "page": "/ui/robust/?session={session}",
    "opening": "5s",
    "create": {"url": "/session", "body": "{}", "take": {"session": "id"}},
}
"""Beside what robust.toml has: an adapter with every key that can go wrong."""
TYPOS: dict[str, tuple[Any, str]] = {
    "page": ("/ui/robst/?session={session}", "ready"),
    "ready": ("body[data-redy]", "ready"),
    "session": ("[?&]sesion=([^&#]+)", "session"),
    "composer.selector": ("[data-testid=compser]", "composer.selector"),
    "send.request": ("*/prompt_asinc", "send.request"),
    "send.key": ("Tab", "send.key"),
    "messages.selector": ("[data-testid=mesage]", "messages.selector"),
    "messages.mine": ("[data-role=usr]", "messages.mine"),
    "messages.pending": ("[data-pendng]", "messages.pending"),
    "messages.text": (".txt", "messages.text"),
    "failure.selector": ("[data-testid=notise]", "failure.selector"),
    "failure.text": ("(?i)not sant", "failure.text"),
    "send_again.selector": ("[data-testid=sendagain]", "send_again.selector"),
    "events.request": ("/globl/event", "events.request"),
    "reads.request": ("*/mesage", "reads.request"),
    "truth.url": ("/sesion/{session}/message", "truth.url"),
    "truth.messages": ("items[*]", "truth.messages"),
    "truth.role": ("info.rle", "truth.role"),
    "truth.text": ("parts[*].txt", "truth.text"),
    "truth.mine": ("usr", "truth.mine"),
    "create.url": ("/sesion", "create"),
    "create.take": ({"session": "di"}, "create"),
}
"""A typo in each key, and the key that is blamed."""
NO_MATTER = {
    "version": "another one is not read",
    "name": "it is for people",
    "opening": "a longer one waits longer; for a shorter one see the tests of the command",
    "send.button": "'key' is what sends",
    "truth.headers": "this server asks for none",
    "create.body": "what is in it is the server's affair: without a session there is a set-up error",
}
TOO_WIDE = {
    "messages.selector": "*",
    "messages.mine": "*",
    "messages.pending": "*",
    "failure.text": ".*",
    "truth.role": "parts[*].text",
}
"""What matches too much is no better: everything is 'pending', or says that it failed."""


def keys_of(adapter: type[msgspec.Struct]) -> Iterator[str]:
    for field in msgspec.structs.fields(adapter):
        inner = next((one for one in getattr(field.type, "__args__", (field.type,)) if is_struct(one)), None)
        if inner is None:
            yield field.name
        else:
            yield from (f"{field.name}.{one}" for one in keys_of(inner))


def is_struct(type_: Any) -> bool:
    return isinstance(type_, type) and issubclass(type_, msgspec.Struct)


@pytest.fixture
def adapter(root: Path) -> dict[str, Any]:
    """The full one, as TOML has it."""
    return {**read_toml(root / PAGES / "robust.toml"), **FULL}


def with_value(adapter: dict[str, Any], key: str, value: Any) -> Adapter:
    """The adapter with one key changed."""
    changed = {name: dict(one) if isinstance(one, dict) else one for name, one in adapter.items()}
    table, _, name = key.rpartition(".")
    (changed[table] if table else changed)[name] = value
    return decode(changed, Adapter, "full.toml")


@pytest.fixture
def full(origin: str, adapter: dict[str, Any]) -> Subject:
    """The robust page with the full adapter."""
    upstream = read_upstream(origin, verify=True)
    return Subject(adapter=decode(adapter, Adapter, "full.toml"), upstream=upstream, patience=SHORT)


def unproven(premises: Premises) -> list[str]:
    return [one.key for one in premises.all if one.is_unproven]


def test_every_key_of_an_adapter_is_in_a_table() -> None:
    assert set(keys_of(Adapter)) == TYPOS.keys() | NO_MATTER.keys()
    assert not TYPOS.keys() & NO_MATTER.keys()


def test_an_adapter_that_fits_has_every_key_proven(full: Subject, browser: Browser) -> None:
    premises = rehearse(full, browser)
    assert unproven(premises) == []
    looked_up = {one.key for one in premises.all}
    # An address is proven by what is found there, a POST that makes a session by the session.
    assert TYPOS.keys() - looked_up == {"page", "create.url", "create.take"}
    assert not any(premises.missing(rule) for rule in RULES)


@pytest.mark.parametrize("key", TYPOS)
def test_a_typo_is_a_set_up_error_that_names_the_key(
    key: str, full: Subject, adapter: dict[str, Any], browser: Browser
) -> None:
    value, blamed = TYPOS[key]
    if key in ("page", "ready", "composer.selector"):
        adapter["opening"] = "2s"
    wrong = msgspec.structs.replace(full, adapter=with_value(adapter, key, value))
    premises = rehearse(wrong, browser)
    assert blamed in unproven(premises)
    table = blamed.rpartition(".")[0]
    for rule in RULES:
        relies = table in BASE or table in rule.needs
        assert bool(premises.missing(rule)) is relies, rule.id
        if relies:
            assert f"{blamed}: " in premises.missing(rule)


@pytest.mark.parametrize(
    ("key", "value"),
    [("name", "rubost"), ("send.button", "#sned"), ("truth.headers", {"X-Tpyo": "1"}), ("opening", "9s")],
)
def test_a_key_that_does_not_matter_changes_no_premise(
    key: str, value: Any, full: Subject, adapter: dict[str, Any], browser: Browser
) -> None:
    assert key in NO_MATTER
    other = rehearse(msgspec.structs.replace(full, adapter=with_value(adapter, key, value)), browser)
    assert unproven(other) == []


@pytest.mark.parametrize("key", TOO_WIDE)
def test_a_key_that_matches_everything_is_a_set_up_error_too(
    key: str, full: Subject, adapter: dict[str, Any], browser: Browser
) -> None:
    wrong = msgspec.structs.replace(full, adapter=with_value(adapter, key, TOO_WIDE[key]))
    assert {one.rpartition(".")[0] for one in unproven(rehearse(wrong, browser))} == {key.rpartition(".")[0]}


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Subject]:
    """A page as its author writes it, and its adapter."""
    (tmp_path / "room.toml").write_text(ADAPTER)
    with one_room() as url:
        upstream = read_upstream(url, verify=True)
        yield Subject(adapter=load_adapter(tmp_path / "room.toml"), upstream=upstream, patience=SHORT)


def changed(subject: Subject, table: str, **keys: str) -> Subject:
    """The subject with some keys of a table of its adapter changed."""
    inner = msgspec.structs.replace(getattr(subject.adapter, table), **keys)
    return msgspec.structs.replace(
        subject, adapter=msgspec.structs.replace(subject.adapter, **{table: inner})
    )


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_no_rule_is_judged_when_no_send_was_caught(rule: Rule, room: Subject, browser: Browser) -> None:
    with pytest.raises(BadInput) as caught:
        play(rule, changed(room, "send", request="/api/chats"), browser)
    assert "no POST matched send.request '/api/chats'; the page sent POST /api/chat" in str(caught.value)


def test_a_typo_where_failures_are_told_does_not_pass(room: Subject, browser: Browser) -> None:
    (rule,) = chosen(["ambiguous-is-not-failed"])
    with pytest.raises(BadInput) as caught:
        play(rule, changed(room, "failure", selector=".eror"), browser)
    told = str(caught.value)
    assert "failure.selector: nothing after a 400 and a server that can't be reached" in told
    assert "the page then said 'Could not send: 400" in told


FAULTY = (
    *("restore-only-if-absent", "ambiguous-is-not-failed", "retry-reuses-id", "double-enter-sends-once"),
    *("typed-text-survives", "reload-shows-truth", "usable-while-six-hang", "offline-and-back"),
)


@pytest.mark.parametrize("id_", FAULTY)
def test_a_fault_that_met_no_send_is_no_verdict_even_for_an_adapter_that_was_proven(
    id_: str, room: Subject, browser: Browser
) -> None:
    """As for a page that sends elsewhere the second time."""
    (rule,) = chosen([id_])
    premises = rehearse(room, browser)
    with pytest.raises(SetupFailed, match="the page sent POST /api/chat"):
        play(rule, changed(room, "send", request="/api/chats"), browser, premises=premises)


def test_a_page_that_never_says_that_a_send_failed_breaks_the_rule_of_that(
    room: Subject, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = PAGE.replace("error.hidden = false;", "")
    assert silent != PAGE
    monkeypatch.setattr("tests.ui.one_room.PAGE", silent)
    premises = rehearse(room, browser)
    (found,) = (one for one in premises.all if one.is_unproven)
    assert (found.key, found.state) == ("failure.selector", State.NOT_TRIED)
    ambiguous, says_why = chosen(["ambiguous-is-not-failed", "refusal-restores-and-says-why"])
    assert play(says_why, room, browser, premises=premises).result is Result.FAIL
    with pytest.raises(BadInput, match="its word for failed"):
        play(ambiguous, room, browser, premises=premises)


def test_the_command_says_what_each_key_matched(chromium: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "room.toml"
    adapter.write_text(ADAPTER)
    with one_room() as url:
        options = ("--adapter", adapter, "--check-adapter", "--artefacts", tmp_path / "a")
        done = sendstate(url, *options, "--json", "-", chromium=str(chromium))
        assert done.returncode == 0, done.stderr
        keys = {one["key"]: one for one in json.loads(done.stdout)["keys"]}
        assert keys["send.request"]["seen"] == "POST /api/chat"
        assert {one["state"] for one in keys.values()} == {"matched"}
        assert "15 keys: the adapter fits the page" in done.stderr
        adapter.write_text(ADAPTER.replace('"/api/chat"', '"/api/chats"'))
        missed = sendstate(url, *options, chromium=str(chromium))
        played = sendstate(url, *options[:2], *options[3:], chromium=str(chromium))
    said = "no POST matched send.request '/api/chats'; the page sent POST /api/chat"
    assert (missed.returncode, played.returncode) == (2, 2)
    assert said in " ".join(missed.stdout.split())
    assert "15 of 15 rules can't be judged" in missed.stdout
    assert said in played.stderr
    assert "no rule was played" in played.stderr
