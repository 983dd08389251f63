"""Orders to play things in, drawn from a seed that plays them again."""

from collections.abc import Sequence
from random import Random  # noqa: TID251 - a seed makes it, and stands in every result

ORDER = "FIRSTBYTE_ORDER"
"""Name of the environment variable with the seed of what `make test` plays in a drawn order."""


def drawn[T](things: Sequence[T], seed: int) -> list[T]:
    """All of them, in the order of that seed: the same on any machine."""
    return Random(seed).sample(list(things), len(things))
