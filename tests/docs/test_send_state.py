"""docs/send-state.md tells the rules that there are, and its adapter can be read."""

import re
from pathlib import Path

import msgspec
import pytest

from firstbyte.harness.sendstate.adapter import Adapter, load_adapter
from firstbyte.harness.sendstate.contract import RULES


@pytest.fixture(scope="module")
def text(root: Path) -> str:
    """The page."""
    return (root / "docs" / "send-state.md").read_text()


def test_its_table_is_the_contract(text: str) -> None:
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert rows == [f"| `{one.id}` | {one.level} | {one.claim} | {one.how} |" for one in RULES]


def test_its_adapter_has_every_key_and_can_be_read(text: str, tmp_path: Path) -> None:
    found = re.search(r"```toml\n(.*?)```", text, re.S)
    assert found is not None
    path = tmp_path / "chat.toml"
    path.write_text(found[1])
    adapter = load_adapter(path)
    for field in msgspec.structs.fields(Adapter):
        value = getattr(adapter, field.name)
        assert value, f"{field.name} is not in the example"
        if isinstance(value, msgspec.Struct):
            for inner in msgspec.structs.fields(value):
                assert getattr(value, inner.name), f"{field.name}.{inner.name} is not in the example"
