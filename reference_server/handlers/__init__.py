"""The ways this server can answer a prompt: one file each, found by its name.

`no_content.py` is the handler `no-content`. A handler module has an `async def answer(exchange)`, and the
first line of its docstring is its summary. A module is imported when its handler is first used.
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
    """There is no handler with that id. The message lists all ids."""


def handler_ids() -> list[str]:
    """Returns the sorted ids of all handlers."""
    return sorted(file.stem.replace("_", "-") for file in _FOLDER.glob("[!_]*.py"))


def handler_summaries() -> Mapping[str, str]:
    """Returns the summary for each id. It reads the files without importing them."""
    return {id_: _summary(_file(id_)) for id_ in handler_ids()}


def handler(id_: str) -> "Handler":
    """Returns the handler with that id. Raises UnknownHandler."""
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
