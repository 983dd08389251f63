"""The JSON Schema of a type that a file is read into.

msgspec's own can't have a duration as a default. Pure; a schema must accept only what the loader accepts.
"""

from typing import Any

import msgspec
from msgspec import inspect

from firstbyte.harness.model.units import Duration, as_written

DURATION_PATTERN = r"^\s*([0-9]+(\.[0-9]+)?\s*(us|ms|s|m|h)\s*)+$"
_DURATION = {
    "type": "string",
    "pattern": DURATION_PATTERN,
    "description": "a length of time with its unit: us, ms, s, m, h, or a sum such as 1m30s",
}
_SIMPLE: dict[type[inspect.Type], dict[str, Any]] = {
    inspect.AnyType: {},
    inspect.StrType: {"type": "string"},
    inspect.IntType: {"type": "integer"},
    inspect.FloatType: {"type": "number"},
    inspect.BoolType: {"type": "boolean"},
    inspect.NoneType: {"type": "null"},
}


class Definitions:
    """The structs met so far. Each is defined once and referred to."""

    def __init__(self) -> None:
        self.made: dict[str, dict[str, Any]] = {}

    def __repr__(self) -> str:
        return f"<Definitions {list(self.made)}>"

    def of(self, info: inspect.Type) -> dict[str, Any]:
        """The schema of one type."""
        match info:
            case inspect.StructType():
                return self._reference(info)
            case inspect.UnionType():
                return {"anyOf": [self.of(one) for one in info.types]}
            case inspect.VarTupleType() | inspect.ListType() | inspect.TupleType() | inspect.DictType():
                return self._collection(info)
            case inspect.EnumType():
                return {"enum": [member.value for member in info.cls]}
            case inspect.LiteralType():
                return {"enum": list(info.values)}
            case inspect.CustomType() if info.cls is Duration:
                return dict(_DURATION)
            case _:
                return dict(_SIMPLE[type(info)])

    def _collection(
        self, info: inspect.VarTupleType | inspect.ListType | inspect.TupleType | inspect.DictType
    ) -> dict[str, Any]:
        if isinstance(info, inspect.DictType):
            return {"type": "object", "additionalProperties": self.of(info.value_type)}
        if isinstance(info, inspect.VarTupleType | inspect.ListType):
            return {"type": "array", "items": self.of(info.item_type)}
        size = len(info.item_types)
        items = [self.of(one) for one in info.item_types]
        return {"type": "array", "prefixItems": items, "minItems": size, "maxItems": size}

    def _reference(self, info: inspect.StructType) -> dict[str, Any]:
        name = info.cls.__name__
        if name not in self.made:
            self.made[name] = {}
            self.made[name] = self._struct(info)
        return {"$ref": f"#/$defs/{name}"}

    def _struct(self, info: inspect.StructType) -> dict[str, Any]:
        properties = {field.encode_name: self._field(field) for field in info.fields}
        required = [field.encode_name for field in info.fields if field.required]
        if info.tag_field is not None:
            properties = {info.tag_field: {"const": info.tag}} | properties
            required = [info.tag_field, *required]
        return {
            "type": "object",
            "description": " ".join((info.cls.__doc__ or "").split()),
            "properties": properties,
            "required": required,
            "additionalProperties": not info.forbid_unknown_fields,
        }

    def _field(self, field: inspect.Field) -> dict[str, Any]:
        schema = self.of(field.type)
        if field.required or field.default in (None, msgspec.NODEFAULT):
            return schema
        default = msgspec.to_builtins(field.default, enc_hook=as_written)
        return schema | {"default": default}


def schema_of_type(kind: type) -> dict[str, Any]:
    """The schema of a struct, with all it refers to under `$defs`."""
    definitions = Definitions()
    whole = definitions.of(inspect.type_info(kind))
    return {**whole, "$defs": definitions.made}
