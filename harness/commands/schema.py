"""`firstbyte schema`: the JSON Schemas of the files people write, for their editors.

Made from the very types that read the files. It must never say less than the loader asks for.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from firstbyte.harness.commands.options import SCHEMAS, SchemaOptions
from firstbyte.harness.commands.printing import out
from firstbyte.harness.files.json_schema import schema_of_type
from firstbyte.harness.files.replace import replace
from firstbyte.harness.model.profile import Evidence, Profile
from firstbyte.harness.model.scenario import Suite
from firstbyte.harness.model.shape import Shape
from firstbyte.harness.problems import BadInput, did_you_mean
from firstbyte.harness.sendstate.adapter import Adapter

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TYPES: Mapping[str, type] = dict(zip(SCHEMAS, (Suite, Shape, Profile, Adapter), strict=True))
TITLES = {
    "scenario": "firstbyte: a scenario file",
    "shape": "firstbyte: a wire shape",
    "profile": "firstbyte: an edge profile",
    "adapter": "firstbyte: a send-state adapter",
}


def run(options: SchemaOptions) -> int:
    """Print one, or write all."""
    if options.write is not None:
        write_all(options.write)
        return 0
    if options.name not in TYPES:
        unknown = f"no schema '{options.name}'{did_you_mean(options.name, TYPES)}"
        raise BadInput(f"{unknown if options.name else 'which schema?'}; there is: {', '.join(TYPES)}")
    out(encoded(options.name).decode().rstrip("\n"))
    return 0


def write_all(folder: Path) -> None:
    """NAME.json each."""
    for name in TYPES:
        replace(folder / f"{name}.json", encoded(name), option="--write")


def encoded(name: str) -> bytes:
    """One schema as UTF-8 JSON with indentation."""
    return msgspec.json.format(msgspec.json.encode(schema_of(name)), indent=2) + b"\n"


def schema_of(name: str) -> dict[str, Any]:
    """One schema."""
    schema = schema_of_type(TYPES[name])
    if name == "profile":
        _add_evidence(schema)
    return {"$schema": DIALECT, "title": TITLES[name], **schema}


def _add_evidence(schema: dict[str, Any]) -> None:
    """A profile's file holds its evidence too, and a key whose value is unknown stands there instead."""
    for part in schema["$defs"].values():
        part["required"] = [key for key in part["required"] if key in ("id", "name", "title")]
    evidence = schema_of_type(Evidence)["$defs"]
    known = evidence.pop("Evidence")["properties"]
    schema["$defs"] |= evidence
    whole = schema["$defs"]["Profile"]["properties"]
    whole["source"], whole["unknown"] = known["sources"], known["unknown"]
