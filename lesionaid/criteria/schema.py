"""The shape of the files under ``rules/``, field by field; nothing else is accepted."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lesionaid.criteria.model import Disease, Grade, Kind, Level, Read, Stage

__all__ = ["AlertFile", "CriteriaFile", "EvidenceEntry", "PriorsFile", "ReferenceEntry", "RuleFile"]

DiseaseName = Literal["pml", "ms", "nmosd", "mogad"]
assert set(DiseaseName.__args__) == set(Disease)  # type: ignore[attr-defined]

Text = Field(min_length=1)


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class TableEntry(_Closed):
    """Counts, as printed or rebuilt."""

    target_yes: int = Field(ge=0)
    target_n: int = Field(ge=1)
    other_yes: int = Field(ge=0)
    other_n: int = Field(ge=1)


class PatientsEntry(_Closed):
    """Patients behind the counts."""

    target: int = Field(ge=1)
    other: int = Field(ge=1)


class IntervalEntry(_Closed):
    """A printed number with its 95 % interval."""

    value: float = Field(gt=0)
    low: float = Field(gt=0)
    high: float = Field(gt=0)


class RatesEntry(_Closed):
    """A published sensitivity and specificity, as fractions."""

    sensitivity: float = Field(gt=0, lt=1)
    specificity: float = Field(gt=0, lt=1)


class EvidenceEntry(_Closed):
    """One source of a rule."""

    cite: str = Text
    kind: Kind
    read: Read
    population: str = Text
    table: TableEntry | None = None
    counts: Literal["ratings", "lesions", "patients"] = "patients"
    patients: PatientsEntry | None = None
    rates: RatesEntry | None = None
    published_or: IntervalEntry | None = None
    odds_ratio: float | None = Field(default=None, gt=1)
    frequency: float | None = Field(default=None, gt=0, lt=1)
    cross_study: bool = False
    chronic: bool = False
    absence_weighs: bool = True
    stage: Stage = "any"
    note: str = ""


class RuleFile(_Closed):
    """``lesionaid-rule/1``."""

    schema_: Literal["lesionaid-rule/1"] = Field(alias="schema")
    id: str = Text
    title: str = Text
    status: Literal["draft", "reviewed", "retired"]
    compares: list[DiseaseName] = Field(min_length=2, max_length=2)
    level: Level
    gate: Any = None
    population_gate: Any = None
    unless: Any = None
    when: Any
    toward: DiseaseName
    group: str = Text
    grade: Grade
    evidence: list[EvidenceEntry] = Field(min_length=1)
    limits: list[str] = Field(min_length=1)
    replaces: list[str] = []
    shown_only: str = ""


class PerformanceEntry(_Closed):
    """Published accuracy of a criteria set."""

    cite: str = Text
    against: str = Text
    population: str = Text
    read: Read
    sensitivity: float | None = Field(default=None, ge=0, le=1)
    specificity: float | None = Field(default=None, ge=0, le=1)
    note: str = ""


class CriteriaFile(_Closed):
    """``lesionaid-criteria/1``."""

    schema_: Literal["lesionaid-criteria/1"] = Field(alias="schema")
    id: str = Text
    title: str = Text
    target: str = Text
    version: str = Text
    cite: list[str] = Field(min_length=1)
    requires: Any = None
    undefined_when: Any = None
    when: Any
    needs: list[str] = Field(min_length=1)
    performance: list[PerformanceEntry] = []
    limits: list[str] = Field(min_length=1)
    recalled: list[str] = []


class AlertFile(_Closed):
    """``lesionaid-alert/1``."""

    schema_: Literal["lesionaid-alert/1"] = Field(alias="schema")
    code: str = Text
    title: str = Text
    text: str = Text
    when_new: Any
    when_novelty_unknown: Any
    cite: list[str] = Field(min_length=1)
    limits: list[str] = Field(min_length=1)


class ReferenceEntry(_Closed):
    """One entry of ``references.yaml``."""

    title: str = Text
    journal: str = Text
    year: int = Field(ge=1900, le=2100)
    doi: str = ""
    pmid: str = ""
    url: str = ""
    note: str = ""


class PriorEntry(_Closed):
    """How common the demyelinating diseases are somewhere, per 100,000."""

    id: str = Text
    title: str = Text
    when: Any
    prevalence: dict[Literal["ms", "nmosd", "mogad"], float] = Field(min_length=3)
    cite: str = Text
    read: Read
    note: str = ""


class RiskEntry(_Closed):
    """How often PML came up in a stratum of patients."""

    id: str = Text
    title: str = Text
    when: Any
    per_1000: str = Text
    cite: str = Text
    read: Read
    note: str = ""


class PriorsFile(_Closed):
    """``lesionaid-priors/1``."""

    schema_: Literal["lesionaid-priors/1"] = Field(alias="schema")
    rows: list[PriorEntry] = Field(min_length=1)
    risks: list[RiskEntry] = []
