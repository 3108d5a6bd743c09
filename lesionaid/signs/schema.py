"""JSON Schemas (2020-12) of sign files, readers' forms and case lists.

The loaders are stricter than any schema can be (names across files, units, levels); the
schemas are for editors and for programs that write such files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lesionaid.context import ContextKey, context_keys, serostatus_keys
from lesionaid.quantity import Unit
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.signs.condition import OPERATORS
from lesionaid.signs.load import FIELDS, GROUPS, NEEDS
from lesionaid.signs.load import SCHEMA as SIGN_SCHEMA
from lesionaid.signs.spec import SECTIONS, VALIDATIONS, InputSpec, SignSpec

__all__ = ["cases_schema", "reader_form_schema", "sign_file_schema"]

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string", "minLength": 1}
_TEXTS: Schema = {"type": "array", "items": _TEXT, "uniqueItems": True}


def sign_file_schema() -> Schema:
    """Schema of one file of ``rules/signs``."""
    properties: Schema = {
        "schema": {"const": SIGN_SCHEMA},
        "id": {"type": "string", "pattern": "^[a-z][a-z0-9]*(_[a-z0-9]+)*$"},
        "kind": {"enum": list(FIELDS)},
        "title": _TEXT,
        "section": {"enum": list(SECTIONS)},
        "reader": _TEXT,
        "level": {"enum": ["lesion", "patient"]},
        "patient": {"enum": ["any", "all"]},
        "group": {"enum": list(GROUPS)},
        "measure": {"$ref": "#/$defs/condition"},
        "threshold": _closed(
            {"status": {"enum": ["published", "proposed"]}, "source": _TEXT}, ["status", "source"]
        ),
        "reads_as": _TEXT,
        "values": {"type": "object", "additionalProperties": _expansion()},
        "needs": {"type": "array", "items": {"enum": list(NEEDS)}, "uniqueItems": True},
        "information": {"type": "boolean"},
        "validation": {"enum": list(VALIDATIONS)},
        "unit": {"enum": [str(unit) for unit in Unit]},
        "min": {"type": "number"},
        "max": {"type": "number"},
    }
    lists = ("aliases", "implies", "excludes", "unknown_when", "limits", "references", "signs")
    properties |= dict.fromkeys(lists, _TEXTS)
    required = ["schema", "id", "title", "section", "reader", "level"]
    return {
        "$schema": _DRAFT,
        "title": "lesionaid sign file",
        **_closed(properties, required),
        "$defs": {"condition": _condition()},
    }


def reader_form_schema(catalogue: SignCatalogue) -> Schema:
    """Schema of ``--signs reader.yaml`` in its full form."""
    of_lesion = _signs(catalogue, ("lesion",))
    lesion_id = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]}
    row = _closed({**of_lesion["properties"], "lesion": lesion_id, "signs": of_lesion}, ["lesion"])
    properties: Schema = {
        "schema": {"const": "lesionaid-reader/1"},
        "patient": _signs(catalogue, ("lesion", "patient")),
        "lesions": {
            "anyOf": [
                {"type": "array", "items": row},
                {
                    "type": "object",
                    "patternProperties": {"^([0-9]+|biggest|largest|main|all)$": of_lesion},
                    "additionalProperties": False,
                },
            ]
        },
        "reject": {"type": "array", "items": lesion_id},
        "note": {"type": "string"},
    }
    return {"$schema": _DRAFT, "title": "lesionaid reader's form", **_closed(properties, [])}


def cases_schema(catalogue: SignCatalogue) -> Schema:
    """Schema of a case list of ``lesionaid read``; other keys of a case are the writer's own."""
    signs = _signs(catalogue, ("lesion", "patient"))
    case: Schema = {
        "type": "object",
        "properties": {
            "id": {"anyOf": [_TEXT, {"type": "integer"}]},
            "signs": signs,
            "features": signs,
            "context": _context(context_keys()),
            "serostatus": _context(serostatus_keys()),
            "followup_only": _TEXTS,
        },
        "required": ["id"],
        "oneOf": [{"required": ["signs"]}, {"required": ["features"]}],
    }
    return {"$schema": _DRAFT, "title": "lesionaid case list", "type": "array", "items": case}


def _closed(properties: Schema, required: list[str]) -> Schema:
    closed: Schema = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**closed, "required": required} if required else closed


def _expansion() -> Schema:
    absent = {"anyOf": [_TEXTS, {"enum": ["all", "others"]}]}
    return _closed({"present": _TEXTS, "absent": absent}, [])


def _condition() -> Schema:
    several = {"type": "array", "items": {"$ref": "#/$defs/condition"}, "minItems": 1}
    number = {"type": "integer", "minimum": 0}
    measured = {"measurement": _TEXT, "op": {"enum": list(OPERATORS)}}
    forms = [
        _closed(
            {**measured, "value": {"type": "number"}, "unit": {"enum": [str(u) for u in Unit]}},
            ["measurement", "op", "value", "unit"],
        ),
        _closed({**measured, "than": _TEXT}, ["measurement", "op", "than"]),
        _closed(
            {"measurement": _TEXT, "is": _TEXTS, "is_not": _TEXTS, "unsure": _TEXTS},
            ["measurement", "is", "is_not"],
        ),
        _closed({"sign": _TEXT}, ["sign"]),
        _closed({"context": _TEXT, "is": {}, "unsure": {}}, ["context", "is"]),
        *(_closed({how: several}, [how]) for how in ("all", "any", "none")),
        _closed({"at_least": number, "of": several}, ["at_least", "of"]),
        _closed(
            {"count": {"$ref": "#/$defs/condition"}, "at_least": number, "at_most": number},
            ["count"],
        ),
    ]
    return {"oneOf": forms}


def _signs(catalogue: SignCatalogue, levels: tuple[str, ...]) -> Schema:
    """Every id and alias with what may stand there."""
    specs: Mapping[str, SignSpec | InputSpec] = {**catalogue.inputs, **catalogue.signs}
    properties = {
        name: _answer(spec)
        for key, spec in sorted(specs.items())
        if spec.level in levels
        for name in (key, *spec.aliases)
    }
    return _closed(properties, [])


def _answer(spec: SignSpec | InputSpec) -> Schema:
    words = [*(word for word in spec.values if word not in ("true", "false")), "unknown"]
    if isinstance(spec, SignSpec):
        return {"enum": [True, False, None, *words], "description": spec.reader}
    if spec.kind == "number":
        limits = {"minimum": spec.low, "maximum": spec.high}
        return {"type": ["number", "null"], **limits, "description": spec.reader}
    if spec.kind == "text":
        return {"type": ["string", "null"], "description": spec.reader}
    if spec.kind == "list":
        several = {"type": "array", "items": {"enum": words}}
        return {"anyOf": [several, {"enum": [None, *words]}], "description": spec.reader}
    return {"enum": [True, False, None, *words], "description": spec.reader}


def _context(keys: Mapping[str, ContextKey]) -> Schema:
    properties = {
        name: _context_answer(key) for key in keys.values() for name in (key.name, *key.aliases)
    }
    notes = {"_note$": {"type": "string"}}
    return {**_closed(properties, []), "patternProperties": notes}


def _context_answer(key: ContextKey) -> Schema:
    if key.kind == "number":
        limits = {"minimum": key.low, "maximum": key.high}
        return {"anyOf": [{"type": "number", **limits}, {"enum": [None, "unknown"]}]}
    if key.kind == "boolean":
        return {"enum": [True, False, None, "unknown"]}
    if key.kind == "date":
        return {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}
    return {"type": ["string", "boolean", "null"], "description": key.allowed}
