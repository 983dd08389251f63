"""The browsers that `make setup` looks for are those that `firstbyte sendstate` looks for."""

import ast
from pathlib import Path

from firstbyte.harness.sendstate.browser import NAMES


def test_both_know_the_same_names_in_the_same_order(root: Path) -> None:
    tree = ast.parse((root / ".make" / "browser.py").read_text(encoding="utf-8"))
    (value,) = [
        one.value
        for one in tree.body
        if isinstance(one, ast.Assign) and [ast.unparse(target) for target in one.targets] == ["NAMES"]
    ]
    assert ast.literal_eval(value) == NAMES
