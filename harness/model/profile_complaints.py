"""Finds contradictions in a profile. A profile with a complaint is refused when it is loaded. Pure."""

from collections.abc import Iterator

from firstbyte.harness.model.profile import InterimAction, Point, Profile, Timer


def complaints(profile: Profile) -> Iterator[str]:
    """One line for each contradiction: the key, the reason and the cure."""
    names = [timer.name for timer in profile.timers]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"timers.{name}: two timers have this name; rename one"
    for timer in profile.timers:
        yield from _timer_complaints(profile, timer)
    for key in ("timeout", "connect-refused", "connect-timeout", "closed", "reset", "protocol-error"):
        if key not in profile.answers:
            yield f"answers.{key}: is missing; every profile says what it answers then"
    for key, answer in profile.answers.items():
        if answer.status != 0 and not 400 <= answer.status <= 599:
            yield f"answers.{key}.status: {answer.status} is no error; write 400 to 599, or 0 for no answer"
    if profile.interim.on_101 not in _OF_A_101:
        yield f"interim.on_101: '{profile.interim.on_101}' is for an interim; write forward or refuse"
    if profile.interim.after and profile.interim.after not in profile.answers:
        yield f"interim.after: there is no answers.{profile.interim.after}"


def _timer_complaints(profile: Profile, timer: Timer) -> Iterator[str]:
    where = f"timers.{timer.name}"
    if not timer.stops_on:
        yield f"{where}.stops_on: is empty; name what ends the wait, or 'never'"
    if timer.starts_on in timer.stops_on:
        yield f"{where}: starts and stops on '{timer.starts_on}', so it never runs"
    if timer.limit is not None and timer.limit <= 0:
        yield f"{where}.limit: must be more than nothing; leave it out for no limit"
    if timer.answer and timer.answer not in profile.answers:
        yield f"{where}.answer: there is no answers.{timer.answer}"
    if _ORDER.index(timer.starts_on) > min(_ORDER.index(stop) for stop in timer.stops_on or (Point.NEVER,)):
        yield f"{where}: starts on '{timer.starts_on}', after it has stopped; swap starts_on and stops_on"
    if overlap := set(timer.reset_by) & set(timer.stops_on):
        yield f"{where}: {', '.join(sorted(overlap))} both resets and stops it; keep one"


_OF_A_101 = (InterimAction.FORWARD, InterimAction.REFUSE)
_ORDER = (
    Point.REQUEST_STARTED,
    Point.REQUEST_READ,
    Point.REQUEST_RECEIVED,
    Point.CONNECT_STARTED,
    Point.CONNECTED,
    Point.SEND_BLOCKED,
    Point.REQUEST_WRITTEN,
    Point.SEND_RESUMED,
    Point.REQUEST_SENT,
    Point.ORIGIN_READ,
    Point.FIRST_BYTE_READ,
    Point.INTERIM_RECEIVED,
    Point.HEADER_COMPLETED,
    Point.BODY_READ,
    Point.CLIENT_WRITE,
    Point.RESPONSE_COMPLETED,
    Point.UPGRADED,
    Point.NEVER,
)
