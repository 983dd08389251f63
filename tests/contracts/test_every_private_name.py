"""No private name of others is used without a test in this folder that holds it."""

import ast
import importlib
from pathlib import Path

import pytest

from tests.contracts.private_names import HELD, uses, uses_in


def test_every_private_name_of_others_is_held_by_a_contract_test() -> None:
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        importlib.import_module(f"tests.contracts.{path.stem}")
    assert {name: places for name, places in uses().items() if name not in HELD} == {}


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("from h11._state import CLIENT", "h11._state.CLIENT"),
        ("from asyncio import _enter_task", "asyncio._enter_task"),
        ("import _heapq", "_heapq"),
        ("import asyncio\nasyncio._enter_task(1, 2)", "asyncio._enter_task"),
        ("import asyncio as a\na._enter_task(1, 2)", "asyncio._enter_task"),
        ("from h11 import _state as s\ns.CLIENT", "h11._state.CLIENT"),
        ("def f(client):\n    return client._transport", "_transport"),
        ("def f(client):\n    return getattr(client, '_transport')", "_transport"),
        ("def f(frame):\n    return frame.name == 'Reader._wait'", "_wait"),
    ],
)
def test_a_new_private_name_is_found(code: str, name: str) -> None:
    assert name in [found for found, _ in uses_in(ast.parse(code), "new")]


@pytest.mark.parametrize(
    "code",
    [
        "class A:\n    def __init__(self):\n        self._x = 1\ndef f(a):\n    return a._x",
        "from firstbyte.harness.model import units\nunits._x",
        "import os\nos._exit(1)",
        "def f(head):\n    return head._replace(a=1)",
    ],
)
def test_a_name_of_ours_and_a_documented_one_are_not(code: str) -> None:
    assert list(uses_in(ast.parse(code), "new")) == []


def test_what_our_class_uses_of_a_base_class_of_others_is_found() -> None:
    code = "class SimLoop(asyncio.BaseEventLoop):\n    def __init__(self):\n        self._ready = ()"
    found = [name for name, _ in uses_in(ast.parse(code), "firstbyte.harness.sim.loop")]
    base = "asyncio.base_events.BaseEventLoop"
    assert found == [f"{base}._ready", f"{base}.__init__"]
