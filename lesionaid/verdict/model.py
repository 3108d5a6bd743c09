"""The verdict and its JSON, whose keys outsiders rely on (schema ``lesionaid-verdict/1``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lesionaid.criteria.model import Finding
from lesionaid.truth import Truth

if TYPE_CHECKING:
    from lesionaid.verdict.fragility import VerdictFlips

__all__ = [
    "INTENDED_USE",
    "PATTERNS",
    "SCHEMA",
    "AlertRaised",
    "CriteriaState",
    "LesionVerdict",
    "NotAssessable",
    "Opinion",
    "PairScore",
    "Prior",
    "Score",
    "Settles",
    "Stated",
    "Verdict",
    "opinion_json",
    "to_json_dict",
]

SCHEMA = "lesionaid-verdict/1"

PATTERNS = ("pml_like", "ms_like", "nmosd_like", "mogad_like")
"""The four that are scored; ``pattern`` may also be ``indeterminate``, ``no_lesions``,
``no_new_lesions``, ``outside_scope`` or ``not_analysable``."""

INTENDED_USE = (
    "Research software. Not a medical device. PML is never excluded. "
    "Outputs are pattern scores (PML-like, MS-like, NMOSD-like, MOGAD-like), not diagnoses."
)


@dataclass(frozen=True, slots=True)
class Score:
    """Weight of evidence with its 95 % interval, natural logarithm."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class PairScore:
    """Direct weight of pattern `a` over pattern `b`, and how many rows it rests on."""

    a: str
    b: str
    weight: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Prior:
    """Probability of each pattern before the images, and where it is from."""

    values: Mapping[str, float]
    source: str


@dataclass(frozen=True, slots=True)
class Stated:
    """A reason: a stable code and a sentence."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a set of evidence says: images alone, or images with context.

    Parameters
    ----------
    pattern : str
    patterns : tuple of str
        Not separated from the leader on known signs.
    ranking : tuple of str
        An unknown sign weighs nothing here.
    possible : tuple of str
        Leading in at least one completion of the unknown signs.
    scores : mapping of str to Score
    probabilities : mapping of str to float
        Softmax of the scores plus the logarithm of `prior`.
    pairs : tuple of PairScore
    prior : Prior
    reasons : tuple of Stated
    findings : tuple of Finding
        What became of every rule.
    """

    pattern: str
    patterns: tuple[str, ...]
    ranking: tuple[str, ...]
    possible: tuple[str, ...]
    scores: Mapping[str, Score]
    probabilities: Mapping[str, float]
    pairs: tuple[PairScore, ...]
    prior: Prior
    reasons: tuple[Stated, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertRaised:
    """An alert, and the lesion groups (main ids) it was raised on."""

    code: str
    text: str
    lesions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LesionVerdict:
    """One lesion group by itself.

    Parameters
    ----------
    lesion : int
        Main id.
    pattern : str
    scores : mapping of str to Score
        Of the rows on this lesion alone.
    new_or_enlarging : Truth
    """

    lesion: int
    pattern: str
    scores: Mapping[str, Score]
    new_or_enlarging: Truth


@dataclass(frozen=True, slots=True)
class CriteriaState:
    """A published set: met, not met or undetermined; `verified` unless an item was recalled."""

    truth: Truth
    missing: tuple[str, ...]
    verified: bool


@dataclass(frozen=True, slots=True)
class NotAssessable:
    """A sign that could not be assessed, and what would settle it."""

    sign: str
    reason: str
    detail: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settles:
    """A missing scan or fact, and how much its signs could move leader against runner-up."""

    needs: str
    signs: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that is said about a study.

    Parameters
    ----------
    images : Opinion
        By the signs alone: the headline.
    with_context : Opinion or None
        With clinical context and serology; None when none was given.
    demyelinating : Opinion or None
        Question B: the lesions flagged as PML-like left out, MS, NMOSD and MOGAD among
        themselves; None where the disease is established or nothing was weighed.
    left_out : tuple of int
        Main ids of the lesion groups left out of question B.
    alerts, lesions, not_assessable, would_settle : tuple
    criteria : mapping of str to CriteriaState
    classifier : mapping or None
        A trained model's view; shown beside the rules, never blended with them.
    fragile : bool
        False also where that was not tested.
    robustness : VerdictFlips or None
        None: not tested.
    """

    images: Opinion
    with_context: Opinion | None = None
    demyelinating: Opinion | None = None
    left_out: tuple[int, ...] = ()
    alerts: tuple[AlertRaised, ...] = ()
    lesions: tuple[LesionVerdict, ...] = ()
    criteria: Mapping[str, CriteriaState] = field(default_factory=dict)
    not_assessable: tuple[NotAssessable, ...] = ()
    would_settle: tuple[Settles, ...] = ()
    classifier: Mapping[str, Any] | None = None
    fragile: bool = False
    robustness: VerdictFlips | None = None

    @property
    def pattern(self) -> str:
        """The headline: the pattern by the images alone."""
        return self.images.pattern

    @property
    def leader(self) -> str:
        """The pattern that is named, or else the one that leads the ranking."""
        return self.pattern if self.pattern in PATTERNS else self.images.ranking[0]

    @property
    def reasons(self) -> tuple[Stated, ...]:
        """Reasons of the headline."""
        return self.images.reasons

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What became of every rule, by the images alone."""
        return self.images.findings


def to_json_dict(verdict: Verdict) -> dict[str, Any]:
    """``verdict.json``: plain values, the order of keys fixed, numbers to four decimals."""
    return {
        "schema": SCHEMA,
        "intended_use": INTENDED_USE,
        **opinion_json(verdict.images),
        "with_context": None
        if verdict.with_context is None
        else opinion_json(verdict.with_context),
        "demyelinating": None
        if verdict.demyelinating is None
        else {**opinion_json(verdict.demyelinating), "left_out": list(verdict.left_out)},
        "classifier": None if verdict.classifier is None else dict(verdict.classifier),
        "alerts": [
            {"code": alert.code, "text": alert.text, "lesions": list(alert.lesions)}
            for alert in verdict.alerts
        ],
        "lesions": [
            {
                "lesion": lesion.lesion,
                "pattern": lesion.pattern,
                "scores": _scores(lesion.scores),
                "new_or_enlarging": lesion.new_or_enlarging.value,
            }
            for lesion in verdict.lesions
        ],
        "criteria": {
            name: {
                "truth": state.truth.value,
                "missing": list(state.missing),
                "verified": state.verified,
            }
            for name, state in verdict.criteria.items()
        },
        "not_assessable": [
            {
                "sign": row.sign,
                "reason": row.reason,
                "detail": row.detail,
                "needs": list(row.needs),
            }
            for row in verdict.not_assessable
        ],
        "would_settle": [
            {"needs": row.needs, "signs": list(row.signs), "weight": _round(row.weight)}
            for row in verdict.would_settle
        ],
        "fragile": verdict.fragile,
        "robustness": None if verdict.robustness is None else verdict.robustness.to_json_dict(),
    }


def _round(number: float) -> float:
    return round(float(number), 4) + 0.0  # no "-0.0"


def _scores(scores: Mapping[str, Score]) -> dict[str, dict[str, float]]:
    return {
        pattern: {
            "value": _round(score.value),
            "low": _round(score.low),
            "high": _round(score.high),
        }
        for pattern, score in scores.items()
    }


def opinion_json(opinion: Opinion) -> dict[str, Any]:
    """An opinion as plain values: the keys that a verdict and its parts share."""
    prior = {pattern: _round(value) for pattern, value in opinion.prior.values.items()}
    return {
        "pattern": opinion.pattern,
        "patterns": list(opinion.patterns),
        "ranking": list(opinion.ranking),
        "possible": list(opinion.possible),
        "scores": _scores(opinion.scores),
        "probabilities": {name: _round(value) for name, value in opinion.probabilities.items()},
        "pairs": [
            {
                "a": pair.a,
                "b": pair.b,
                "weight": _round(pair.weight),
                "low": _round(pair.low),
                "high": _round(pair.high),
                "rows": pair.rows,
            }
            for pair in opinion.pairs
        ],
        "prior": {**prior, "source": opinion.prior.source},
        "reasons": [{"code": reason.code, "text": reason.text} for reason in opinion.reasons],
        "findings": [_finding(finding) for finding in opinion.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "title": finding.title,
        "truth": finding.truth.value,
        "gated": finding.gated.value,
        "lesions": list(finding.lesions),
        "compares": [disease.value for disease in finding.compares],
        "toward": finding.toward.value,
        "weight": _round(finding.weight),
        "low": _round(finding.low),
        "high": _round(finding.high),
        "counted": finding.counted,
        "why_not": finding.why_not,
        "group": finding.group,
        "cite": list(finding.cite),
        "missing": list(finding.missing),
    }
