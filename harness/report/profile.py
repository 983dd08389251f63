"""A profile for people, at 80 columns: its timers, its answers, what is unknown, where each value is from.

Pure: a loaded profile in, lines out. It must never leave a key out because it is a default.
"""

from collections.abc import Iterator
from textwrap import wrap

import msgspec

from firstbyte.harness.files.loader import LoadedProfile
from firstbyte.harness.model.profile import Answer, Body, Resend, Source, Timer, Unknown
from firstbyte.harness.model.units import Duration, as_written, format_duration

WIDTH = 80
#: Keys with values that fit a line each.
_TABLES = ("interim", "cut", "origin", "mutation")


def show_profile(loaded: LoadedProfile) -> Iterator[str]:
    """Timers and answers first, then the other keys, what is unknown, and the sources."""
    profile = loaded.profile
    yield from _wrapped(f"{profile.id}: {profile.title}")
    yield from _wrapped(" ".join(profile.summary.split()))
    yield from _headed("timers", (line for timer in profile.timers for line in _timer(timer)))
    answers = profile.answers.items()
    yield from _headed("answers", (line for name, one in answers for line in _answer(name, one)))
    yield from _headed("resend", (line for rule in profile.resend for line in _resend(rule)))
    for key in _TABLES:
        yield from _headed(key, _table(getattr(profile, key)))
    shown = {"id", "title", "summary", "timers", "answers", "resend", *_TABLES}
    rest = [key for key in profile.__struct_fields__ if key not in shown]
    yield from _headed("other keys", (f"  {key}: {_words(getattr(profile, key))}" for key in rest))
    yield from _headed("unknown", (line for one in loaded.evidence.unknown for line in _unknown(one)))
    yield from _headed("sources", (line for one in loaded.evidence.sources for line in _source(one)))


def _headed(head: str, lines: Iterator[str]) -> Iterator[str]:
    yield ""
    yield head
    anything = False
    for line in lines:
        anything = True
        yield line
    if not anything:
        yield "  none"


def _timer(timer: Timer) -> Iterator[str]:
    limit = "no limit by default" if timer.limit is None else format_duration(timer.limit)
    yield f"  {timer.name}: {limit}"
    yield from _wrapped(f"from {timer.starts_on} until {' or '.join(timer.stops_on)}", 4)
    then = f"answers.{timer.answer}" if timer.answer else "the answer is cut"
    then += ", once the client has sent all of its request" if timer.after_upload else ""
    yield from _wrapped(f"set back by {', '.join(timer.reset_by) or 'nothing'}; then {then}", 4)


def _answer(name: str, answer: Answer) -> Iterator[str]:
    status = f"{answer.status} {answer.reason}".strip() if answer.status else "no byte, the connection closes"
    kept = "" if answer.keep_alive else ", then the connection closes"
    yield f"  {name}: {status}{kept if answer.status else ''}"
    if answer.h2_error:
        yield f"    to HTTP/2 clients: RST_STREAM {answer.h2_error}"
    for field, value in answer.headers:
        yield from _wrapped(f"{field}: {value}", 4)
    for body in answer.bodies:
        yield from _body(body)
    for line in answer.log:
        yield from _wrapped(f"logs {line}", 4)


def _body(body: Body) -> Iterator[str]:
    asked = f" for Accept: {', '.join(body.accept)}" if body.accept else ""
    yield from _wrapped(f"body, {body.content_type}{asked}:", 4)
    for line in body.text.splitlines():
        yield from _wrapped(line, 6)


def _resend(rule: Resend) -> Iterator[str]:
    bodies = "" if rule.body else " without a body"
    statuses = f" {', '.join(map(str, rule.statuses))}" if rule.statuses else ""
    pause = f", {format_duration(rule.delay)} apart" if rule.delay else ""
    gone = ", even when the client has left" if rule.after_client_left else ""
    text = f"{', '.join(rule.methods)}{bodies} on {', '.join(rule.causes)}{statuses}"
    yield from _wrapped(f"{text}: sent {rule.attempts} times in all{pause}{gone}", 2)


def _table(value: msgspec.Struct) -> Iterator[str]:
    for key in value.__struct_fields__:
        yield from _wrapped(f"{key}: {_words(getattr(value, key))}", 2)


def _unknown(unknown: Unknown) -> Iterator[str]:
    yield f"  {unknown.key}: {unknown.note}" if len(unknown.note) < WIDTH // 2 else f"  {unknown.key}"
    if len(unknown.note) >= WIDTH // 2:
        yield from _wrapped(unknown.note, 4)
    for value in unknown.allowed:
        mark = " (assumed where a value is needed)" if value == unknown.assume else ""
        yield from _wrapped(f"or {_words(value)}{mark}", 4)


def _source(source: Source) -> Iterator[str]:
    yield f"  {source.kind}, {source.date}"
    for text in (source.url, source.version, source.note):
        yield from _wrapped(text, 4)
    yield from _wrapped(f"for {', '.join(source.keys)}", 4)


def _words(value: object) -> str:
    """Data as words: `header-completed, body-read`, `on_100 swallow; on_102 final`, `nothing`."""
    plain = msgspec.to_builtins(value, enc_hook=as_written) if isinstance(value, msgspec.Struct) else value
    match plain:
        case Duration():
            return format_duration(plain)
        case bool():
            return "yes" if plain else "no"
        case dict():
            return "; ".join(f"{key} {_words(one)}" for key, one in plain.items()) or "nothing"
        case list() | tuple():
            return ", ".join(_words(one) for one in plain) or "nothing"
        case None | "":
            return "nothing"
        case _:
            return str(plain)


def _wrapped(text: str, indent: int = 0) -> list[str]:
    """Lines of at most WIDTH; a word longer than that, such as an address, stays whole."""
    space = " " * indent
    return wrap(
        text,
        WIDTH,
        initial_indent=space,
        subsequent_indent=f"{space}  " if indent else "",
        break_long_words=False,
        break_on_hyphens=False,
    )
