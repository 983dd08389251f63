"""Finds a `firstbyte` that can run an edge: in this environment, or installed as a tool.

mitmproxy pins its dependencies exactly, so a project may not be able to install it beside its own; a
`firstbyte` of another environment does as well. This module must never import mitmproxy.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from firstbyte.harness.problems import MissingTool

VARIABLE = "FIRSTBYTE_BIN"
NO_EDGE = (
    "there is no mitmproxy in this environment, and no `firstbyte` with one on PATH; "
    "run `pip install 'firstbyte[edge]'` here, or `uv tool install 'firstbyte[edge]'` beside it, or name the "
    f"program in {VARIABLE}"
)


def require_edge(what: str) -> None:
    """Raise MissingTool when this environment itself has no mitmproxy, which `what` needs."""
    if find_spec("mitmproxy") is None:
        raise MissingTool(f"{what}: needs mitmproxy in this environment; run `pip install 'firstbyte[edge]'`")


def edge_program(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The first words of the command line. Raises MissingTool with the cure."""
    named = environment.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise MissingTool(f"{VARIABLE}: there is no program '{named}'; name one, or unset it")
        return [found]
    if find_spec("mitmproxy") is not None:
        return [sys.executable, "-m", "firstbyte.harness.cli"]
    found = shutil.which("firstbyte", path=environment.get("PATH"))
    if found is None:
        raise MissingTool(NO_EDGE)
    return [found]
