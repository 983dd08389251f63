"""An import contract that knows every module: one that no layer names breaks it.

import-linter's own exhaustive layers are the children of one package. Here the layers of `firstbyte.harness`
and `firstbyte.proxies` interleave, so they are named in full.
"""

from __future__ import annotations

from grimp import ImportGraph
from importlinter import ContractCheck
from importlinter.contracts.layers import LayersContract


class ExhaustiveLayers(LayersContract):
    """Layers by full name. Every module is one of them, inside one of them, or a package around some."""

    type_name = "exhaustive_layers"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """The check of import-linter's layers, and a look for modules that no layer names."""
        result = super().check(graph, verbose)
        layers = {tail.name for layer in self.layers for tail in layer.module_tails}  # type: ignore[attr-defined]  # a field at run time
        missing = {module for module in graph.modules if self._is_ours(module) and not _knows(layers, module)}
        result.metadata["undeclared_modules"] |= missing
        result.kept = result.kept and not missing
        return result

    def _is_ours(self, module: str) -> bool:
        return module.partition(".")[0] in self.session_options["root_packages"]


def _knows(layers: set[str], module: str) -> bool:
    return any(
        module == layer or module.startswith(f"{layer}.") or layer.startswith(f"{module}.")
        for layer in layers
    )
