"""Coverage-guided: `python -m tests.fuzz.guided KIND [options of libFuzzer]`; see `make fuzz`.

The fuzzer's bytes are the choices that test_inputs.py draws from a generator; what it has not been through
yet is where it goes next. It ends with the first input that goes wrong, and prints it.
"""

import sys

import atheris  # type: ignore[import-not-found, import-untyped, unused-ignore]  # a group of its own

SUBJECTS = ["firstbyte.proxies", "firstbyte.harness", "mitmproxy.proxy.layers.http", "h2"]

with atheris.instrument_imports(include=SUBJECTS):
    from tests.fuzz.kinds import KINDS
    from tests.fuzz.mutate import Given


def main(words: list[str]) -> None:
    """Run until the options say so, or an input goes wrong."""
    if len(words) < 2 or words[1] not in KINDS:
        raise SystemExit(f"fuzz: which of {', '.join(KINDS)}?")
    kind = KINDS[words.pop(1)]

    def one(data: bytes) -> None:
        for given, wrong in kind([Given(data)]):
            raise AssertionError(f"{wrong}\n{given!r}")

    atheris.Setup(words, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
