"""Findings, criteria and scores, prepared for a reader."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lesionaid.criteria.model import Evidence, Finding, Reference, RuleSet
from lesionaid.criteria.strength import ratios_of
from lesionaid.report.words import disease_words, needs_words, pattern_words, plain, signed
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.truth import Truth
from lesionaid.verdict.model import PATTERNS, Opinion, Verdict

__all__ = [
    "CriteriaView",
    "EvidenceView",
    "FindingView",
    "Moved",
    "ScoreBar",
    "ScoreChart",
    "cited",
    "criteria_views",
    "finding_views",
    "moved_by",
    "score_chart",
]

_COUNTS = {"ratings": "ratings", "lesions": "lesions", "patients": "patients"}


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One source of a rule in words.

    Parameters
    ----------
    cite : str
        Key of the reference.
    counts : str
        ``"56 of 105 against 1 of 110 ratings"``; empty where the source gives none.
    ratio : str
        Likelihood ratio with its interval; empty where there is none.
    population, note, read : str
    """

    cite: str
    counts: str
    ratio: str
    population: str
    note: str
    read: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """One rule on this patient, in words.

    Parameters
    ----------
    rule, title : str
    truth : {"true", "false", "unknown"}
    gated : {"true", "false", "unknown"}
    lesions : tuple of int
    toward, against : str
    weight : float
    weight_text : str
    counted : bool
    why_not : str
    missing : str
    grade : str
    evidence : tuple of EvidenceView
    limits : tuple of str
    """

    rule: str
    title: str
    truth: str
    gated: str
    lesions: tuple[int, ...]
    toward: str
    against: str
    weight: float
    weight_text: str
    counted: bool
    why_not: str
    missing: str
    grade: str
    evidence: tuple[EvidenceView, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CriteriaView:
    """One published set on this patient."""

    id: str
    title: str
    truth: str
    missing: str
    verified: bool
    version: str
    cite: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved one pattern: counted findings for it and against it."""

    pattern: str
    title: str
    towards: tuple[FindingView, ...]
    against: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True)
class ScoreBar:
    """One row of the chart, in per cent of its width."""

    pattern: str
    title: str
    value: float
    low: float
    high: float
    text: str


@dataclass(frozen=True, slots=True)
class ScoreChart:
    """Scores on one axis.

    Parameters
    ----------
    zero : float
        Where zero lies, in per cent.
    ticks : tuple of (float, str)
    bars : tuple of ScoreBar
    """

    zero: float
    ticks: tuple[tuple[float, str], ...]
    bars: tuple[ScoreBar, ...]


def finding_views(
    findings: Iterable[Finding], rules: RuleSet, signs: SignCatalogue
) -> tuple[FindingView, ...]:
    """Findings in words: counted ones first, the heaviest at the top."""
    by_id = {rule.id: rule for rule in rules.rules}
    views = []
    for finding in findings:
        rule = by_id.get(finding.rule)
        other = next((d for d in finding.compares if d is not finding.toward), finding.toward)
        views.append(
            FindingView(
                rule=finding.rule,
                title=finding.title,
                truth=finding.truth.value,
                gated=finding.gated.value,
                lesions=finding.lesions,
                toward=disease_words(finding.toward),
                against=disease_words(other),
                weight=finding.weight,
                weight_text=_weight_text(finding),
                counted=finding.counted,
                why_not=finding.why_not,
                missing=_titles(finding.missing, signs),
                grade="" if rule is None else rule.grade,
                evidence=() if rule is None else tuple(map(_evidence_view, rule.evidence)),
                limits=() if rule is None else rule.limits,
            )
        )
    order = {"true": 0, "false": 1, "unknown": 2}
    return tuple(
        sorted(views, key=lambda v: (not v.counted, order[v.truth], -abs(v.weight), v.rule))
    )


def _weight_text(finding: Finding) -> str:
    if finding.truth is Truth.UNKNOWN:
        return ""
    return f"{signed(finding.weight)} ({signed(finding.low)} to {signed(finding.high)})"


def _evidence_view(evidence: Evidence) -> EvidenceView:
    counts = plain(evidence.kind)
    if evidence.table is not None:
        table = evidence.table
        counts = (
            f"{table.target_yes} of {table.target_n} against "
            f"{table.other_yes} of {table.other_n} {_COUNTS[evidence.counts]}"
        )
    elif evidence.rates is not None:
        sensitivity, specificity = evidence.rates
        counts = f"sensitivity {sensitivity:.0%}, specificity {specificity:.0%}"
    elif evidence.published_or is not None:
        printed = evidence.published_or
        counts = f"odds ratio {printed.value:g} ({printed.low:g} to {printed.high:g})"
    elif evidence.frequency is not None:
        counts = f"seen in {evidence.frequency:.0%}"
    elif evidence.kind == "consensus":
        counts = "guideline or consensus, no counts"
    return EvidenceView(
        cite=evidence.cite,
        counts=counts,
        ratio=_ratio_text(evidence),
        population=evidence.population,
        note=evidence.note,
        read=plain(evidence.read),
    )


def _ratio_text(evidence: Evidence) -> str:
    ratios = ratios_of(evidence)
    if ratios is None:
        return ""
    present = ratios.present
    bound = "at least " if present.bounded else ""
    text = f"LR+ {bound}{present.value:.3g}"
    interval = present.interval
    if interval is not None and not present.bounded:
        text += f" ({interval.low:.2g} to {interval.high:.3g})"
    return f"{text}, LR− {ratios.absent.value:.2g}"


def criteria_views(
    verdict: Verdict, rules: RuleSet, signs: SignCatalogue
) -> tuple[CriteriaView, ...]:
    """Published sets in words: met first, then undetermined, then not met."""
    by_id = {criteria.id: criteria for criteria in rules.criteria}
    order = {"true": 0, "unknown": 1, "false": 2}
    views = []
    for name, state in verdict.criteria.items():
        known = by_id.get(name)
        views.append(
            CriteriaView(
                id=name,
                title=name if known is None else known.title,
                truth=state.truth.value,
                missing=_titles(state.missing, signs),
                verified=state.verified,
                version="" if known is None else known.version,
                cite=() if known is None else known.cite,
            )
        )
    return tuple(sorted(views, key=lambda view: (order[view.truth], view.id)))


def _titles(names: Iterable[str], signs: SignCatalogue) -> str:
    known = signs.signs
    return ", ".join(known[n].title if n in known else needs_words([n]) for n in names)


def moved_by(findings: tuple[FindingView, ...]) -> tuple[Moved, ...]:
    """For every pattern that a counted finding touches: what spoke for it, and against."""
    counted = [view for view in findings if view.counted]
    rows = []
    for pattern in PATTERNS:
        title = pattern_words(pattern)
        towards = tuple(view for view in counted if view.toward == title)
        against = tuple(view for view in counted if view.against == title)
        if towards or against:
            rows.append(Moved(pattern, title, towards, against))
    return tuple(rows)


def score_chart(opinion: Opinion) -> ScoreChart | None:
    """Bars of the scores with their intervals, or None where nothing was weighed.

    A pattern whose prior is zero was not asked about (question B leaves PML out).
    """
    if not any(score.value or score.low or score.high for score in opinion.scores.values()):
        return None
    asked = {
        name: score for name, score in opinion.scores.items() if opinion.prior.values.get(name, 1.0)
    }
    reach = max(1.0, *(max(abs(score.low), abs(score.high)) for score in asked.values()))
    limit = float(int(reach) + 1)

    def place(value: float) -> float:
        return round(50 + 50 * value / limit, 2)

    step = max(1, int(limit) // 3)
    marks = range(-step * (int(limit) // step), int(limit) + 1, step)
    return ScoreChart(
        zero=50.0,
        ticks=tuple((place(mark), signed(mark).removesuffix(".00")) for mark in marks),
        bars=tuple(
            ScoreBar(
                pattern=pattern,
                title=pattern_words(pattern),
                value=place(score.value),
                low=place(score.low),
                high=place(score.high),
                text=f"{signed(score.value)} ({signed(score.low)} to {signed(score.high)})",
            )
            for pattern, score in asked.items()
        ),
    )


def cited(
    findings: Iterable[FindingView], criteria: Iterable[CriteriaView], rules: RuleSet
) -> Mapping[str, tuple[int, Reference | None]]:
    """References by key, numbered in the order in which they are first cited."""
    keys = [entry.cite for view in findings for entry in view.evidence]
    keys += [key for view in criteria for key in view.cite]
    return {
        key: (position, rules.references.get(key))
        for position, key in enumerate(dict.fromkeys(keys), start=1)
    }
