"""Verdicts held against published diagnoses: rank, sets, alerts, and why a case is missed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from lesionaid.criteria.model import NOVELTY, Finding
from lesionaid.readers.kappa import Estimate, wilson
from lesionaid.reading.judge import Judged
from lesionaid.report.words import pattern_words
from lesionaid.signs.cases import Case
from lesionaid.tables import SignValue
from lesionaid.truth import Truth
from lesionaid.verdict.model import PATTERNS, Opinion

__all__ = [
    "Scored",
    "Tally",
    "balanced_accuracy",
    "pattern_of",
    "score",
    "tally",
    "unreported_false",
]

PML = "pml_like"
TIE = 1e-6
"""Scores closer than this share the lead; probabilities are not compared beyond it."""
TOP = 3


def pattern_of(diagnosis: str) -> str:
    """Pattern that a published diagnosis should look like; PML-IRIS is PML.

    Raises
    ------
    ValueError
        When it is none of the four.
    """
    pattern = f"{diagnosis.strip().lower().removesuffix('_iris')}_like"
    if pattern not in PATTERNS:
        raise ValueError(f"'{diagnosis}' is none of the four diseases")
    return pattern


@dataclass(frozen=True, slots=True)
class Scored:
    """One case against its published diagnosis.

    Parameters
    ----------
    id, truth : str
    first : str
        The leading pattern; empty where two share the lead.
    in_patterns, in_possible, alerted, named : bool
        Whether the diagnosis is among those not separated from the leader, among those still
        possible; whether an alert was raised; whether `pattern` names it.
    miss : str
        Why another pattern leads; empty where the diagnosis leads.
    """

    id: str
    truth: str
    first: str
    in_patterns: bool
    in_possible: bool
    alerted: bool
    named: bool
    miss: str

    @property
    def right(self) -> bool:
        """Whether the published diagnosis leads alone."""
        return self.first == self.truth


def score(judged: Judged, diagnosis: str) -> Scored:
    """Hold a verdict against the published diagnosis."""
    truth, answer = pattern_of(diagnosis), judged.answer
    first = _leader(answer)
    return Scored(
        id=judged.id,
        truth=truth,
        first=first,
        in_patterns=truth in answer.patterns,
        in_possible=truth in answer.possible,
        alerted=bool(judged.verdict.alerts),
        named=answer.pattern == truth,
        miss="" if first == truth else _miss(answer, truth, first),
    )


def _leader(answer: Opinion) -> str:
    first, second = answer.ranking[:2]
    ahead = answer.probabilities[first] - answer.probabilities[second]
    return first if ahead > TIE else ""


def _miss(answer: Opinion, truth: str, first: str) -> str:
    """Why another pattern leads, from the rows that counted."""
    disease = truth.removesuffix("_like")
    counted = [one for one in answer.findings if one.counted and disease in one.compares]
    if answer.probabilities[truth] == 0:
        return f"the context rules {pattern_words(truth)} out of the question"
    if not counted:
        return f"no sign that was reported bears on {pattern_words(truth)}"
    leads = f"{pattern_words(first)} leads" if first else "two patterns share the lead"
    rank = answer.ranking.index(truth) + 1
    parts = [f"{leads}, {pattern_words(truth)} is {_ORDINALS[rank]}"]
    against = _named([one for one in counted if one.toward != disease])
    for_it = _named([one for one in counted if one.toward == disease])
    parts.append(f"against it {against}" if against else "nothing against it")
    parts.append(f"for it {for_it}" if for_it else "nothing for it")
    return "; ".join(parts)


_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth"}


def _named(findings: list[Finding]) -> str:
    findings.sort(key=lambda one: (-one.weight, one.rule))
    told = [
        f"{one.rule}{' absent' if one.truth is Truth.FALSE else ''} {one.weight:.2f}"
        for one in findings[:TOP]
    ]
    return ", ".join(told) + (f" and {len(findings) - TOP} more" if len(findings) > TOP else "")


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts with Wilson intervals over a group of cases.

    Parameters
    ----------
    n, pml, others : int
        Cases, those with PML, and those without.
    counts : tuple of (str, int, int)
        Name, successes, and of how many.
    """

    n: int
    pml: int
    others: int
    counts: tuple[tuple[str, int, int], ...]

    def estimate(self, name: str) -> Estimate:
        """Share with its interval."""
        successes, of = self.count(name)
        return wilson(successes, of)

    def count(self, name: str) -> tuple[int, int]:
        """Successes, and of how many."""
        return next((k, n) for label, k, n in self.counts if label == name)


def tally(scored: Iterable[Scored]) -> Tally:
    """Count what the evaluation reports."""
    cases = tuple(scored)
    pml = [one for one in cases if one.truth == PML]
    others = [one for one in cases if one.truth != PML]

    return Tally(
        n=len(cases),
        pml=len(pml),
        others=len(others),
        counts=(
            _count("rank_1", cases, lambda one: one.right),
            _count("named", cases, lambda one: one.named),
            _count("in_patterns", cases, lambda one: one.in_patterns),
            _count("in_possible", cases, lambda one: one.in_possible),
            _count("pml_first", pml, lambda one: one.right),
            _count("pml_alerted", pml, lambda one: one.alerted),
            _count("pml_found", pml, lambda one: one.right or one.alerted),
            _count("false_pml_first", others, lambda one: one.first == PML),
            _count("false_alert", others, lambda one: one.alerted),
        ),
    )


def _count(name: str, of: Sequence[Scored], test: Callable[[Scored], bool]) -> tuple[str, int, int]:
    return name, sum(test(one) for one in of), len(of)


def balanced_accuracy(scored: Iterable[Scored]) -> float | None:
    """Mean recall over the patterns that occur; None without cases."""
    cases = tuple(scored)
    recalls = []
    for pattern in PATTERNS:
        own = [one.right for one in cases if one.truth == pattern]
        if own:
            recalls.append(sum(own) / len(own))
    return sum(recalls) / len(recalls) if recalls else None


def unreported_false(case: Case) -> Case:
    """The same case with every sign that was not reported set to absent: a stress test.

    Whether a lesion is new is left open: it is a gate, and "not new" would end the question.
    """
    signs = case.signs
    lesions = {key: _closed(row) for key, row in signs.lesions.items()}
    return replace(case, signs=replace(signs, lesions=lesions, patient=_closed(signs.patient)))


def _closed(row: Mapping[str, SignValue]) -> dict[str, SignValue]:
    return {
        name: value if value.truth.known or name == NOVELTY else SignValue(Truth.FALSE)
        for name, value in row.items()
    }
