"""The weight of one rule, present or absent: the first half of the one formula.

weight = half of ``ln LR``, times ``|ln LR| / (1.96 SE)`` where the interval crosses 1, capped
by grade. The half stands for dependence between signs of different groups and for readers'
verdicts that a program only imitates; the figures behind cap and half are in
``rules/README.md``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lesionaid.criteria.likelihood import Z95, Ratio, Ratios, from_rates, from_table, log_se
from lesionaid.criteria.model import Evidence, Rule, Stage

__all__ = ["SMALLEST", "Strength", "ratios_of", "strength"]

CAP = {"A": 2.0, "B": 2.0, "C": 0.7, "D": 0.7, "E": 0.7}
CAP_CROSS_STUDY = 0.7
CAP_INDIRECT = 0.7
"""Odds ratios and frequencies: neither is a likelihood ratio."""
CONSENSUS = 0.35
CAP_ABSENT = 0.35
SMALLEST = 0.1
"""A row below this is shown and not solved: it would assert that two patterns are equal."""


@dataclass(frozen=True, slots=True)
class Strength:
    """How much a rule weighs.

    Parameters
    ----------
    present, absent : float
        Toward the rule's `toward`, and toward its `against`; never negative.
    present_se, absent_se : float
    evidence : Evidence or None
        The entry that was weighed.
    silent : str
        Why the rule weighs nothing; empty where it weighs.
    """

    present: float = 0.0
    absent: float = 0.0
    present_se: float = 0.0
    absent_se: float = 0.0
    evidence: Evidence | None = None
    silent: str = ""


def strength(rule: Rule, stage: Stage = "any", superseded: bool = False) -> Strength:
    """Weigh a rule.

    Parameters
    ----------
    rule : Rule
    stage : {"any", "screening", "active"}
        Stage of PML in question: evidence of that stage comes before evidence that is not bound
        to one. ``"any"`` where the stage is not known: then evidence that is not bound to one
        counts, or else the weakest of the stages.
    superseded : bool
        Graded data exist for the same sign and pair.
    """
    if rule.shown_only:
        return Strength(silent=rule.shown_only)
    if rule.status == "retired":
        return Strength(silent="retired")
    usable = [evidence for evidence in rule.evidence if evidence.read != "recalled"]
    if not usable:
        return Strength(silent="only recalled: weighs nothing until checked")
    if superseded:
        return Strength(silent="counted data exist for the same sign")
    fitting = [entry for entry in usable if stage == "any" or entry.stage in ("any", stage)]
    if not fitting:
        return Strength(silent=f"counted in another stage than {stage} PML")
    exact = [entry for entry in fitting if entry.stage == stage]
    fitting = exact or fitting
    first_by_stage = {entry.stage: entry for entry in reversed(fitting)}
    weighed = [_weigh(rule, entry) for entry in first_by_stage.values()]
    return min(weighed, key=lambda one: (one.present, one.absent))


def ratios_of(evidence: Evidence) -> Ratios | None:
    """Likelihood ratios of a table or of rates; None for the other kinds."""
    if evidence.table is not None:
        return from_table(evidence.table, evidence.patients, evidence.published_or)
    if evidence.rates is not None:
        return from_rates(*evidence.rates)
    return None


def _weigh(rule: Rule, evidence: Evidence) -> Strength:
    cap = min(CAP[rule.grade], CAP_CROSS_STUDY) if evidence.cross_study else CAP[rule.grade]
    ratios = ratios_of(evidence)
    if ratios is not None:
        speaks = evidence.absence_weighs and not (evidence.cross_study or evidence.chronic)
        absent = min(CAP_ABSENT, max(0.0, -_half_log(ratios.absent))) if speaks else 0.0
        present = min(cap, max(0.0, _half_log(ratios.present)))
        return Strength(
            present=present,
            absent=absent,
            present_se=_half_se(ratios.present, present),
            absent_se=_half_se(ratios.absent, absent),
            evidence=evidence,
        )
    present, se = _indirect(evidence)
    present = min(cap, present)
    return Strength(present=present, present_se=max(se, present / Z95), evidence=evidence)


def _half_log(ratio: Ratio) -> float:
    return 0.5 * ratio.log * ratio.sureness


def _half_se(ratio: Ratio, weight: float) -> float:
    """Half the error of ``ln LR``; without one, such that the interval just reaches zero."""
    return weight / Z95 if ratio.se is None else 0.5 * ratio.se


def _indirect(evidence: Evidence) -> tuple[float, float]:
    """Weight and error of evidence that gives no likelihood ratio."""
    if evidence.kind == "consensus":
        return CONSENSUS, 0.0
    if evidence.kind == "frequency":
        share = evidence.frequency or 0.0
        # Nothing is known of the comparator: as if the sign were as common there as it is
        # missing here, so a share of one half says nothing.
        return min(CAP_INDIRECT, max(0.0, 0.5 * math.log(share / (1 - share)))), 0.0
    interval = evidence.published_or
    if interval is None:
        return min(CAP_INDIRECT, 0.5 * math.log(evidence.odds_ratio or 1.0)), 0.0
    se = log_se(interval)
    log = abs(math.log(interval.value))
    return min(CAP_INDIRECT, 0.5 * log * min(1.0, log / (Z95 * se))), 0.5 * se
