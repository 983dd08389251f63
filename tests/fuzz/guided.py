"""Coverage-guided: `python -m tests.fuzz.guided origin|client|http2 [options of libFuzzer]`; see `make fuzz`.

The fuzzer's bytes are the choices of the same plays that test_edge.py draws from a generator; what it has not
been through yet is where it goes next. It ends with the first play that goes wrong, and prints it.
"""

import sys

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]  # a group of its own

with atheris.instrument_imports(include=["firstbyte.proxies", "mitmproxy.proxy.layers.http", "h2"]):
    from tests.fuzz.field import faults
    from tests.fuzz.mutate import Given
    from tests.fuzz.seeds import client_play, fuzzed_profile, http2_play, origin_play

KINDS = {"origin": origin_play, "client": client_play, "http2": http2_play}


def main(words: list[str]) -> None:
    """Run until the options say so, or a play goes wrong."""
    if len(words) < 2 or words[1] not in KINDS:
        raise SystemExit(f"fuzz: which of {', '.join(KINDS)}?")
    kind = KINDS[words.pop(1)]
    profile = fuzzed_profile()

    def one(data: bytes) -> None:
        for play, wrong in faults([kind(Given(data))], profile):
            raise AssertionError(f"{wrong}\n{play!r}")

    atheris.Setup(words, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
