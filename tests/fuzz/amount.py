"""How many inputs: thousands by default, ten thousand in CI for `kinds` together, a million in the soak."""

import os

_CI = 10_000
_SOAK = 1_000_000


def inputs(usual: int, kinds: int = 1) -> int:
    """FIRSTBYTE_FUZZ_INPUTS, else ten thousand in CI, else what a default run has time for."""
    given = os.environ.get("FIRSTBYTE_FUZZ_INPUTS")
    if given:
        return int(given)
    return _CI // kinds if os.environ.get("CI") == "true" else usual


def soak_inputs(less: int = 1) -> range:
    """Their numbers: FIRSTBYTE_FUZZ_INPUTS, else a million, or so many times less. FIRSTBYTE_FUZZ_SEED=2:
    those after them.
    """
    count = int(os.environ.get("FIRSTBYTE_FUZZ_INPUTS") or _SOAK) // less
    first = (int(os.environ.get("FIRSTBYTE_FUZZ_SEED") or 1) - 1) * count
    return range(first, first + count)
