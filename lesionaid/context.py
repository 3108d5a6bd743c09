"""Clinical context: what is known of the patient beside the images.

The keys, their values, spellings and explanations are data: ``rules/context.yaml``.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import Any, Literal

from lesionaid.errors import FormError, RuleError
from lesionaid.rules_path import rules_dir
from lesionaid.strict_yaml import Key, Loaded, load_strict_file
from lesionaid.truth import Truth

__all__ = [
    "ClinicalContext",
    "ContextKey",
    "context_keys",
    "parse_context",
    "plain_name",
    "read_context",
    "serostatus_keys",
]

ContextValue = str | float | bool
Section = Literal["context", "serostatus"]


@dataclass(frozen=True, slots=True)
class ClinicalContext:
    """Context by key (see :func:`context_keys`); a key that is absent is unknown, never "no".

    Parameters
    ----------
    values : mapping of str to str, float or bool
        ``host``, ``drug``, ``drug_months`` …
    serostatus : mapping of str to str
        ``aqp4_igg: neg_cba`` …; ``not_tested`` is never negative.
    """

    values: Mapping[str, ContextValue] = field(default_factory=dict)
    serostatus: Mapping[str, str] = field(default_factory=dict)

    def truth(self, key: str, wanted: ContextValue | None = None) -> Truth:
        """Whether `key` is known to be `wanted` (``True`` where it is left out).

        ``not_tested`` and an absent key are unknown.
        """
        found = self.values.get(key, self.serostatus.get(key))
        if found is None or found in ("not_tested", "not_done"):
            return Truth.UNKNOWN
        return Truth.of(found == (True if wanted is None else wanted))


@dataclass(frozen=True, slots=True)
class ContextKey:
    """One key of the form, as data.

    Parameters
    ----------
    name : str
    section : {"context", "serostatus"}
    title, explain : str
        One line each, for forms and reports.
    kind : {"number", "boolean", "choice", "name", "date"}
        ``"name"`` is free text with known spellings.
    aliases : tuple of str
        Other spellings of the key.
    values : mapping of str to str
        Allowed values and their titles, of a choice or a name.
    spellings : mapping of str to str
        Every accepted spelling, by :func:`plain_name`, to its value.
    unit : str
    low, high : float or None
        Smallest and largest number accepted.
    """

    name: str
    section: Section
    title: str
    explain: str
    kind: Literal["number", "boolean", "choice", "name", "date"]
    aliases: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    low: float | None = None
    high: float | None = None

    @property
    def allowed(self) -> str:
        """What may stand here, in words."""
        if self.kind == "number":
            return f"a number from {self.low:g} to {self.high:g} ({self.unit})"
        if self.kind == "boolean":
            return "true, false or unknown"
        if self.kind == "date":
            return "a date, yyyy-mm-dd"
        return ", ".join(self.values) + (", unknown" if "unknown" not in self.values else "")


def plain_name(text: object) -> str:
    """Spelling under which names are compared: lower case, words joined by ``_``."""
    return "_".join(str(text).strip().lower().replace("-", " ").replace("_", " ").split())


@cache
def context_keys() -> Mapping[str, ContextKey]:
    """Keys of the clinical context, in the order of the form."""
    return _load_keys("context")


@cache
def serostatus_keys() -> Mapping[str, ContextKey]:
    """Keys of the serology, in the order of the form."""
    return _load_keys("serostatus")


@cache
def _key_file() -> Loaded:
    return load_strict_file(rules_dir() / "context.yaml", error=RuleError, code="E60")


def _load_keys(section: Section) -> dict[str, ContextKey]:
    rows: dict[str, dict[str, Any]] = _key_file().value[section]
    keys = {}
    for name, row in rows.items():
        values = rows[row["values_of"]]["values"] if "values_of" in row else row.get("values", {})
        keys[name] = ContextKey(
            name=name,
            section=section,
            title=row["title"],
            explain=row["explain"],
            kind=row["type"],
            aliases=tuple(row.get("aliases", ())),
            values={value: entry["title"] for value, entry in values.items()},
            spellings={
                plain_name(spelling): value
                for value, entry in values.items()
                for spelling in (value, entry["title"], *entry.get("aliases", ()))
            },
            unit=row.get("unit", ""),
            low=row.get("min"),
            high=row.get("max"),
        )
    return keys


@cache
def _by_spelling() -> Mapping[str, ContextKey]:
    keys = [*context_keys().values(), *serostatus_keys().values()]
    return {plain_name(name): key for key in keys for name in (key.name, *key.aliases)}


def read_context(path: Any) -> ClinicalContext:
    """Read a ``context.yaml``.

    Raises
    ------
    FormError
        ``E50`` unreadable, ``E51`` unknown key, ``E52`` value not allowed, ``E56`` shape.
    """
    loaded = load_strict_file(path)
    return parse_context(loaded.value, file=loaded.name, lines=loaded)


def parse_context(
    mapping: object, *, file: str, lines: Loaded | None = None, at: Key = ()
) -> ClinicalContext:
    """Check a context and bring it into canonical names and values.

    Parameters
    ----------
    mapping : mapping or None
        Keys side by side, or under ``context:`` and ``serostatus:``. A key of the serology
        is put there wherever it was written.
    file : str
        Name for messages.
    lines : Loaded or None
        The file that `mapping` came from, for line numbers.
    at : tuple
        Path of `mapping` inside that file.

    Raises
    ------
    FormError
        ``E51`` unknown key (with the nearest right names), ``E52`` value not allowed,
        ``E56`` shape.
    """
    values: dict[str, ContextValue] = {}
    serostatus: dict[str, str] = {}
    for path, name, given in _flatten(mapping, at, file, lines):
        where = lines.where(path) if lines else file
        if name.endswith("_note") or name == "note":
            continue  # free text may name a patient: read, never kept
        key = _find_key(name, where)
        for target, value in _parse_value(key, given, where):
            store: dict[str, Any] = values if key.section == "context" else serostatus
            if store.setdefault(target, value) != value:
                raise FormError("E52", file=where, value=f"{target} is given twice, differently")
    _derive(values, lines.where(at) if lines else file)
    return ClinicalContext(
        values={name: values[name] for name in context_keys() if name in values},
        serostatus={name: serostatus[name] for name in serostatus_keys() if name in serostatus},
    )


def _flatten(
    mapping: object, at: Key, file: str, lines: Loaded | None
) -> list[tuple[Key, str, object]]:
    """Rows of path, key and value, those under ``context`` and ``serostatus`` included."""
    if mapping is None:
        return []
    if not isinstance(mapping, Mapping):
        where = lines.where(at) if lines else file
        raise FormError("E56", file=where, value="the context must be keys with values")
    rows: list[tuple[Key, str, object]] = []
    for name, given in mapping.items():
        path = (*at, str(name))
        if name in ("context", "serostatus"):
            rows += _flatten(given, path, file, lines)
        elif name != "schema":
            rows.append((path, str(name), given))
    return rows


def _find_key(name: str, where: str) -> ContextKey:
    known = _by_spelling()
    key = known.get(plain_name(name))
    if key is None:
        near = get_close_matches(plain_name(name), known, n=3, cutoff=0.6)
        names = dict.fromkeys(known[match].name for match in near)
        offer = f"nearest: {', '.join(names)}" if names else f"known: {', '.join(context_keys())}"
        raise FormError("E51", file=where, value=f"'{name}'; {offer}")
    return key


def _parse_value(key: ContextKey, given: object, where: str) -> list[tuple[str, ContextValue]]:
    """Pairs of key and canonical value; none for ``unknown``."""
    if given is None or (plain_name(given) == "unknown" and "unknown" not in key.values):
        return []
    if key.kind == "number" and isinstance(given, int | float) and not isinstance(given, bool):
        if (key.low is None or given >= key.low) and (key.high is None or given <= key.high):
            return [(key.name, float(given))]
    elif key.kind == "boolean" and isinstance(given, bool):
        return [(key.name, given)]
    elif key.kind == "date" and isinstance(given, str):
        try:
            return [(key.name, datetime.date.fromisoformat(given).isoformat())]
        except ValueError:
            pass
    elif key.kind == "choice" and isinstance(given, str | bool):
        value = key.spellings.get(plain_name(given))
        if value is not None:
            return [(key.name, value)]
    elif key.kind == "name" and isinstance(given, str):
        return _parse_name(key, given)
    raise FormError("E52", file=where, value=f"{key.name}: '{given}'; allowed: {key.allowed}")


def _parse_name(key: ContextKey, given: str) -> list[tuple[str, ContextValue]]:
    """Known spelling or free text; ``"X then Y"`` is X before and Y now."""
    *before, now = given.split(" then ")
    pairs: list[tuple[str, ContextValue]] = [(key.name, _known_name(key, now))]
    if before and key.name == "drug":
        pairs.append(("drug_before", _known_name(key, before[-1])))
    return pairs


def _known_name(key: ContextKey, text: str) -> str:
    return key.spellings.get(plain_name(text), plain_name(text))


def _derive(values: dict[str, ContextValue], where: str) -> None:
    """Fill what follows from other keys, and refuse what contradicts them."""
    if "phase" in values:
        acute = values["phase"] == "acute"
        if values.setdefault("acute_attack", acute) is not acute:
            raise FormError(
                "E52", file=where, value=f"phase {values['phase']} contradicts acute_attack"
            )
    for target, earlier in (
        ("days_since_stop", "drug_stop"),
        ("plex_days", "plex_date"),
        ("steroid_days", "steroid_start"),
        ("prior_interval_days", "prior_scan_date"),
    ):
        if "scan_date" in values and earlier in values:
            days = (_day(values["scan_date"]) - _day(values[earlier])).days
            if days >= 0:  # a later date (drug still given) says nothing about "since"
                values.setdefault(target, float(days))


def _day(text: ContextValue) -> datetime.date:
    return datetime.date.fromisoformat(str(text))
