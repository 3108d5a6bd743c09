"""Published facts about MRI follow-up: ``rules/surveillance.yaml``; they weigh nothing."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lesionaid.criteria.load import load_references
from lesionaid.criteria.model import Read, Reference
from lesionaid.errors import RuleError
from lesionaid.rules_path import rules_dir
from lesionaid.strict_yaml import load_strict_file

__all__ = ["Fact", "Section", "Surveillance", "load_surveillance", "surveillance_text"]

FILE = "surveillance.yaml"
WIDTH = 92
READ_AS: Mapping[Read, str] = {
    "primary_table": "read in a table of the source",
    "abstract": "read in the source's abstract",
    "secondary": "read in somebody else's summary",
    "derived": "worked out from printed numbers",
    "recalled": "only recalled, not checked",
}


@dataclass(frozen=True, slots=True)
class Fact:
    """What one source says about one group of patients.

    Parameters
    ----------
    about, says : str
    reference : Reference
    read : {"primary_table", "abstract", "secondary", "derived", "recalled"}
    note : str
    """

    about: str
    says: str
    reference: Reference
    read: Read
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Facts on one subject."""

    id: str
    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Surveillance:
    """The whole page; `notice` must stand wherever facts are quoted."""

    title: str
    notice: str
    sections: tuple[Section, ...]

    def section(self, name: str) -> Section:
        """One section, by id, for a report that quotes it.

        Raises
        ------
        KeyError
            When there is none of that id.
        """
        return {section.id: section for section in self.sections}[name]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Row(_Closed):
    about: str = Field(min_length=1)
    says: str = Field(min_length=1)
    cite: str = Field(min_length=1)
    read: Read
    note: str = ""


class _Section(_Closed):
    id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    rows: list[_Row] = Field(min_length=1)


class _File(_Closed):
    schema_: Literal["lesionaid-surveillance/1"] = Field(alias="schema")
    title: str = Field(min_length=1)
    notice: str = Field(pattern="never advice")
    sections: list[_Section] = Field(min_length=1)


def load_surveillance(folder: Path | None = None) -> Surveillance:
    """Read and check the facts, each with its reference.

    Parameters
    ----------
    folder : Path or None
        Rules folder; None for the package's own.

    Raises
    ------
    RuleError
        ``E65`` shape, ``E69`` a citation that is not in the references, ``E71`` not strict YAML.
    """
    folder = folder or rules_dir()
    loaded = load_strict_file(folder / FILE, error=RuleError, code="E71")
    try:
        parsed = _File.model_validate(loaded.value)
    except ValidationError as failure:
        first = failure.errors()[0]
        where = loaded.where(tuple(first["loc"]))
        raise RuleError("E65", file=where, value=f"{first['loc'][-1]}: {first['msg']}") from None
    references = load_references(folder / "references.yaml")
    for i, section in enumerate(parsed.sections):
        for j, row in enumerate(section.rows):
            if row.cite not in references:
                where = loaded.where(("sections", i, "rows", j, "cite"))
                found = f"no reference is called '{row.cite}'"
                raise RuleError("E69", file=where, value=found)
    return Surveillance(
        title=parsed.title,
        notice=parsed.notice,
        sections=tuple(
            Section(
                section.id, section.title, tuple(_fact(row, references) for row in section.rows)
            )
            for section in parsed.sections
        ),
    )


def _fact(row: _Row, references: Mapping[str, Reference]) -> Fact:
    return Fact(row.about, row.says, references[row.cite], row.read, row.note)


def surveillance_text(page: Surveillance) -> str:
    """The facts for a terminal."""
    return "\n".join(_lines(page)) + "\n"


def _lines(page: Surveillance) -> Iterator[str]:
    yield page.title
    yield from textwrap.wrap(page.notice, WIDTH)
    for section in page.sections:
        yield ""
        yield section.title
        for fact in section.facts:
            yield from _wrapped(f"- {fact.about}: {fact.says}")
            source = f"{fact.reference.key}, {fact.reference.address}; {READ_AS[fact.read]}"
            yield f"    [{source}]"
            if fact.note:
                yield from _wrapped(f"  note: {fact.note}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent="    ")
