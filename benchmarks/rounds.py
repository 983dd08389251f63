"""Measures several things in alternation, because only samples of one round can be compared."""

from collections.abc import Callable, Mapping


def in_rounds[T](
    rounds: int, measures: Mapping[str, Callable[[], T]], *, uncounted: int = 0
) -> dict[str, list[T]]:
    """Each once a round, after rounds that fill the caches and are not counted."""
    samples: dict[str, list[T]] = {name: [] for name in measures}
    for number in range(uncounted + rounds):
        for name, measure in measures.items():
            sample = measure()
            if number >= uncounted:
                samples[name].append(sample)
    return samples
