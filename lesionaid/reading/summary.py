"""Cases on the terminal: pattern, what speaks for and against it, criteria, what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from lesionaid.criteria.model import Finding
from lesionaid.reading.judge import Judged
from lesionaid.reading.use import Use
from lesionaid.report.words import disease_words, needs_words, pattern_words, signed
from lesionaid.truth import Truth
from lesionaid.verdict.model import INTENDED_USE, Opinion, Verdict

__all__ = ["case_summary", "summary"]

TOP = 4
"""Findings and missing facts named for a case; all of them are in read.json."""
IN_FULL = 10
"""Up to this many cases are told in full, more of them a line each."""

COMPUTERS_NEEDS = frozenset({"lesions", "anatomy"})
"""What only a computer needs to see a sign; a reader sees it without."""

_WIDTH = 13


def summary(judged: Sequence[Judged]) -> str:
    """All cases; many of them a line each, with the patterns counted."""
    if len(judged) <= IN_FULL:
        parts = [case_summary(one) for one in judged]
    else:
        parts = ["\n".join([*map(_line, judged), "", *_counts(judged)])]
    return "\n\n".join([*parts, INTENDED_USE])


def case_summary(judged: Judged) -> str:
    """One case in full."""
    return "\n".join(_lines(judged))


def _line(judged: Judged) -> str:
    answer = judged.answer
    order = " > ".join(pattern_words(name) for name in answer.ranking)
    alerts = "".join(f"  ALERT {alert.code}" for alert in judged.verdict.alerts)
    return f"{judged.id:<20} {pattern_words(answer.pattern):<16} {order}{alerts}"


def _counts(judged: Sequence[Judged]) -> Iterator[str]:
    patterns = Counter(one.answer.pattern for one in judged)
    told = ", ".join(f"{pattern_words(name)} {n}" for name, n in sorted(patterns.items()))
    alerted = sum(bool(one.verdict.alerts) for one in judged)
    yield f"{len(judged)} cases: {told}; with an alert {alerted}"


def _lines(judged: Judged) -> Iterator[str]:
    answer, verdict = judged.answer, judged.verdict
    yield _row("Case", judged.id)
    yield _row("Pattern", pattern_words(answer.pattern))
    yield _row("Ranking", _ranking(answer))
    if judged.use is not Use.SIGNS:
        yield _row("Signs only", _ranking(verdict.images))
    elif verdict.with_context is not None:
        yield _row("With prior", _ranking(verdict.with_context))
    for alert in verdict.alerts:
        yield _row("ALERT", f"{alert.code}: {alert.text}")
    for reason in answer.reasons:
        yield _row("Why", reason.text)
    yield from _evidence(answer)
    yield from _criteria(verdict)
    settling = [one for one in verdict.would_settle if one.needs not in COMPUTERS_NEEDS]
    for missing in settling[:TOP]:
        signs = ", ".join(missing.signs[:TOP]) + (" …" if len(missing.signs) > TOP else "")
        yield _row(
            "Would settle", f"{needs_words([missing.needs])}: {signs} (up to {missing.weight:.2f})"
        )


def _row(name: str, text: str) -> str:
    return f"{name:<{_WIDTH}} {text}"


def _ranking(opinion: Opinion) -> str:
    return (
        " > ".join(
            f"{pattern_words(name)} {opinion.probabilities[name]:.2f}" for name in opinion.ranking
        )
        + f" (prior: {opinion.prior.source})"
    )


def _evidence(answer: Opinion) -> Iterator[str]:
    """The heaviest counted findings for the leading pattern, and those against it."""
    leader = answer.ranking[0].removesuffix("_like")
    counted = [one for one in answer.findings if one.counted and leader in one.compares]
    counted.sort(key=lambda one: (-one.weight, one.rule))
    for finding in [one for one in counted if one.toward == leader][:TOP]:
        yield _row("For", _finding(finding))
    for finding in [one for one in counted if one.toward != leader][:TOP]:
        yield _row("Against", _finding(finding))


def _finding(finding: Finding) -> str:
    absent = " (absent)" if finding.truth is Truth.FALSE else ""
    first, second = (disease_words(one) for one in finding.compares)
    rivals = {finding.compares[0]: second, finding.compares[1]: first}
    return (
        f"{signed(finding.weight)} {disease_words(finding.toward)} over {rivals[finding.toward]}: "
        f"{finding.title}{absent} [{', '.join(finding.cite)}]"
    )


def _criteria(verdict: Verdict) -> Iterator[str]:
    for truth, name in (
        (Truth.TRUE, "Met"),
        (Truth.FALSE, "Not met"),
        (Truth.UNKNOWN, "Undetermined"),
    ):
        sets = [
            set_id + ("" if state.verified else " (unverified)")
            for set_id, state in verdict.criteria.items()
            if state.truth is truth
        ]
        if sets:
            yield _row(name, ", ".join(sets))
