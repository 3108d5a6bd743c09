"""What became of every rule, told so that a reader can follow and disagree."""

from __future__ import annotations

from dataclasses import replace

from lesionaid.criteria.evaluate import Row, Rows
from lesionaid.criteria.likelihood import Z95
from lesionaid.criteria.model import Finding
from lesionaid.criteria.strength import SMALLEST
from lesionaid.criteria.weigh import Choice, select
from lesionaid.truth import Truth

__all__ = ["findings"]


def findings(rows: Rows) -> tuple[Finding, ...]:
    """One finding for each rule and each way it came out; lesion groups that agree are joined.

    Parameters
    ----------
    rows : Rows

    Returns
    -------
    tuple of Finding
        In the order of rules; true before false before unknown.
    """
    joined: dict[Finding, list[int]] = {}
    for row, why_not in _with_fate(rows):
        finding = _finding(row, why_not)
        joined.setdefault(finding, [])
        if row.unit:
            joined[finding].append(row.unit)
    order = list(Truth)
    return tuple(
        replace(finding, lesions=tuple(sorted(units)))
        for finding, units in sorted(
            joined.items(), key=lambda item: (item[0].rule, order.index(item[0].truth), item[1])
        )
    )


def _with_fate(rows: Rows) -> list[tuple[Row, str]]:
    """Each row, and why it did not count."""
    averaged = rows.averaged
    patient_counts: set[str] = set()
    fates: list[tuple[Row, str]] = []
    for unit, of_lesion in rows.lesions.items():
        together = [*of_lesion, *rows.patient]
        chosen = select(together)
        winners = {row.rule.id for row in chosen.values()}
        if unit in averaged:
            patient_counts |= winners
        for row in of_lesion:
            why = _why_not(row, chosen, together)
            if not why and unit not in averaged:
                why = "the lesion is not among those new or enlarging"
            fates.append((row, why))
    if not averaged:
        patient_counts |= {row.rule.id for row in select(rows.patient).values()}
    chosen = select(rows.patient)
    for row in rows.patient:
        why = _why_not(row, chosen, list(rows.patient))
        if not why and row.rule.id not in patient_counts:
            why = f"a stronger row of the group '{row.rule.group}' counts"
        fates.append((row, why))
    return fates


def _why_not(row: Row, chosen: Choice, together: list[Row]) -> str:
    if row.why_not:
        return row.why_not
    if row.weight == 0.0:
        return f"weighs under {SMALLEST}: shown, not solved"
    for other in together:
        same_pair = other.rule.compares == row.rule.compares
        if other.truth is Truth.TRUE and same_pair and row.rule.id in other.rule.replaces:
            return f"{other.rule.id} says more"
    winner = chosen[(row.rule.compares, row.rule.group)]
    if winner.rule.id != row.rule.id:
        return f"{winner.rule.id} of the same group '{row.rule.group}' is stronger"
    return ""


def _finding(row: Row, why_not: str) -> Finding:
    rule = row.rule
    positive = row.truth is not Truth.FALSE
    size = row.strength.present if positive else row.strength.absent
    reach = Z95 * (row.strength.present_se if positive else row.strength.absent_se)
    weight = 0.0 if row.truth is Truth.UNKNOWN else size
    return Finding(
        rule=rule.id,
        title=rule.title,
        truth=row.truth,
        gated=row.gated,
        lesions=(),
        compares=rule.compares,
        toward=rule.toward if positive else rule.against,
        weight=weight,
        low=weight - reach if weight else 0.0,
        high=weight + reach if weight else 0.0,
        counted=not why_not,
        why_not=why_not,
        group=rule.group,
        cite=rule.cites,
        missing=row.missing,
    )
