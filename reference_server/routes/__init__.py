"""Every operation this server has, in the order its OpenAPI document lists them."""

from collections.abc import Sequence

from firstbyte.reference_server.operations import Operation
from firstbyte.reference_server.routes import inspection, page_load, pages, prompting, sessions, streams


def all_operations() -> Sequence[Operation]:
    """The operations; a path that is fixed comes before one with a parameter in the same place."""
    return [
        *page_load.OPERATIONS,
        *streams.OPERATIONS,
        *sessions.OPERATIONS,
        *prompting.OPERATIONS,
        *inspection.OPERATIONS,
        *pages.OPERATIONS,
    ]
