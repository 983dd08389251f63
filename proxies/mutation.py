"""Changes to the origin's answer on its way through an edge.

Works on the response it is given; nothing else.
"""

from collections.abc import Iterator

from mitmproxy import http

from firstbyte.harness.profile import Mutation, On204
from firstbyte.proxies.headers import is_framed


def mutate(response: http.Response, mutation: Mutation) -> Iterator[str]:
    """Apply the profile's changes; yields what was changed, for the timeline."""
    headers = response.headers
    if response.status_code == 204:
        if is_framed(response) and mutation.framed_204 is On204.STRIP:
            headers.pop("transfer-encoding", None)
            headers.pop("content-length", None)
            yield "framing taken off a 204"
        if mutation.type_on_bare_204 and "content-type" not in headers:
            headers["Content-Type"] = mutation.type_on_bare_204
            yield f"Content-Type: {mutation.type_on_bare_204} put on a 204"
    for name, value in mutation.adds:
        if name not in headers:
            headers[name] = value
