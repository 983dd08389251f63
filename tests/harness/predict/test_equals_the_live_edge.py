"""The proof of the predictor: it tells what the live emulated edge tells, to the microsecond."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstbyte.harness.files.loader import load_profile, load_shape, profile_names, shape_names
from firstbyte.harness.model.profile import (
    Cut,
    CutCase,
    Ending,
    HoldHeader,
    Interim,
    InterimAction,
    Mutation,
    NotHttp,
    On204,
    Point,
    Profile,
    Resend,
    ResendCause,
    Timer,
    TwoLengths,
)
from firstbyte.harness.model.shape import (
    Chunk,
    Close,
    End,
    HalfClose,
    Head,
    Hold,
    PartialHead,
    Raw,
    Request,
    Reset,
    Shape,
    Step,
    StopReading,
    Wait,
    WaitRequest,
)
from firstbyte.harness.model.shape import Interim as InterimStep
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.predict.exchange import NOT_RECORDED, NOT_TAKEN
from tests.harness.predict.lab import live, predict, predicted, recorded, told_by

PROFILES = {name: load_profile(name).profile for name in profile_names()}


#: Shapes of megabytes take half of the time: each run has every fourth edge, `make soak` has all.
MEGABYTES = ("answer-before-upload", "huge-header", "large-upload")
SOME = dict(list(PROFILES.items())[::4])


@pytest.mark.parametrize("name", [name for name in shape_names() if name not in MEGABYTES])
def test_every_shape_behind_every_edge_is_predicted_exactly(name: str) -> None:
    _assert_all_equal(load_shape(name), PROFILES)


@pytest.mark.parametrize("name", MEGABYTES)
def test_a_shape_of_megabytes_is_predicted_exactly(name: str) -> None:
    assert {profile.buffer_request for profile in SOME.values()} == {True, False}
    _assert_all_equal(load_shape(name), SOME)


@pytest.mark.soak
@pytest.mark.parametrize("name", MEGABYTES)
def test_a_shape_of_megabytes_behind_every_edge_is(name: str) -> None:
    _assert_all_equal(load_shape(name), PROFILES)


def _assert_all_equal(shape: Shape, edges: dict[str, Profile]) -> None:
    recording = recorded(shape)
    if any(isinstance(step, StopReading) for step in shape.steps):
        assert {predict(recording, profile).cause for profile in edges.values()} == {NOT_TAKEN}
        return
    told = {edge: live(shape, profile) for edge, profile in edges.items()}
    assert {edge: predicted(recording, profile) for edge, profile in edges.items()} == told


# ---- shapes and profiles that nobody has thought of

LIMITS = [seconds(3), seconds(10), seconds(30)]
WAITS = st.sampled_from(
    [Duration(0), Duration(1), seconds(1), *(Duration(one + off) for one in LIMITS for off in (-1, 0, 1))]
)
METHODS = st.sampled_from(["GET", "POST", "HEAD", "PUT", "DELETE"])
FRAMINGS = st.sampled_from(
    [
        (("Transfer-Encoding", "chunked"),),
        (("Content-Length", "4"),),
        (("Content-Length", "0"),),
        (),
        (("Content-Length", "4"), ("Transfer-Encoding", "chunked")),
        (("Connection", "close, x-odd"), ("X-Odd", "1"), ("Content-Length", "4")),
        (("Content-Type", "text/event-stream"), ("Transfer-Encoding", "chunked")),
    ]
)
STATUSES = st.sampled_from([200, 204, 304, 404, 500, 502, 503, 504])
RAWS = st.sampled_from(
    [
        "H",
        "HTTP/1.1 200 OK\r\n",
        "Content-Length: 4\r\n",
        "\r\n",
        "4\r\nwxyz\r\n",
        "0\r\n\r\n",
        "zz",
        "HTTP/1.1 101 Switching Protocols\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "HTTP/1.0 200 OK\r\n\r\n",
        "HTTP/1.1 99 Low\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "X-A: b\r\n c\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 1\n\nx",
    ]
)
STEPS = st.one_of(
    st.builds(Wait, duration=WAITS),
    st.builds(
        InterimStep,
        status=st.sampled_from([100, 102, 103, 199]),
        times=st.integers(1, 4),
        every=st.sampled_from([Duration(0), seconds(1), seconds(9)]),
    ),
    st.builds(Head, status=STATUSES, headers=FRAMINGS),
    st.builds(PartialHead, status=STATUSES, headers=FRAMINGS),
    st.builds(
        Chunk,
        text=st.sampled_from(["ab", "abcd"]),
        times=st.integers(1, 3),
        every=st.sampled_from([Duration(0), seconds(2), seconds(10)]),
    ),
    st.builds(Chunk, size=st.sampled_from([5_000])),
    st.builds(Raw, text=RAWS),
    st.just(HalfClose()),
)
LAST: st.SearchStrategy[Step] = st.sampled_from([End(), Close(), Reset(), Hold()])
FIRST: st.SearchStrategy[Step] = st.builds(WaitRequest, part=st.sampled_from(["head", "all"]))


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    """An answer after the request's head or the whole of it; most begin as HTTP, some never do.

    With a slow upload a recording can't tell whether the origin's time ran from the head or from the end of
    the request, so there it either speaks at once or begins with the end.
    """
    request = draw(requests())
    first = draw(FIRST)
    speaks_at_once = bool(request.pace) and first == WaitRequest(part="head")
    start: list[Step] = []
    if not speaks_at_once and draw(st.booleans()):
        start.append(draw(st.builds(Wait, duration=WAITS)))
    if speaks_at_once or draw(st.booleans()):
        start.append(draw(st.builds(Head, status=STATUSES, headers=FRAMINGS)))
    steps = (first, *start, *draw(st.lists(STEPS, max_size=5)), draw(LAST))
    return Shape(id="drawn", title="drawn", steps=_one_half_close(steps), request=request)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """With or without a body, at once or slowly."""
    method = draw(METHODS)
    body = draw(st.sampled_from([None, None, 30])) if method in {"POST", "PUT"} else None
    pace = draw(st.sampled_from([Duration(0), seconds(9), seconds(27)])) if body else Duration(0)
    return Request(method=method, body_size=body, pace=pace)


def _one_half_close(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Nothing can be written after it."""
    for number, step in enumerate(steps):
        if isinstance(step, HalfClose):
            return (*steps[: number + 1], Hold())
    return steps


REQUEST_POINTS = [Point.REQUEST_STARTED, Point.CONNECTED, Point.REQUEST_RECEIVED, Point.REQUEST_SENT]
ANSWER_POINTS = [
    Point.ORIGIN_READ,
    Point.FIRST_BYTE_READ,
    Point.INTERIM_RECEIVED,
    Point.HEADER_COMPLETED,
    Point.BODY_READ,
    Point.CLIENT_WRITE,
    Point.RESPONSE_COMPLETED,
]


@st.composite
def timers(draw: st.DrawFn) -> tuple[Timer, ...]:
    """Up to three deadlines on whatever points."""
    made = []
    for number in range(draw(st.integers(1, 3))):
        starts_on = draw(st.sampled_from([*REQUEST_POINTS, Point.HEADER_COMPLETED]))
        stops = draw(st.lists(st.sampled_from(ANSWER_POINTS), min_size=1, max_size=2, unique=True))
        resets = draw(
            st.lists(st.sampled_from([Point.REQUEST_READ, *ANSWER_POINTS]), max_size=2, unique=True)
        )
        made.append(
            Timer(
                name=f"timer-{number}",
                starts_on=starts_on,
                stops_on=tuple(one for one in stops if one is not starts_on) or (Point.RESPONSE_COMPLETED,),
                reset_by=tuple(one for one in resets if one not in stops),
                limit=draw(st.sampled_from(LIMITS)),
                answer=draw(st.sampled_from(["timeout", "timeout", ""])),
                after_upload=draw(st.booleans()),
            )
        )
    return tuple(made)


RESENDS = st.builds(
    Resend,
    methods=st.just(("GET", "POST", "HEAD", "PUT")),
    causes=st.lists(st.sampled_from(list(ResendCause)), min_size=1, max_size=4, unique=True).map(tuple),
    attempts=st.integers(1, 3),
    statuses=st.just((502, 503)),
    delay=st.sampled_from([Duration(0), seconds(2)]),
    body=st.booleans(),
)
CUTS = st.builds(
    Cut,
    http1=st.sampled_from(list(Ending)),
    cases=st.lists(
        st.builds(
            CutCase,
            http1=st.sampled_from([None, *Ending]),
            loses_buffered=st.booleans(),
        ),
        max_size=1,
    ).map(tuple),
)
INTERIMS = st.builds(
    Interim,
    on_100=st.sampled_from(list(InterimAction)),
    on_101=st.sampled_from([InterimAction.FORWARD, InterimAction.REFUSE]),
    on_102=st.sampled_from(list(InterimAction)),
    on_103=st.sampled_from(list(InterimAction)),
    resets=st.sampled_from([(), (102,), (100, 102, 103)]),
    after=st.sampled_from(["", "closed"]),
    most=st.sampled_from([None, 2]),
)
MUTATIONS = st.builds(
    Mutation,
    framed_204=st.sampled_from(list(On204)),
    type_on_bare_204=st.sampled_from(["", "text/html"]),
    replaces=st.sampled_from([(), (502, 504)]),
    close_delimited_to_chunked=st.booleans(),
)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    """One of ours with some of its policies drawn anew."""
    base = draw(st.sampled_from(list(PROFILES.values())))
    changes = {
        "timers": timers(),
        "resend": st.lists(RESENDS, max_size=2).map(tuple),
        "cut": CUTS,
        "interim": INTERIMS,
        "mutation": MUTATIONS,
        "not_http": st.sampled_from(list(NotHttp)),
        "two_lengths": st.sampled_from(list(TwoLengths)),
        "hold_header": st.sampled_from(list(HoldHeader)),
        "buffer_request": st.booleans(),
        "max_answer_head": st.sampled_from([40, 65_536]),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(changes)), unique=True, max_size=5))
    return msgspec.structs.replace(base, **{name: draw(changes[name]) for name in chosen})


def _assert_equal(shape: Shape, profile: Profile) -> None:
    prediction = predict(recorded(shape), profile)
    if prediction.cause == NOT_RECORDED:
        return  # it says itself that the recording does not tell
    assert told_by(prediction) == live(shape, profile)


@settings(
    deadline=None, max_examples=250, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(shape=shapes(), profile=profiles())
def test_a_shape_and_a_profile_that_nobody_wrote_are_predicted_exactly(
    shape: Shape, profile: Profile
) -> None:
    _assert_equal(shape, profile)


@pytest.mark.soak
@settings(deadline=None, max_examples=20_000, database=None, suppress_health_check=list(HealthCheck))
@given(shape=shapes(), profile=profiles())
def test_twenty_thousand_of_them_are(shape: Shape, profile: Profile) -> None:
    _assert_equal(shape, profile)
