"""The ways this server can answer a prompt: one file each, found by its name.

`no_content.py` is the handler `no-content`. A handler is an `async def answer(exchange)`; its docstring's
first line says what it does. Nothing is imported before it is asked for, so listing them costs nothing.
Must never name a handler.
"""

import ast
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from firstbyte.reference_server.exchange import Handler

_FOLDER = Path(__file__).parent
_loaded: dict[str, "Handler"] = {}


class UnknownHandler(LookupError):
    """There is no handler with that id; the message lists those there are."""


def handler_ids() -> list[str]:
    """Every handler's id, sorted."""
    return sorted(file.stem.replace("_", "-") for file in _FOLDER.glob("[!_]*.py"))


def handler_summaries() -> Mapping[str, str]:
    """For every id the first line of what its file says about it; reads the files, imports nothing."""
    return {id_: _summary(_file(id_)) for id_ in handler_ids()}


def handler(id_: str) -> "Handler":
    """The handler with that id. Raises UnknownHandler."""
    if id_ not in _loaded:
        if id_ not in handler_ids():
            raise UnknownHandler(f"'{id_}' is not a handler; there are {', '.join(handler_ids())}")
        module = importlib.import_module(f"{__name__}.{_file(id_).stem}")
        _loaded[id_] = cast("Handler", module.answer)
    return _loaded[id_]


def _file(id_: str) -> Path:
    return _FOLDER / f"{id_.replace('-', '_')}.py"


def _summary(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]
