"""What is particular to one front end: where things are on its page, and how to ask its server what it has.

Read from TOML. It must never hold a rule: an adapter says where to look, not what to find.
"""

import re
from pathlib import Path

import msgspec

from firstbyte.harness.files.json_path import BadPath, steps_of
from firstbyte.harness.files.loader import decode, read_toml
from firstbyte.harness.model.units import Duration, seconds
from firstbyte.harness.problems import BadInput

VERSION = 1
PLACE = re.compile(r"\{(\w+)(:base64url)?\}")
"""Where `page` has what `create` took."""


class Composer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The text field. selector: CSS, here and below; it must fit one element."""

    selector: str


class Send(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a message leaves. request: the path of the POST with * and ?. key: what sends from the composer.

    button: for pages that send on a button alone, with key = "".
    """

    request: str
    button: str = ""
    key: str = "Enter"


class Messages(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The messages. mine: which of them are the user's. text: the text inside one; '' = all of it.

    pending: which of them the page does not claim to have sent.
    """

    selector: str
    mine: str
    pending: str = ""
    text: str = ""


class Failure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the page says that a send failed: a regular expression for the text of elements."""

    selector: str
    text: str


class SendAgain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The control that sends an unconfirmed message again."""

    selector: str


class Requests(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Requests of one kind, by their path with * and ?."""

    request: str


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the server has: a GET ({session} is filled in), and paths into its JSON.

    messages: every message; role, text: inside one; mine: the role of the user. headers: for the GET.
    """

    url: str
    messages: str
    role: str
    text: str
    mine: str = "user"
    headers: dict[str, str] = {}


class Create(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A session made at the server before the page is opened: a POST of `body`, JSON.

    take: name -> path into its answer. `page` has them as {name}, or {name:base64url} without padding.
    """

    url: str
    body: str = "{}"
    take: dict[str, str]


class Adapter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One front end. page: its path. ready: an element that is there when it can be used. opening: how long
    that may take, by the wall's clock: how fast a page loads is no rule.

    session: a regular expression with one group, for the session's id in the page's address; '' = none.
    events, reads: the event stream and the page's own reading of messages; rules that need them do not apply
    without.
    """

    version: int
    name: str
    page: str
    composer: Composer
    send: Send
    messages: Messages
    failure: Failure
    truth: Truth
    ready: str = ""
    opening: Duration = seconds(30)
    session: str = ""
    create: Create | None = None
    send_again: SendAgain | None = None
    events: Requests | None = None
    reads: Requests | None = None


def load_adapter(path: Path) -> Adapter:
    """Read one. Raises BadInput with file, key, reason and cure."""
    adapter = decode(read_toml(path), Adapter, path)
    if adapter.version != VERSION:
        raise BadInput(f"{path}: version: {adapter.version} is not known; this firstbyte reads {VERSION}")
    for key, pattern in (("session", adapter.session), ("failure.text", adapter.failure.text)):
        _check_pattern(pattern, f"{path}: {key}")
    for key in ("messages", "role", "text"):
        _check_path(getattr(adapter.truth, key), f"{path}: truth.{key}")
    _check_places(adapter, path)
    if not (adapter.send.key or adapter.send.button):
        raise BadInput(
            f"{path}: send: has neither 'key' nor 'button'; say what sends, such as key = \"Enter\""
        )
    if adapter.session and re.compile(adapter.session).groups != 1:
        raise BadInput(f"{path}: session: needs one group around the id, such as 'session=([^&]+)'")
    if "{session}" in adapter.truth.url and not adapter.session:
        raise BadInput(
            f"{path}: truth.url: has {{session}}, but there is no key 'session' that says where it is"
        )
    return adapter


def _check_places(adapter: Adapter, path: Path) -> None:
    """What `page` needs is taken, by paths that can be read."""
    taken = adapter.create.take if adapter.create else {}
    for name, inner in taken.items():
        _check_path(inner, f"{path}: create.take.{name}")
    for place in PLACE.finditer(adapter.page):
        if place[1] not in taken:
            raise BadInput(f"{path}: page: has {place[0]}, but create.take has no '{place[1]}'; add it")


def _check_pattern(pattern: str, where: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise BadInput(f"{where}: '{pattern}' is no regular expression: {error}") from error


def _check_path(path: str, where: str) -> None:
    try:
        steps_of(path)
    except BadPath as error:
        raise BadInput(f"{where}: {error}") from error
