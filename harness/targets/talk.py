"""The client of OpenCode's session API, which the reference server and the Hono app have, too."""

import json

from firstbyte.harness.client.ask import create_session
from firstbyte.harness.client.operations import Ids, build
from firstbyte.harness.client.raw import Request
from firstbyte.harness.model.scenario import Send


class SessionTalk:
    """POST /session, POST /session/:id/<operation>, GET /session/:id/message."""

    async def create_session(self, address: tuple[str, int]) -> str:
        """Make a session and return its id."""
        return await create_session(address)

    def request(self, send: Send, *, number: int, session: str, ids: Ids | None) -> Request:
        """Build the request as the published clients do."""
        return build(send, number=number, session=session, ids=ids)

    def reading(self, session: str) -> str:
        """Return the path of the messages."""
        return f"/session/{session}/message"

    def holds(self, messages: bytes, intent: str) -> bool:
        """Whether a user message contains the intent."""
        try:
            return any(
                intent in part.get("text", "")
                for one in json.loads(messages)
                if one["info"]["role"] == "user"
                for part in one["parts"]
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            return False
