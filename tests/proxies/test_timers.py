"""The bank of timers, as tables: what starts, resets and stops each."""

import pytest

from firstbyte.harness.model.profile import Point, Timer
from firstbyte.harness.model.units import Duration
from firstbyte.proxies.rules.timers import TimerBank, TimerPlan, Transition

SENT, READ, HEADER, BODY, END = (
    Point.REQUEST_SENT,
    Point.ORIGIN_READ,
    Point.HEADER_COMPLETED,
    Point.BODY_READ,
    Point.RESPONSE_COMPLETED,
)


def one(
    starts: Point, stops: tuple[Point, ...], resets: tuple[Point, ...] = (), limit: int | None = 100
) -> Timer:
    kept = None if limit is None else Duration(limit)
    return Timer(name="t", starts_on=starts, stops_on=stops, reset_by=resets, limit=kept)


@pytest.mark.parametrize(
    ("timer", "points", "deadline"),
    [
        pytest.param(one(SENT, (HEADER,)), [], None, id="not-started"),
        pytest.param(one(SENT, (HEADER,)), [(SENT, 5)], 105, id="started"),
        pytest.param(one(SENT, (HEADER,)), [(SENT, 5), (SENT, 9)], 105, id="started-once"),
        pytest.param(one(SENT, (HEADER,)), [(SENT, 5), (READ, 50)], 105, id="not-reset"),
        pytest.param(one(SENT, (HEADER,), (READ,)), [(SENT, 5), (READ, 50)], 150, id="reset"),
        pytest.param(one(SENT, (HEADER,), (READ,)), [(READ, 50)], None, id="reset-before-it-runs"),
        pytest.param(one(SENT, (HEADER,)), [(SENT, 5), (HEADER, 50)], None, id="stopped"),
        pytest.param(one(SENT, (HEADER,)), [(HEADER, 3), (SENT, 5)], None, id="stopped-before-it-starts"),
        pytest.param(one(SENT, (READ, HEADER)), [(SENT, 5), (READ, 50)], None, id="stopped-by-either"),
        pytest.param(one(SENT, (Point.NEVER,)), [(SENT, 5), (END, 50)], 105, id="never-stopped"),
        pytest.param(one(SENT, (HEADER,), limit=None), [(SENT, 5)], None, id="no-limit"),
        pytest.param(one(HEADER, (END,), (BODY,)), [(SENT, 5), (HEADER, 10), (BODY, 60)], 160, id="gap"),
    ],
)
def test_a_deadline_follows_from_the_points(
    timer: Timer, points: list[tuple[Point, int]], deadline: int | None
) -> None:
    bank = TimerBank(TimerPlan((timer,)))
    for point, now in points:
        bank.note(point, now)
    assert bank.deadline() == deadline


def test_a_timer_is_due_at_its_very_deadline() -> None:
    timer = one(SENT, (HEADER,))
    bank = TimerBank(TimerPlan((timer,)))
    bank.note(SENT, 0)
    assert bank.due(99) is None
    assert bank.due(100) == (timer, 100)
    bank.expire(timer)
    assert bank.due(1000) is None


def test_of_two_due_timers_the_earlier_fires_and_at_a_tie_the_profiles_first() -> None:
    slow, fast, equal = one(SENT, (HEADER,)), one(READ, (HEADER,), limit=50), one(SENT, (END,))
    bank = TimerBank(TimerPlan((equal, slow, fast)))
    bank.note(SENT, 0)
    bank.note(READ, 10)
    assert bank.due(100) == (fast, 60)
    bank.expire(fast)
    assert bank.due(100) == (equal, 100)


def test_one_point_hands_over_from_a_timer_to_the_next() -> None:
    header, gap = one(SENT, (HEADER,)), one(HEADER, (END,))
    bank = TimerBank(TimerPlan((header, gap)))
    bank.note(SENT, 0)
    assert [(change.turn, change.timer, change.left) for change in bank.note(HEADER, 40)] == [
        (Transition.STOPPED, header, 60),
        (Transition.ARMED, gap, 100),
    ]


def test_another_attempt_restarts_the_origins_timers_and_keeps_the_clients() -> None:
    whole = one(Point.REQUEST_STARTED, (END,), limit=500)
    header = one(SENT, (HEADER,))
    bank = TimerBank(TimerPlan((whole, header)))
    bank.note(Point.REQUEST_STARTED, 0)
    bank.note(SENT, 10)
    bank.note(HEADER, 20)
    assert bank.next_attempt(30) == ()
    assert bank.deadline() == 500
    bank.note(SENT, 40)
    assert bank.deadline() == 140


def test_the_end_of_an_exchange_stops_every_timer() -> None:
    bank = TimerBank(TimerPlan((one(SENT, (HEADER,)), one(SENT, (END,)))))
    bank.note(SENT, 0)
    assert [change.left for change in bank.stop(30)] == [70, 70]
    assert bank.deadline() is None
    assert repr(bank) == "<TimerBank idle>"


def test_a_write_that_waits_has_its_own_timer_that_each_piece_written_sets_back() -> None:
    send = one(Point.SEND_BLOCKED, (Point.SEND_RESUMED,), (Point.REQUEST_WRITTEN,))
    bank = TimerBank(TimerPlan((send,)))
    bank.stop_waiting_for_client()
    bank.note(Point.SEND_BLOCKED, 0)
    bank.note(Point.REQUEST_WRITTEN, 60)
    assert bank.deadline() == 160
    bank.wait_for_client_again(70)
    bank.note(Point.SEND_RESUMED, 70)
    assert bank.deadline() is None
    bank.stop_waiting_for_client()
    bank.note(Point.SEND_BLOCKED, 200)
    assert bank.deadline() == 300


@pytest.mark.parametrize(
    ("resets", "deadline"),
    [
        pytest.param((Point.REQUEST_READ,), 600, id="between-two-reads-begins-anew"),
        pytest.param((), 100, id="for-the-whole-request-has-run-on"),
    ],
)
def test_a_timer_that_waits_for_the_client_can_not_fire_while_nobody_reads_from_it(
    resets: tuple[Point, ...], deadline: int
) -> None:
    idle = one(Point.REQUEST_STARTED, (Point.REQUEST_RECEIVED,), resets)
    bank = TimerBank(TimerPlan((idle,)))
    bank.note(Point.REQUEST_STARTED, 0)
    bank.stop_waiting_for_client()
    assert (bank.deadline(), bank.due(400)) == (None, None)
    bank.wait_for_client_again(500)
    assert bank.deadline() == deadline
