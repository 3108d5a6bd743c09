"""The end of ``lesionaid assess``: the verdict on the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lesionaid.assessment import Assessment
from lesionaid.cli import printable
from lesionaid.report.lesion_cards import total_volume
from lesionaid.report.words import disease_words, needs_words, pattern_words, signed
from lesionaid.truth import Truth
from lesionaid.verdict.fragility import VerdictFlips
from lesionaid.verdict.model import INTENDED_USE

__all__ = ["summary"]

TOP = 5
"""Findings and missing scans named; all of them are in the report."""


def summary(assessment: Assessment, shown: Path) -> str:
    """Pattern, alerts, what speaks for and against, what is missing, and where the report is.

    Parameters
    ----------
    assessment : Assessment
    shown : Path
        The file to open.
    """
    return printable("\n".join(_lines(assessment, shown)))


def _lines(assessment: Assessment, shown: Path) -> Iterator[str]:
    verdict = assessment.verdict
    yield ""
    yield _row("Pattern", pattern_words(verdict.pattern) + _others(assessment))
    if verdict.with_context is not None:
        yield _row("With context", pattern_words(verdict.with_context.pattern))
    if verdict.robustness is not None:
        yield _row("FRAGILE" if verdict.fragile else "Robustness", _changes(verdict.robustness))
    for alert in verdict.alerts:
        where = f" (lesion {', '.join(map(str, alert.lesions))})" if alert.lesions else ""
        yield _row("ALERT", f"{alert.code}{where}: {alert.text}")
    for reason in verdict.reasons:
        yield _row("Why", reason.text)
    for text in _evidence(assessment):
        yield _row("Evidence", text)
    if assessment.lesions is not None:
        yield _row("Lesions", _burden(assessment))
    for missing in verdict.would_settle[:TOP]:
        yield _row("Missing", f"{needs_words([missing.needs])} (could move {missing.weight:.2f})")
    for note in assessment.notes:
        yield _row("Note", f"{note.code} {note.text}")
    yield _row("Open", str(shown))
    yield ""
    yield INTENDED_USE


def _row(name: str, text: str) -> str:
    """A line with its name; further lines stand under the first."""
    return f"{name:<13} " + text.replace("\n", "\n" + " " * 14)


def _others(assessment: Assessment) -> str:
    patterns = assessment.verdict.images.patterns
    if assessment.verdict.pattern != "indeterminate" or len(patterns) < 2:
        return ""
    return f" (not separated: {', '.join(map(pattern_words, patterns))})"


def _changes(flips: VerdictFlips) -> str:
    named = [f"{name} ({pattern_words(flips.patterns[name])})" for name in flips.changed]
    return f"pattern changed under {len(flips.changed)} of {len(flips.patterns)} disturbances" + (
        f": {', '.join(named)}" if named else ""
    )


def _evidence(assessment: Assessment) -> Iterator[str]:
    """The heaviest counted findings that bear on the leading pattern, one line each."""
    leader = assessment.verdict.leader
    counted = [
        finding
        for finding in assessment.verdict.findings
        if finding.counted and leader in [disease.pattern for disease in finding.compares]
    ]
    counted.sort(key=lambda finding: (-abs(finding.weight), finding.rule))
    for finding in counted[:TOP]:
        state = " (absent)" if finding.truth is Truth.FALSE else ""
        where = f", lesion {', '.join(map(str, finding.lesions[:TOP]))}" if finding.lesions else ""
        more = " …" if len(finding.lesions) > TOP else ""
        yield (
            f"{signed(abs(finding.weight))} {disease_words(finding.toward)}: "
            f"{finding.title}{state}{where}{more} [{', '.join(finding.cite)}]"
        )


def _burden(assessment: Assessment) -> str:
    lesions = assessment.lesions
    assert lesions is not None
    specks = sum(lesion.speck for lesion in lesions.lesions)
    count = len(lesions.lesions) - specks
    beside = f" and {specks} specks under 3 mm3" if specks else ""
    return f"{count}{beside}, total volume {total_volume(assessment.measurements)}"
