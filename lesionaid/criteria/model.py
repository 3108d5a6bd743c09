"""Rules, published criteria sets, references, and what became of them on a patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lesionaid.criteria.disease import Disease, Pair
from lesionaid.criteria.evidence import (
    Evidence,
    Grade,
    Interval,
    Kind,
    Performance,
    Read,
    Reference,
    Stage,
    Table,
)
from lesionaid.criteria.expression import Condition
from lesionaid.criteria.prior import PublishedRisk, RegionalPrior
from lesionaid.truth import Truth

__all__ = [
    "NOVELTY",
    "Alert",
    "CriteriaSet",
    "Disease",
    "Evidence",
    "Finding",
    "Grade",
    "Interval",
    "Kind",
    "Level",
    "Pair",
    "Performance",
    "PublishedRisk",
    "Read",
    "Reference",
    "RegionalPrior",
    "Rule",
    "RuleSet",
    "Stage",
    "Table",
]

NOVELTY = "new_or_enlarging"
"""The sign behind the novelty gate."""

Level = Literal["lesion", "patient"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One sign, or combination of signs, as evidence between two diseases.

    Parameters
    ----------
    id, title : str
    status : {"draft", "reviewed", "retired"}
    compares : Pair
    level : {"lesion", "patient"}
        Whether it runs on each lesion group or once on the patient.
    gate : Condition or None
        Novelty: unknown leaves the rule ungated, false silences it.
    population_gate : Condition or None
        Silences the rule unless it is known to be true.
    unless : Condition or None
        Silences the rule when it is known to be true.
    when : Condition
    toward : Disease
        What the sign speaks for.
    group : str
        Correlated signs share one; only the strongest row of a group counts for a pair.
    grade : {"A", "B", "C", "D", "E"}
    evidence : tuple of Evidence
        Best first: the first that was not merely recalled is weighed.
    limits : tuple of str
    replaces : tuple of str
        Rules on a broader sign, which this one silences for its pair when it is true.
    shown_only : str
        Why the rule is shown and never weighed; empty otherwise.
    file : str
        Path under ``rules/``.
    """

    id: str
    title: str
    status: Literal["draft", "reviewed", "retired"]
    compares: Pair
    level: Level
    when: Condition
    toward: Disease
    group: str
    grade: Grade
    evidence: tuple[Evidence, ...]
    limits: tuple[str, ...]
    gate: Condition | None = None
    population_gate: Condition | None = None
    unless: Condition | None = None
    replaces: tuple[str, ...] = ()
    shown_only: str = ""
    file: str = ""

    @property
    def against(self) -> Disease:
        """The disease that an absent sign speaks for."""
        first, second = self.compares
        return second if self.toward is first else first

    @property
    def cites(self) -> tuple[str, ...]:
        """Keys of the sources, without repeats, in their order."""
        return tuple(dict.fromkeys(evidence.cite for evidence in self.evidence))


@dataclass(frozen=True, slots=True)
class CriteriaSet:
    """A published set of criteria: met, not met or undetermined; it weighs nothing itself.

    Parameters
    ----------
    id, title, target : str
    version : str
        The publication whose wording is followed.
    when : Condition
    requires : Condition or None
        What must be known to be true before the set means anything; else it is unknown.
    undefined_when : Condition or None
        Where the set is not defined when it is known to be true; then it is unknown.
    needs : tuple of str
        Scans and facts that the set asks for.
    cite : tuple of str
    performance : tuple of Performance
    limits : tuple of str
    recalled : tuple of str
        Items that were only recalled: the set is labelled unverified.
    file : str
    """

    id: str
    title: str
    target: str
    version: str
    when: Condition
    cite: tuple[str, ...]
    needs: tuple[str, ...]
    limits: tuple[str, ...]
    requires: Condition | None = None
    undefined_when: Condition | None = None
    performance: tuple[Performance, ...] = ()
    recalled: tuple[str, ...] = ()
    file: str = ""

    @property
    def verified(self) -> bool:
        """Whether every item was read in a source."""
        return not self.recalled


@dataclass(frozen=True, slots=True)
class Alert:
    """A condition on a lesion group that asks for expert review, whatever the scores say.

    Parameters
    ----------
    code, title, text : str
    when_new : Condition
        Holds where the lesion is known to be new or enlarging.
    when_novelty_unknown : Condition
        Holds where that is not known.
    cite : tuple of str
    limits : tuple of str
    file : str
    """

    code: str
    title: str
    text: str
    when_new: Condition
    when_novelty_unknown: Condition
    cite: tuple[str, ...]
    limits: tuple[str, ...]
    file: str = ""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All that ``rules/`` says, the signs apart.

    Parameters
    ----------
    rules, criteria, alerts : tuple
        By id.
    references : mapping of str to Reference
    priors : tuple of RegionalPrior
    risks : tuple of PublishedRisk
        The first that holds is the patient's.
    """

    rules: tuple[Rule, ...]
    criteria: tuple[CriteriaSet, ...] = ()
    alerts: tuple[Alert, ...] = ()
    references: Mapping[str, Reference] = field(default_factory=dict)
    priors: tuple[RegionalPrior, ...] = ()
    risks: tuple[PublishedRisk, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one rule on a patient.

    Parameters
    ----------
    rule, title : str
    truth : Truth
        Of the rule's condition.
    gated : Truth
        Of its gates: true where it has none; unknown where novelty is not known.
    lesions : tuple of int
        Main ids of the lesion groups it holds for; empty on the patient's level.
    compares : Pair
    toward : Disease
        What the finding speaks for (the other disease when the sign is absent).
    weight, low, high : float
        Weight of evidence toward `toward` on such a lesion, natural logarithm.
    counted : bool
    why_not : str
        Why it was not counted.
    group : str
    cite : tuple of str
    missing : tuple of str
        Unknown signs and context keys that leave the rule undetermined.
    """

    rule: str
    title: str
    truth: Truth
    gated: Truth
    lesions: tuple[int, ...]
    compares: Pair
    toward: Disease
    weight: float
    low: float
    high: float
    counted: bool
    why_not: str
    group: str
    cite: tuple[str, ...]
    missing: tuple[str, ...] = ()
