"""Reads ``rules/references.yaml`` and ``rules/priors.yaml``, and holds any file to its shape."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from lesionaid.criteria.grammar import Source, nearest
from lesionaid.criteria.model import Disease, PublishedRisk, Reference, RegionalPrior
from lesionaid.criteria.schema import PriorsFile, ReferenceEntry
from lesionaid.errors import RuleError
from lesionaid.strict_yaml import Key, load_strict_file

__all__ = ["check_cite", "load_priors", "load_references", "parse"]

_ADDRESS = {
    "doi": re.compile(r"10\.\d{4,9}/\S+\Z"),
    "pmid": re.compile(r"\d{5,9}\Z"),
    "url": re.compile(r"https?://\S+\Z"),
}

Model = TypeVar("Model", bound=BaseModel)


def load_references(path: Path) -> dict[str, Reference]:
    """Read ``references.yaml``.

    Raises
    ------
    RuleError
        ``E69`` when an entry has neither DOI nor PMID nor address, or a malformed one, or an
        address alone without a note that says why.
    """
    source = Source(load_strict_file(path, error=RuleError, code="E71"), ())
    entries = source.loaded.value
    if not isinstance(entries, Mapping):
        source.refuse("E65", (), "no references", "write a key a reference")
    found = {}
    for key, entry in entries.items():
        parsed = parse(ReferenceEntry, entry, source, (key,))
        addresses = {name: getattr(parsed, name) for name in _ADDRESS}
        if not any(addresses.values()):
            source.refuse("E69", (key,), f"'{key}' has no address", "add doi, pmid or url")
        if not (parsed.doi or parsed.pmid or parsed.note):
            mend = "add doi or pmid, or a note that says that neither was found"
            source.refuse("E69", (key,), f"'{key}' has an address alone", mend)
        for name, address in addresses.items():
            if address and not _ADDRESS[name].match(address):
                mend = "write it bare, in quotes where it is a number"
                source.refuse("E69", (key, name), f"'{address}' is no {name}", mend)
        found[key] = Reference(key=key, **parsed.model_dump())
    return found


def load_priors(
    path: Path, references: Mapping[str, Reference]
) -> tuple[tuple[RegionalPrior, ...], tuple[PublishedRisk, ...]]:
    """Read ``priors.yaml``: priors by region, published risks of PML; none without the file.

    Raises
    ------
    RuleError
        ``E65`` shape, ``E66`` and ``E67`` conditions, ``E69`` reference.
    """
    if not path.is_file():
        return (), ()
    source = Source(load_strict_file(path, error=RuleError, code="E71"), ())
    parsed = parse(PriorsFile, source.loaded.value, source)
    for index, row in enumerate(parsed.rows):
        check_cite(source, row.cite, ("rows", index, "cite"), references)
    for index, risk in enumerate(parsed.risks):
        check_cite(source, risk.cite, ("risks", index, "cite"), references)
    priors = tuple(
        RegionalPrior(
            id=row.id,
            title=row.title,
            when=source.condition(row.when, ("rows", index, "when")),
            prevalence={Disease(name): value for name, value in row.prevalence.items()},
            cite=row.cite,
            read=row.read,
            note=row.note,
        )
        for index, row in enumerate(parsed.rows)
    )
    risks = tuple(
        PublishedRisk(
            id=risk.id,
            title=risk.title,
            when=source.condition(risk.when, ("risks", index, "when")),
            per_1000=risk.per_1000,
            cite=risk.cite,
            read=risk.read,
            note=risk.note,
        )
        for index, risk in enumerate(parsed.risks)
    )
    return priors, risks


def check_cite(source: Source, cite: str, at: Key, references: Mapping[str, Reference]) -> None:
    """Refuse a citation that leads nowhere (``E69``)."""
    if cite not in references:
        mend = f"add it to references.yaml, or {nearest(cite, references)}"
        source.refuse("E69", at, f"no reference is called '{cite}'", mend)


def parse(model: type[Model], value: Any, source: Source, at: Key = ()) -> Model:
    """Hold a value to its model; the first fault is refused with line and mend (``E65``)."""
    try:
        return model.model_validate(value)
    except ValidationError as failure:
        first = failure.errors()[0]
        inner: Key = (*at, *first["loc"])
        field = str(first["loc"][-1]) if first["loc"] else "the file"
        known = sorted(info.alias or name for name, info in model.model_fields.items())
        found, mend = {
            "extra_forbidden": (
                f"field '{field}' is not known",
                nearest(field, known) if len(first["loc"]) == 1 else "remove it",
            ),
            "missing": (f"field '{field}' is missing", "add it"),
            "too_short": (f"'{field}' is empty", "fill it"),
            "string_too_short": (f"'{field}' is empty", "fill it"),
        }.get(first["type"], (f"'{field}' is {first.get('input')!r}", first["msg"]))
        source.refuse("E65", inner, found, mend)
