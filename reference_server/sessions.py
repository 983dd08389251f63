"""Session documents: how they are created and changed.

The fields and their order are those captured from 1.2.20 and 1.18.33 on 2026-11-22.
"""

from datetime import UTC, datetime
from typing import Final

from firstbyte.reference_server.config import Api
from firstbyte.reference_server.core import Core
from firstbyte.reference_server.documents import Json, JsonObject, object_of, text_of
from firstbyte.reference_server.events import PROJECT

_ADJECTIVES: Final = ("brave", "calm", "clever", "eager", "gentle", "quiet", "sunny", "swift")
_ANIMALS: Final = ("falcon", "forest", "harbor", "island", "meadow", "panda", "river", "tiger")
_DEFAULT_TITLE: Final = "New session - "
NO_CHANGES: Final[JsonObject] = {"additions": 0, "deletions": 0, "files": 0}
NO_TOKENS: Final[JsonObject] = {"input": 0, "output": 0, "reasoning": 0, "cache": {"read": 0, "write": 0}}


def create_session(core: Core, directory: str, title: str) -> JsonObject:
    """Stores a new session and publishes its events. An empty title becomes the default one."""
    now = core.env.wall_ms()
    session = _new_session(core, directory, title or _DEFAULT_TITLE + _iso(now), now)
    core.store.put_session(session)
    publish_session(core, "session.created", session)
    if core.config.api is Api.V1_2:
        publish_session(core, "session.updated", session)
    return session


def publish_session(core: Core, kind: str, session: JsonObject) -> None:
    """Publishes an event that carries the whole session."""
    publish(core, kind, session, {"info": session})


def publish(core: Core, kind: str, session: JsonObject, properties: JsonObject) -> None:
    """Publishes an event of this session."""
    core.bus.publish(kind, properties, session)


def touched(core: Core, session: JsonObject) -> dict[str, Json]:
    """Returns the session with its `updated` time set to now."""
    time: JsonObject = {**object_of(session, "time"), "updated": core.env.wall_ms()}
    return {**session, "time": time}


def has_default_title(session: JsonObject) -> bool:
    """True until the first answer or the user has named the session."""
    return text_of(session, "title").startswith(_DEFAULT_TITLE)


def _new_session(core: Core, directory: str, title: str, now: int) -> JsonObject:
    session: dict[str, Json] = {
        "id": core.ids.session(),
        "slug": _slug(core.env.token(2)),
        "version": core.config.api.version,
        "projectID": PROJECT,
        "directory": directory,
        "title": title,
    }
    if core.config.api is Api.V1_18:
        session |= {"path": "", "cost": 0, "tokens": NO_TOKENS}
    return {**session, "time": {"created": now, "updated": now}}


def _slug(token: str) -> str:
    adjective = _ADJECTIVES[ord(token[0]) % len(_ADJECTIVES)]
    return f"{adjective}-{_ANIMALS[ord(token[1]) % len(_ANIMALS)]}"


def _iso(wall_ms: int) -> str:
    moment = datetime.fromtimestamp(wall_ms / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
