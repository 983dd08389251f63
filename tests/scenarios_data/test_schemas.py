"""The JSON Schemas are those of the types that read the files, and say of each file what the loader says."""

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it has no types

from firstbyte.harness.cli import main
from firstbyte.harness.commands.schema import TYPES, encoded, schema_of
from firstbyte.harness.files.json_schema import DURATION_PATTERN
from firstbyte.harness.model.units import BadDuration, parse_duration

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMAS = ROOT / "harness" / "schemas"
FILES = {
    "profile": "proxies/profiles/*.toml",
    "scenario": "scenarios/*.toml",
    "shape": "scenarios/shapes/*.toml",
    "adapter": "reference_server/ui/*.toml",
}
OF_KIND = [(name, path) for name, pattern in FILES.items() for path in sorted(ROOT.glob(pattern))]


@pytest.fixture(scope="module")
def validators() -> dict[str, Any]:
    return {name: Draft202012Validator(schema_of(name)) for name in TYPES}


@pytest.mark.parametrize("name", TYPES)
def test_the_schemas_of_the_package_are_current(name: str) -> None:
    Draft202012Validator.check_schema(schema_of(name))
    assert (SCHEMAS / f"{name}.json").read_bytes() == encoded(name), "run `make format`"


@pytest.mark.parametrize(("name", "path"), OF_KIND, ids=lambda one: getattr(one, "stem", one))
def test_every_file_keeps_its_schema_and_names_it(name: str, path: Path, validators: dict[str, Any]) -> None:
    text = path.read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    assert first.startswith("#:schema "), "run `make format`"
    assert (path.parent / first.removeprefix("#:schema ")).resolve() == SCHEMAS / f"{name}.json"
    document = msgspec.json.decode(msgspec.json.encode(tomllib.loads(text)))
    assert [error.message for error in validators[name].iter_errors(document)] == []


@pytest.mark.parametrize(
    ("name", "file", "text", "instead"),
    [
        ("profile", "proxies/profiles/nginx.toml", "starts_on", "start_on"),
        ("profile", "proxies/profiles/nginx.toml", '"request-sent"', '"request-send"'),
        ("scenario", "scenarios/hero.toml", '"100s"', '"100"'),
        ("shape", "scenarios/shapes/silent-then-204.toml", '"wait"', '"sleep"'),
        ("adapter", "reference_server/ui/naive.toml", "version = 1", 'version = "1"'),
    ],
)
def test_a_mistake_is_seen_by_an_editor(
    name: str, file: str, text: str, instead: str, validators: dict[str, Any]
) -> None:
    content = (ROOT / file).read_text(encoding="utf-8")
    assert text in content
    assert list(validators[name].iter_errors(tomllib.loads(content.replace(text, instead))))


@pytest.mark.parametrize("text", ["100s", "1m30s", "1.5 s", "250ms", "0s", "100", "-1s", "", "1d", "s"])
def test_a_duration_is_one_for_the_editor_as_for_the_loader(text: str) -> None:
    validator = Draft202012Validator({"type": "string", "pattern": DURATION_PATTERN})
    try:
        parse_duration(text)
    except BadDuration:
        assert not validator.is_valid(text)
    else:
        assert validator.is_valid(text)


def test_the_command_prints_a_schema_and_names_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "shape"]) == 0
    assert capsys.readouterr().out.encode() == encoded("shape")
    assert main(["schema", "shap"]) == 2
    assert "no schema 'shap'; did you mean" in capsys.readouterr().err
