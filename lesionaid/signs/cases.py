"""Case lists for ``lesionaid read``: YAML, JSON, or a table, one case or hundreds.

A list in YAML or JSON::

    - id: p1
      signs: {focal: false, size_mm: 34, lobes: [frontal], enhancement: punctate}
      context: {host: ms, drug: natalizumab}
      serostatus: {aqp4_igg: neg_cba}

A table is tab- or comma-separated, with a row a case (a column ``id``, then one for every
sign) or, as the template has it, a row a sign (a column ``key``, then one for every case).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

from lesionaid.context import ClinicalContext, parse_context, plain_name
from lesionaid.errors import FormError
from lesionaid.signs.case_table import read_table
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.signs.reader import expand_case
from lesionaid.strict_yaml import Key, Loaded, load_strict_file
from lesionaid.tables import SignTable

__all__ = ["Case", "Use", "read_cases"]

Use = Literal["signs", "context", "serology"]
EVERYTHING: frozenset[Use] = frozenset({"signs", "context", "serology"})

MAX_BYTES = 16_000_000
"""Some ten thousand cases."""

_SIGNS = ("signs", "features")
_OWN = ("id", *_SIGNS, "context", "serostatus", "followup_only")
_LABELS = ("label", "final_diagnosis", "diagnosis")
_IGNORED = (
    *("schema", "source", "mri_paraphrase", "iris_flag", "confirmation", "difficulty", "tier"),
    *("note", "notes", "title", "citation", "url"),
)
_MEANT = {"serology": "serostatus", "antibodies": "serostatus", "clinical": "context"}


@dataclass(frozen=True, slots=True)
class Case:
    """One case of a list.

    Parameters
    ----------
    id : str
    signs : SignTable
        One row stands for all lesions of the patient.
    context : ClinicalContext
        Serology within it.
    label : str
        The diagnosis, if the list tells it; never read by any rule.
    """

    id: str
    signs: SignTable
    context: ClinicalContext
    label: str = ""


def read_cases(
    path: Path,
    catalogue: SignCatalogue,
    all_dates: bool = False,
    use: frozenset[Use] = EVERYTHING,
) -> tuple[Case, ...]:
    """Read a list of cases.

    Parameters
    ----------
    path : Path
        ``.tsv`` and ``.csv`` are tables, ``.json`` is JSON, anything else YAML.
    catalogue : SignCatalogue
    all_dates : bool
        Keep signs that a case lists under ``followup_only``; else the index scan alone.
    use : frozenset of {"signs", "context", "serology"}
        What to use; the rest is checked and then left out.

    Raises
    ------
    FormError
        ``E01`` not there, ``E50`` unreadable, ``E51`` and ``E52`` context, ``E53`` and
        ``E54`` signs, ``E56`` shape, ``E57`` ids; with file and line.
    """
    path = Path(path)
    if path.suffix.lower() in (".tsv", ".csv"):
        loaded = read_table(path, catalogue, max_bytes=MAX_BYTES)
    else:
        loaded = load_strict_file(path, max_bytes=MAX_BYTES)
    cases: dict[str, Case] = {}
    for at, row in _rows(loaded):
        case = _case(loaded, at, row, catalogue, all_dates, use)
        if case.id in cases:
            where = loaded.where((*at, "id"))
            raise FormError("E57", file=where, value=f"the id '{case.id}' stands twice")
        cases[case.id] = case
    return tuple(cases.values())


def _rows(loaded: Loaded) -> list[tuple[Key, Mapping[str, object]]]:
    """Cases of a list, of a mapping with ``cases``, or one case alone."""
    value: object = loaded.value
    at: Key = ()
    if isinstance(value, dict) and "cases" in value:
        value, at = value["cases"], ("cases",)
    elif isinstance(value, dict):
        return [((), {"id": "case1", **value})]
    if not isinstance(value, list) or not value:
        raise FormError("E57", file=loaded.where(at), value="there is no case in it")
    rows: list[tuple[Key, Mapping[str, object]]] = []
    for i, row in enumerate(value):
        path: Key = (*at, i)
        if not isinstance(row, dict):
            raise FormError("E56", file=loaded.where(path), value="a case holds keys with values")
        rows.append((path, row))
    return rows


def _case(
    loaded: Loaded,
    at: Key,
    row: Mapping[str, object],
    catalogue: SignCatalogue,
    all_dates: bool,
    use: frozenset[Use],
) -> Case:
    for name in row:
        _check_key(loaded, (*at, name), name)
    given = [name for name in _SIGNS if name in row]
    if len(given) != 1:
        found = "a case needs 'signs'" if not given else "'signs' and 'features' are the same"
        raise FormError("E56", file=loaded.where(at), value=found)
    where: Key = (*at, given[0])
    signs = dict(_mapping(loaded, where, row[given[0]]))
    if not all_dates:
        _drop(signs, loaded, (*at, "followup_only"), row.get("followup_only"), catalogue)
    told = {"context": row.get("context"), "serostatus": row.get("serostatus")}
    context = _used(parse_context(told, file=loaded.name, lines=loaded, at=at), use)
    table = expand_case(signs, catalogue, context, loaded=loaded, at=where)
    if "signs" not in use:
        table = expand_case({}, catalogue, context)
    label = next((str(row[name]) for name in _LABELS if row.get(name) is not None), "")
    return Case(_id(loaded, at, row), table, context, label)


def _check_key(loaded: Loaded, path: Key, name: str) -> None:
    """Refuse what looks like a misspelt part of a case; other keys are the writer's own."""
    if name in (*_OWN, *_LABELS, *_IGNORED):
        return
    near = get_close_matches(plain_name(name), [*_OWN, *_MEANT], n=1, cutoff=0.75)
    if near:
        meant = _MEANT.get(near[0], near[0])
        raise FormError("E56", file=loaded.where(path), value=f"'{name}'; nearest: {meant}")


def _id(loaded: Loaded, at: Key, row: Mapping[str, object]) -> str:
    name = row.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int) or not str(name).strip():
        raise FormError("E57", file=loaded.where((*at, "id")), value="a case needs an 'id'")
    return str(name).strip()


def _mapping(loaded: Loaded, path: Key, value: object) -> Mapping[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        found = f"'{path[-1]}' must hold names with values"
        raise FormError("E56", file=loaded.where(path), value=found)
    return value


def _drop(
    signs: dict[str, object], loaded: Loaded, path: Key, names: object, catalogue: SignCatalogue
) -> None:
    """Leave out what is known only from a later scan."""
    if names is None:
        return
    if not isinstance(names, list):
        raise FormError("E56", file=loaded.where(path), value="'followup_only' is a list of signs")
    later = set()
    for i, name in enumerate(names):
        found = catalogue.find(str(name))
        if found is None:
            near = ", ".join(catalogue.nearest(str(name)))
            where = loaded.where((*path, i))
            raise FormError("E53", file=where, value=f"'{name}'; nearest: {near}")
        later.add(found)
    for name in [name for name in signs if catalogue.find(name) in later]:
        del signs[name]


def _used(context: ClinicalContext, use: frozenset[Use]) -> ClinicalContext:
    return ClinicalContext(
        context.values if "context" in use else {},
        context.serostatus if "serology" in use else {},
    )
