"""Finds the private names of other packages that this project uses, and says which test holds each.

A name is private when it begins with one underscore, or when a part of the path to its module does; and so is
an `__init__` that a subclass of ours does not call, because it then has to do the same work. Any release may
change such a name.
"""

import ast
import importlib
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    ".package": "firstbyte",
    "harness": "firstbyte.harness",
    "proxies": "firstbyte.proxies",
    "reference_server": "firstbyte.reference_server",
    "scenarios": "firstbyte.scenarios",
    "benchmarks": "benchmarks",
    ".make": "",
}
"""Folder -> the package it is imported as."""
OURS = ("firstbyte", "benchmarks", "tests")
DOCUMENTED = {"_thread", "os._exit", "sys._current_frames", "sys._getframe", "_asdict", "_replace"}
"""What Python's documentation describes in spite of the underscore."""
NO_NAMES = {"_bin", "_firstbyte", "_us"}
"""Parts of other words, which begin with an underscore."""
STRING = re.compile(r"(?:\w+\.)*(_[a-z]\w*)")

type Nodes = Sequence[ast.AST]
type Use = tuple[str, int]
"""A name, and the line that uses it."""

HELD: set[str] = set()


def holds[T](*names: str) -> Callable[[T], T]:
    """Say which names a test holds."""
    HELD.update(names)
    return lambda test: test


def is_private(name: str) -> bool:
    """Whether it begins with one underscore."""
    return name.startswith("_") and not name.startswith("__") and name != "_"


def uses() -> dict[str, list[str]]:
    """Each private name of others -> the places that use it."""
    found: dict[str, list[str]] = {}
    for folder, package in PACKAGES.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "node_modules" in path.parts or path.name == "__main__.py":
                continue
            parts = [package, *path.relative_to(ROOT / folder).with_suffix("").parts]
            module = ".".join(part for part in parts if part != "__init__")
            for name, line in uses_in(ast.parse(path.read_text(encoding="utf-8")), module):
                found.setdefault(name, []).append(f"{path.relative_to(ROOT)}:{line}")
    return found


def uses_in(tree: ast.Module, module: str) -> Iterator[Use]:
    """Those in the code of one module."""
    nodes = [*ast.walk(tree)]
    found = [*_imported(nodes), *_reached_into(nodes), *_named_in_strings(nodes)]
    if module.startswith("firstbyte"):
        found += _inherited(nodes, module)
    return (use for use in found if use[0] not in DOCUMENTED)


def _imported(nodes: Nodes) -> Iterator[Use]:
    for node in nodes:
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith(OURS):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if any(map(is_private, name.split("."))):
                yield name, getattr(node, "lineno", 0)


def _reached_into(nodes: Nodes) -> Iterator[Use]:
    """Attributes of anything but `self` and classes of ours, unless this module defines one of that name."""
    ours, modules = defined(nodes), _module_names(nodes)
    not_theirs = {"self", "cls", "super()", *_our_classes(nodes)}
    for node in nodes:
        if not isinstance(node, ast.Attribute):
            continue
        owner = modules.get(node.value.id, "") if isinstance(node.value, ast.Name) else ""
        if owner != "_thread" and any(map(is_private, owner.split("."))):
            yield f"{owner}.{node.attr}", node.lineno
        elif is_private(node.attr) and node.attr not in ours and ast.unparse(node.value) not in not_theirs:
            yield f"{owner}.{node.attr}".removeprefix("."), node.lineno


def _module_names(nodes: Nodes) -> dict[str, str]:
    """What modules of others are called here -> what they are called."""
    found: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith(OURS):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def _our_classes(nodes: Nodes) -> set[str]:
    imported = {
        alias.asname or alias.name
        for node in nodes
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(OURS)
        for alias in node.names
    }
    return imported | {node.name for node in nodes if isinstance(node, ast.ClassDef)}


def _named_in_strings(nodes: Nodes) -> Iterator[Use]:
    """What `getattr` and the like are given, unless this module defines one of that name."""
    ours = defined(nodes)
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = STRING.fullmatch(node.value)
            if match and match[1] not in ours | NO_NAMES:
                yield match[1], node.lineno


def _inherited(nodes: Nodes, module: str) -> Iterator[Use]:
    """What our class uses or replaces of a base class of others, and an `__init__` it does not call."""
    for node in nodes:
        if not (isinstance(node, ast.ClassDef) and node.bases):
            continue
        ours = getattr(importlib.import_module(module), node.name, None)
        if not isinstance(ours, type):
            continue
        theirs = [base for base in ours.__mro__[1:-1] if not base.__module__.startswith(OURS)]
        owners = {name: base for base in reversed(theirs) for name in _private_names_of(base)}
        for name, line in _own_uses(node):
            if name in owners:
                yield f"{_full_name(owners[name])}.{name}", line
        made_by = next((base for base in theirs if "__init__" in vars(base)), None)
        for inner in node.body:
            is_init = isinstance(inner, ast.FunctionDef) and inner.name == "__init__"
            if made_by and is_init and ".__init__(" not in ast.unparse(inner):
                yield f"{_full_name(made_by)}.__init__", inner.lineno


def _own_uses(tree: ast.ClassDef) -> Iterator[Use]:
    names = ((inner, name) for inner in ast.walk(tree) for name in _name_of(inner) if is_private(name))
    return ((name, getattr(inner, "lineno", 0)) for inner, name in names)


def _name_of(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Attribute(value=ast.Name("self" | "cls") | ast.Call(func=ast.Name("super")), attr=name):
            yield name
        case ast.Name(id=name, ctx=ast.Store()):
            yield name


def defined(nodes: Iterable[ast.AST]) -> set[str]:
    """Names this code defines: functions, classes, variables, attributes that it sets of `self`."""
    return {
        name
        for node in nodes
        if not (isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load))
        for name in _name_of(node)
    }


@cache
def _private_names_of(base: type) -> frozenset[str]:
    try:
        names = defined(ast.walk(ast.parse(textwrap.dedent(inspect.getsource(base)))))
    except (OSError, TypeError):  # a class written in C
        names = set()
    return frozenset(filter(is_private, names | vars(base).keys()))


def _full_name(base: type) -> str:
    return f"{base.__module__}.{base.__qualname__}"
