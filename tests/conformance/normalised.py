"""Transcripts as they are compared byte by byte: in two halves, with what differs from run to run replaced.

`normal` names each replacement, and no other byte may be dropped.
"""

import re

from firstbyte.harness.targets.hono.transcript import Transcript

_DATE = re.compile(r"(?m)^(Date: )[^\r]+ GMT")
_IDS = re.compile(r"(ses|msg|prt)_[0-9A-Za-z]+")
_HOP_BY_HOP = re.compile(r"(?m)^(Connection|Keep-Alive): [^\r]*\r\n")
_LENGTH = re.compile(r"(?im)^(content-length: )\d+(?=\r\n)")
_CHUNK_OF_JSON = re.compile(r"(?m)^[0-9a-f]+\r\n(?=(?:data: )?<json>)")
_DOCUMENT = re.compile(r'\{"(?:info|id)":')
_HEAD = re.compile(r"(HTTP/1\.1 [^\r]*\r\n)((?:[^\r\n]+\r\n)*)(\r\n)?")


def halves(one: Transcript, wait_ms: float, *, is_node: bool) -> tuple[str, str]:
    """Return the normalised bytes before and after the middle of the wait."""
    # The kernel decides how the bytes are split into reads, so they are joined.
    before = "".join(read.data for read in one.reads if read.at_ms < wait_ms / 2)
    after = "".join(read.data for read in one.reads if read.at_ms >= wait_ms / 2)
    return normal(before, is_node=is_node), normal(after, is_node=is_node)


def normal(data: str, *, is_node: bool) -> str:
    """Replace what differs between runs: the date, ids, and a JSON document with the sizes that depend on it.

    For Node, header names are also put in lower case and sorted, because Node does that; Connection and
    Keep-Alive are removed, because they are for one connection only (RFC 9110 7.6.1); and so is the
    Content-Length: 0 of a 204, which Bun 1.3 sends and Node does not.
    """
    data = _IDS.sub(r"\1_<id>", _DATE.sub(r"\1<date>", data))
    data = _without_documents(data)
    return _HEAD.sub(_sorted_head, data) if is_node else data


def _without_documents(data: str) -> str:
    """Replace a message's JSON by <json>, and its Content-Length and chunk size by <n>."""
    found = _DOCUMENT.search(data)
    if found is None:
        return data
    data = data[: found.start()] + "<json>" + data[data.rfind("}") + 1 :]
    return _CHUNK_OF_JSON.sub("<n>\r\n", _LENGTH.sub(r"\1<n>", data))


def _sorted_head(found: re.Match[str]) -> str:
    lines = _HOP_BY_HOP.sub("", _titled(found[2])).splitlines(keepends=True)
    named = [(line.partition(":")[0].lower(), line.partition(":")[2]) for line in lines]
    if " 204 " in found[1]:
        named = [pair for pair in named if pair != ("content-length", " 0\r\n")]
    return found[1] + "".join(f"{name}:{value}" for name, value in sorted(named)) + (found[3] or "")


def _titled(lines: str) -> str:
    return re.sub(r"(?m)^[^:\r\n]+", lambda name: name[0].title(), lines)
