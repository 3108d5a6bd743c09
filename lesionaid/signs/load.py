"""Reads one file of ``rules/signs`` and refuses what the schema does not know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from lesionaid.errors import RuleError
from lesionaid.quantity import Unit
from lesionaid.signs.condition import Condition, SignIs, parse_condition
from lesionaid.signs.spec import (
    SECTIONS,
    VALIDATIONS,
    Expansion,
    InputSpec,
    SignSpec,
    Validation,
)
from lesionaid.strict_yaml import Key, Loaded, load_strict_file

__all__ = ["FIELDS", "GROUPS", "NEEDS", "SCHEMA", "load_sign"]

SCHEMA = "lesionaid-sign/1"

GROUPS = (
    "extent",
    "cortical",
    "satellites",
    "diffusion",
    "enhancement",
    "distribution",
    "central_vein",
    "posterior_fossa",
    "subcortical",
    "cord",
    "optic_nerve",
    "periventricular",
    "susceptibility",
)
"""Groups of correlated signs (DESIGN, weighing): extent is {diffuse, size, confluent,
white-matter border}, cortical is {cortical, juxtacortical, U-fibre, grey-matter border},
distribution is {Matthews and its items, dissemination in space}, subcortical is {subcortical,
temporal, multifocal}."""

NEEDS = (
    *("FLAIR", "T2w", "T1w", "T1w_ce", "DWI", "ADC", "SWI", "phase", "DIR"),
    *("lesions", "anatomy", "prior", "follow_up", "spinal_cord", "orbit", "fundus"),
    *("CSF", "serum", "clinical"),
)
"""What an examination may have to hold."""

_TEXTS = ("id", "title", "section", "reader", "level")
_LISTS = ("aliases", "implies", "excludes", "needs", "unknown_when", "limits", "references")
FIELDS: Mapping[str, frozenset[str]] = {
    "sign": frozenset(
        {
            *("schema", *_TEXTS, *_LISTS),
            *("patient", "group", "measure", "threshold", "reads_as", "values", "information"),
            "validation",
        }
    ),
    "choice": frozenset({"schema", *_TEXTS, "kind", "aliases", "values", "information"}),
    "list": frozenset({"schema", *_TEXTS, "kind", "aliases", "values", "information"}),
    "text": frozenset({"schema", *_TEXTS, "kind", "aliases", "values", "information"}),
    "number": frozenset(
        {
            *("schema", *_TEXTS, "kind", "aliases", "information"),
            *("unit", "min", "max", "signs"),
        }
    ),
}
"""Fields by kind of file; a file without ``kind`` is a sign."""

PICTURES = "pictures"
"""Folder beside the files; ``scripts/make_sign_pictures.py`` draws what lies in it."""

_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")


def load_sign(path: Path) -> SignSpec | InputSpec:
    """Read and check one file.

    Raises
    ------
    RuleError
        ``E60`` not strict YAML, ``E61`` field missing or unknown, ``E62`` value not
        allowed; each with file and line.
    """
    loaded = load_strict_file(path, error=RuleError, code="E60")
    spec = _File(loaded).spec(path.stem)
    picture = path.parent / PICTURES / f"{path.stem}.png"
    if isinstance(spec, SignSpec) and picture.is_file():
        return replace(spec, picture=f"{PICTURES}/{picture.name}")
    return spec


class _File:
    """Checks the fields of one file as they are taken out of it."""

    def __init__(self, loaded: Loaded) -> None:
        self.loaded = loaded
        if not isinstance(loaded.value, dict):
            raise self.refuse("E61", (), "a sign file holds keys with values")
        self.row: dict[str, Any] = loaded.value

    def refuse(self, code: str, path: Key, found: str) -> RuleError:
        return RuleError(code, file=self.loaded.where(path), value=found)

    def spec(self, stem: str) -> SignSpec | InputSpec:
        kind = self.choice("kind", tuple(FIELDS), default="sign")
        for name in self.row:
            if name not in FIELDS[kind]:
                known = ", ".join(sorted(FIELDS[kind]))
                raise self.refuse("E61", (name,), f"unknown field '{name}'; known: {known}")
        self.choice("schema", (SCHEMA,))
        if self.text("id") != stem or not _NAME.match(stem):
            found = f"id '{self.row['id']}' must be the file's name, in snake_case"
            raise self.refuse("E62", ("id",), found)
        return self.sign() if kind == "sign" else self.input(kind)

    def text(self, name: str, default: str | None = None) -> str:
        value = self.row.get(name, default)
        if value is None:
            raise self.refuse("E61", (), f"the field '{name}' is missing")
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self.refuse("E62", (name,), f"'{name}' must be text")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        value = self.row.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.refuse("E62", (name,), f"'{name}' must be a list of texts")
        if len(set(value)) != len(value):
            raise self.refuse("E62", (name,), f"'{name}' names something twice")
        return tuple(value)

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None = None) -> Any:
        value = self.text(name, default)
        if value not in allowed:
            found = f"{name} '{value}'; allowed: {', '.join(allowed)}"
            raise self.refuse("E62", (name,), found)
        return value

    def flag(self, name: str) -> bool:
        value = self.row.get(name, False)
        if not isinstance(value, bool):
            raise self.refuse("E62", (name,), f"'{name}' must be true or false")
        return value

    def sign(self) -> SignSpec:
        level = self.choice("level", ("lesion", "patient"))
        if level == "patient" and "patient" in self.row:
            raise self.refuse("E61", ("patient",), "'patient' belongs to signs of the lesion")
        needs = self.texts("needs")
        for i, need in enumerate(needs):
            if need not in NEEDS:
                found = f"need '{need}'; allowed: {', '.join(NEEDS)}"
                raise self.refuse("E62", ("needs", i), found)
        measure = self.measure()
        status, source = self.threshold(measure)
        return SignSpec(
            id=self.text("id"),
            title=self.text("title"),
            section=self.choice("section", tuple(SECTIONS)),
            reader=self.text("reader"),
            level=level,
            patient=self.choice("patient", ("any", "all"), default="any"),
            aliases=self.texts("aliases"),
            group=self.choice("group", ("", *GROUPS), default=""),
            measure=measure,
            threshold=status,
            source=source,
            implies=self.texts("implies"),
            excludes=self.texts("excludes"),
            reads_as=self.text("reads_as", default=""),
            values=self.expansions(),
            needs=needs,
            unknown_when=self.texts("unknown_when"),
            limits=self.texts("limits"),
            references=self.texts("references"),
            information=self.flag("information"),
            validation=self.validation(measure),
        )

    def validation(self, measure: Condition | None) -> Validation | None:
        """What the sign was held against; a measured one is at least self-consistent."""
        if measure is None:
            if "validation" in self.row:
                raise self.refuse("E61", ("validation",), "only a measured sign is validated")
            return None
        found: Validation = self.choice("validation", VALIDATIONS, default="self-consistency")
        return found

    def measure(self) -> Condition | None:
        if "measure" not in self.row:
            return None
        return parse_condition(self.loaded, ("measure",), self.row["measure"])

    def threshold(self, measure: Condition | None) -> tuple[Any, str]:
        """Status and source; needed wherever there is a definition beyond another sign."""
        raw = self.row.get("threshold")
        if raw is None:
            if measure is not None and not isinstance(measure, SignIs):
                raise self.refuse("E61", ("measure",), "a definition needs 'threshold'")
            return None, ""
        if not isinstance(raw, dict) or set(raw) != {"status", "source"}:
            raise self.refuse("E61", ("threshold",), "'threshold' holds 'status' and 'source'")
        if raw["status"] not in ("published", "proposed"):
            found = f"status '{raw['status']}'; allowed: published, proposed"
            raise self.refuse("E62", ("threshold", "status"), found)
        if not isinstance(raw["source"], str) or not raw["source"].strip():
            raise self.refuse("E62", ("threshold", "source"), "the source must be named")
        return raw["status"], raw["source"]

    def input(self, kind: Any) -> InputSpec:
        unit = self.choice("unit", tuple(Unit)) if kind == "number" else None
        return InputSpec(
            id=self.text("id"),
            title=self.text("title"),
            section=self.choice("section", tuple(SECTIONS)),
            reader=self.text("reader"),
            level=self.choice("level", ("lesion", "patient")),
            kind=kind,
            aliases=self.texts("aliases"),
            values=self.expansions(),
            unit=Unit(unit) if unit else None,
            low=self.number("min") if kind == "number" else None,
            high=self.number("max") if kind == "number" else None,
            signs=self.texts("signs"),
            information=self.flag("information"),
        )

    def number(self, name: str) -> float:
        value = self.row.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse("E62", (name,), f"'{name}' must be a number")
        return float(value)

    def expansions(self) -> dict[str, Expansion]:
        """Words and what they answer; ``all`` and ``others`` stand for the signs named here."""
        rows = self.row.get("values", {})
        if not isinstance(rows, dict):
            raise self.refuse("E62", ("values",), "'values' holds words with what they answer")
        named: dict[str, None] = {}
        for word, row in rows.items():
            if not isinstance(row, dict) or not set(row) <= {"present", "absent"}:
                found = f"'{word}' holds 'present' and 'absent'"
                raise self.refuse("E61", ("values", word), found)
            for side in ("present", "absent"):
                listed = row.get(side, [])
                if isinstance(listed, list):
                    named.update(dict.fromkeys(map(str, listed)))
                elif side == "present" or listed not in ("all", "others"):
                    found = f"'{side}' is a list of signs" + (
                        ", 'all' or 'others'" if side == "absent" else ""
                    )
                    raise self.refuse("E62", ("values", word, side), found)
        result = {}
        for word, row in rows.items():
            present = tuple(row.get("present", ()))
            absent = row.get("absent", ())
            if isinstance(absent, str):
                absent = [sign for sign in named if sign not in present]
            result[word] = Expansion(present, tuple(absent))
        return result
