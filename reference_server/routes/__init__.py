"""Every operation this server has, in the order its OpenAPI document lists them."""

from collections.abc import Sequence

from firstbyte.reference_server.operations import Operation
from firstbyte.reference_server.routes import inspection, page_load, pages, prompting, sessions, streams


def all_operations() -> Sequence[Operation]:
    """Returns the operations, the most used first, because Starlette tries one route after the other.

    A fixed path comes before a path with a parameter in the same place.
    """
    return [
        *prompting.OPERATIONS,
        *inspection.OPERATIONS,
        *sessions.OPERATIONS,
        *streams.OPERATIONS,
        *page_load.OPERATIONS,
        *pages.OPERATIONS,
    ]
