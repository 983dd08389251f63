"""Ids, durations and the model's script."""

from pathlib import Path

import pytest

from firstbyte.reference_server.config import ModelHangs, ProviderError, Seconds, ServerConfig, Turn
from firstbyte.reference_server.durations import duration
from firstbyte.reference_server.env import Env, real_env
from firstbyte.reference_server.ids import Ids
from firstbyte.reference_server.model import tokens
from firstbyte.reference_server.model_script import BadScript, read_script


async def never(_: float) -> None:
    raise AssertionError("nothing blocks here")


def env_at(wall_ms: int) -> Env:
    return Env(monotonic_us=int, wall_ms=lambda: wall_ms, token=lambda length: "x" * length, block=never)


def test_an_id_is_the_one_the_real_server_made_in_that_millisecond() -> None:
    # 1.2.20, 2026-11-22: an assistant message and a session with their `created`.
    assert Ids(env_at(1795333531502)).ascending("msg").startswith("msg_20237a76e001")
    assert Ids(env_at(1795333531492)).session().startswith("ses_dfdc8589bffe")


def test_messages_sort_up_and_sessions_down() -> None:
    ids = Ids(real_env())
    messages = [ids.ascending("msg") for _ in range(1000)]
    sessions = [ids.session() for _ in range(1000)]
    assert messages == sorted(messages)
    assert sessions == sorted(sessions, reverse=True)
    assert {len(each) for each in messages + sessions} == {30}


def test_durations_have_a_unit() -> None:
    assert [duration(text) for text in ("250ms", "130s", "2m", "1h", "0.5s")] == [0.25, 130, 120, 3600, 0.5]
    for text in ("", "130", "1d", "-1s", "1 s", "s", "\u0661s", "1e3s"):
        with pytest.raises(ValueError, match="is not a duration"):
            duration(text)


def test_tokens_are_the_recorded_deltas_and_lose_nothing() -> None:
    assert tokens("Hello from the fake model.") == ["Hello", " from", " the", " fake", " model."]
    for text in ("", " ", "a\n\nb \n", "\n", "a  b"):
        assert "".join(tokens(text)) == text


def test_a_script_gives_each_prompt_its_turn_and_repeats_the_last(tmp_path: Path) -> None:
    file = tmp_path / "model.toml"
    file.write_text("""
        [[turn]]
        delay = "130s"
        gap = "50ms"
        text = "one"
        [[turn]]
        failure = "error"
        message = "overloaded"
        after_tokens = 2
        [[turn]]
        failure = "hang"
    """)
    script = read_script(file)
    assert script.turn(0) == Turn(delay=Seconds(130), gap=Seconds(0.05), text="one")
    assert script.turn(1).failure == ProviderError(after_tokens=2, message="overloaded")
    assert script.turn(2).failure == script.turn(9).failure == ModelHangs()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected one or more"),
        ("turn = []", "expected one or more"),
        ("[[turn]]\ndelay = 3", r"turn\[0\].delay: expected a string in quotes, got 3"),
        ("[[turn]]\ndelay = '3'", r"turn\[0\].delay: '3' is not a duration .*; write '3s'"),
        ("[[turn]]\nfailure = 'x'", r"turn\[0\].failure: expected \"error\" or \"hang\", got 'x'"),
        ("[[turn]]\nafter_tokens = -1", r"turn\[0\].after_tokens: expected a whole number from 0"),
        ("[[turn", "is not TOML"),
    ],
)
def test_a_bad_script_is_refused_with_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "model.toml"
    file.write_text(text)
    with pytest.raises(BadScript, match=message):
        read_script(file)


def test_scaling_divides_every_delay_and_nothing_else() -> None:
    config = ServerConfig(persist_delay=Seconds(2), heartbeat=Seconds(10)).scaled(10)
    assert config == ServerConfig(persist_delay=Seconds(0.2), heartbeat=Seconds(1))
