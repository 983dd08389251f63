"""The account counts the messages that the server lists. Times are those of the first sign."""

from typing import Any

import pytest

from firstbyte.harness.model.scenario import Operation
from firstbyte.harness.origin.account import Account, ledger_of
from firstbyte.harness.targets.opencode.account import Fault, Observations, SentRequest, account_of, owners_of
from firstbyte.harness.targets.opencode.events import Announced, announcement
from firstbyte.harness.targets.opencode.log import Logged, parse_line
from firstbyte.harness.targets.opencode.model import ModelCall, last_user_text

TEXT = "look at this"


def sent(
    number: int = 1, operation: Operation = Operation.PROMPT_ASYNC, message: str = "msg_1"
) -> SentRequest:
    return SentRequest(number=number, operation=operation, intent=TEXT, message=message, at_us=100 * number)


def message(
    id_: str, role: str, *parts: dict[str, Any], parent: str = "", completed: int = 0
) -> dict[str, Any]:
    time = {"created": 1, **({"completed": completed} if completed else {})}
    return {"info": {"id": id_, "role": role, "parentID": parent, "time": time}, "parts": list(parts)}


def text(of: str) -> dict[str, Any]:
    return {"type": "text", "text": of}


def known(*messages: dict[str, Any], sends: tuple[SentRequest, ...] = (), **rest: Any) -> Observations:
    empty: dict[str, Any] = {"announced": (), "calls": ()}
    return Observations(sent=sends or (sent(),), messages=messages, **{**empty, **rest})


RAN = {"type": "tool", "state": {"input": {"command": f"sleep 2; echo '{TEXT}'"}}}
OWNED: list[tuple[str, SentRequest, list[dict[str, Any]], int]] = [
    ("by the id it chose", sent(), [message("msg_1", "user", text("other words"))], 1),
    ("not by its text when it chose an id", sent(), [message("msg_9", "user", text(TEXT))], 0),
    (
        "by the text inside a command's template",
        sent(operation=Operation.COMMAND, message=""),
        [message("msg_9", "user", text(f"Write a file.\n\n{TEXT}\n\nThanks."))],
        1,
    ),
    (
        "by the command that was run for it",
        sent(operation=Operation.SHELL, message=""),
        [
            message("msg_9", "user", text("The tool was run")),
            message("msg_8", "assistant", RAN, parent="msg_9"),
        ],
        1,
    ),
    (
        "by being a summary",
        sent(operation=Operation.SUMMARIZE, message=""),
        [message("msg_9", "user", {"type": "compaction"})],
        1,
    ),
    ("not the set-up's", sent(message=""), [message("msg_9", "user", text("(firstbyte sets up)"))], 0),
    ("not an answer", sent(message=""), [message("msg_9", "assistant", text(TEXT))], 0),
]


@pytest.mark.parametrize(("name", "one", "messages", "effects"), OWNED, ids=[row[0] for row in OWNED])
def test_a_message_is_a_requests_own(
    name: str, one: SentRequest, messages: list[dict[str, Any]], effects: int
) -> None:
    assert ledger_of(account_of(known(*messages, sends=(one,)), busy=0)).effects(TEXT) == effects, name


def test_the_same_text_sent_twice_is_two_effects_of_two_requests() -> None:
    two = known(
        message("msg_1", "user", text(TEXT)),
        message("msg_2", "user", text(TEXT)),
        sends=(sent(1), sent(2, message="msg_2")),
        calls=(
            ModelCall(at_us=150, model="m", text=TEXT, token_us=160),
            ModelCall(at_us=250, model="m", text=TEXT),
        ),
    )
    account = account_of(two, busy=0)
    assert {id_: owner.number for id_, owner in owners_of(two).items()} == {"msg_1": 1, "msg_2": 2}
    assert (ledger_of(account).effects(TEXT), account.model_calls) == (2, {TEXT: 2})
    assert at(account, "model-called") == [(150, 1), (250, 2)]


def test_calls_for_titles_and_for_the_set_up_are_not_the_users() -> None:
    calls = (
        ModelCall(at_us=150, model="small", text=TEXT),
        ModelCall(at_us=150, model="m", text="(firstbyte sets up)"),
        ModelCall(at_us=50, model="m", text=TEXT),  # before anything was sent
    )
    assert account_of(known(calls=calls), busy=0).model_calls == {}


def test_a_summary_has_its_call_although_its_prompt_is_the_servers_own() -> None:
    one = sent(operation=Operation.SUMMARIZE, message="")
    calls = (ModelCall(at_us=150, model="m", text="Summarise the conversation."),)
    assert account_of(known(sends=(one,), calls=calls), busy=0).model_calls == {TEXT: 1}


def test_a_message_was_there_when_its_answer_began_even_if_it_was_announced_later() -> None:
    answer = message("msg_2", "assistant", parent="msg_1", completed=3)
    announced = (
        Announced(at_us=5_000, session="s", message="msg_1"),
        Announced(at_us=6_000, session="s", message="msg_2", parent="msg_1"),
        Announced(at_us=9_000, session="s", message="msg_2", parent="msg_1", is_completed=True),
    )
    # created 1 ms of Unix time; CLOCK_MONOTONIC is 3 ms ahead of that
    account = account_of(
        known(message("msg_1", "user", text(TEXT)), answer, announced=announced, unix_offset_us=3_000), busy=0
    )
    assert at(account, "persisted") == [(4_000, 1)]
    assert at(account, "started") == [(4_000, 1)]
    assert at(account, "finished") == [(9_000, 1)]
    assert at(account, "arrived") == [(4_000, 1)], "the first sign of it"


@pytest.mark.parametrize(("announced", "persisted"), [(30_000, 1_000), (2_500_000, 2_500_000)])
def test_a_stamp_is_taken_for_a_sign_that_is_hardly_later_and_for_no_other(
    announced: int, persisted: int
) -> None:
    events = (Announced(at_us=announced, session="s", message="msg_1"),)
    account = account_of(known(message("msg_1", "user", text(TEXT)), announced=events), busy=0)
    assert at(account, "persisted") == [(persisted, 1)]


def test_a_message_that_is_announced_and_not_listed_does_not_count() -> None:
    announced = (Announced(at_us=5_000, session="s", message="msg_1"),)
    account = account_of(known(announced=announced), busy=0)
    assert (ledger_of(account).effects(TEXT), at(account, "persisted")) == (0, [])


def test_a_write_that_gave_up_is_the_failure_of_the_request_that_has_no_message() -> None:
    account = account_of(known(logged=(Logged(at_us=120, arrived="prompt_async"), Logged(at_us=700))), busy=0)
    assert at(account, "arrived") == [(120, 1)]
    assert at(account, "failed") == [(700, 1)]
    stored = known(message("msg_1", "user", text(TEXT)), logged=(Logged(at_us=700),))
    assert at(account_of(stored, busy=0), "failed") == []


def test_a_fault_stands_on_the_lane_of_the_first_request() -> None:
    account = account_of(known(faults=(Fault(what="database locked", began_us=90, ended_us=400),)), busy=1)
    assert at(account, "hindered") + at(account, "unhindered") == [(90, 1), (400, 1)]
    assert account.busy == 1


LINES = [
    ("INFO  2026-11-27T00:35:30 +18ms service=server method=POST path=/session/ses_1/prompt_async request",
     Logged(at_us=7, arrived="prompt_async")),
    ("INFO  2026-11-27T00:35:35 +5013ms service=server status=completed duration=5013 method=POST "
     "path=/session/ses_1/prompt_async request", None),
    ("ERROR 2026-11-27T00:35:35 +3ms service=default e=database is locked rejection", Logged(at_us=7)),
    ('timestamp=2026-11-27T00:35:59.246Z level=ERROR run=d9 message="prompt_async failed" cause="... '
     'SQLiteError: database is locked)"', Logged(at_us=7)),
    ("INFO  service=session the user writes: ERROR, my database is locked", None),
]  # fmt: skip


@pytest.mark.parametrize(("line", "told"), LINES)
def test_a_log_line_tells_of_an_arrival_or_a_loss_or_nothing(line: str, told: Logged | None) -> None:
    assert parse_line(7, line) == told


def test_events_of_other_kinds_are_no_announcements() -> None:
    assert announcement(1, "server.heartbeat", {}) is None
    assert announcement(1, "session.idle", {"sessionID": "s"}) == Announced(
        at_us=1, session="s", state="idle"
    )


def test_the_prompts_text_is_that_of_the_last_user_message_in_either_form() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert last_user_text({"messages": [{"role": "user", "content": parts}]}) == "a\nb"
    said = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]
    assert last_user_text({"messages": said}) == "x"
    assert last_user_text({}) == ""


def at(account: Account, event: str) -> list[tuple[int, int | str | None]]:
    return [(one.at_us, one.request) for one in account.events if one.event == event]
