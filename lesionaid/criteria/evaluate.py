"""Every rule on every lesion group and on the patient: rows, before they are weighed together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from lesionaid.context import ClinicalContext
from lesionaid.criteria.expression import Condition, Outcome, Scope, evaluate, sign_leaves
from lesionaid.criteria.model import NOVELTY, CriteriaSet, Rule, RuleSet, Stage
from lesionaid.criteria.strength import SMALLEST, Strength, strength
from lesionaid.tables import SignTable, SignValue
from lesionaid.truth import Truth

__all__ = ["Row", "Rows", "criteria_outcomes", "lesion_ids", "patient_scope", "run_rules"]


Silence = Literal["open", "closed", "unsure_open", "unsure_closed"]


@dataclass(frozen=True, slots=True)
class Row:
    """One rule on one lesion group, or on the patient.

    Parameters
    ----------
    rule : Rule
    unit : int or None
        Main id of the lesion group; None for the patient.
    truth : Truth
        Of the rule's condition.
    gated : Truth
        Of its gates: unknown where the novelty of the lesion is.
    strength : Strength
    missing : tuple of str
        Unknown signs and context keys.
    silence : {"open", "closed", "unsure_open", "unsure_closed"}
        Whether gates let the rule speak, and whether an unknown sign could change that.
    why_not : str
        Why the row weighs nothing; empty where it does.
    """

    rule: Rule
    unit: int | None
    truth: Truth
    gated: Truth
    strength: Strength
    missing: tuple[str, ...]
    silence: Silence
    why_not: str

    @property
    def weight(self) -> float:
        """Signed weight, positive toward the first of the pair."""
        if self.why_not or not self.truth.known:
            return 0.0
        return self.present if self.truth is Truth.TRUE else self.absent

    @property
    def se(self) -> float:
        """Standard error of the weight."""
        positive = self.truth is Truth.TRUE
        return self.strength.present_se if positive else self.strength.absent_se

    @property
    def present(self) -> float:
        """Signed weight of the sign being there."""
        return self._signed(self.strength.present, toward=True)

    @property
    def absent(self) -> float:
        """Signed weight of the sign being absent."""
        return self._signed(self.strength.absent, toward=False)

    def _signed(self, size: float, *, toward: bool) -> float:
        if size < SMALLEST:
            return 0.0
        return size if (self.rule.toward is self.rule.compares[0]) is toward else -size

    @property
    def may_turn(self) -> bool:
        """Whether a missing *sign* could still decide the condition."""
        return not self.truth.known and any(
            not name.startswith("context:") for name in self.missing
        )

    @property
    def options(self) -> frozenset[float]:
        """Weights the row may come to have as unknown signs become known, the present one too."""
        if self.silence == "closed":
            return frozenset({0.0})
        if self.truth.known:
            found = {self.present if self.truth is Truth.TRUE else self.absent}
        else:
            found = {0.0, self.present, self.absent} if self.may_turn else {0.0}
        return frozenset(found if self.silence == "open" else found | {0.0})


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a patient.

    Parameters
    ----------
    patient : tuple of Row
    lesions : mapping of int to tuple of Row
        By main id; the id 0 stands for signs typed in without a lesion.
    novelty : mapping of int to Truth
        Whether the lesion group is new or enlarging.
    """

    patient: tuple[Row, ...]
    lesions: Mapping[int, tuple[Row, ...]]
    novelty: Mapping[int, Truth]

    @property
    def every(self) -> Iterable[Row]:
        """Rows of the patient, then of the lesions."""
        yield from self.patient
        for rows in self.lesions.values():
            yield from rows

    @property
    def averaged(self) -> tuple[int, ...]:
        """Lesion groups over which weights are averaged.

        Those known to be new or enlarging; where none is, all that are not known to be old.
        """
        known_new = tuple(unit for unit, truth in self.novelty.items() if truth is Truth.TRUE)
        if known_new:
            return known_new
        return tuple(unit for unit, truth in self.novelty.items() if truth is Truth.UNKNOWN)


def lesion_ids(signs: SignTable) -> tuple[int, ...]:
    """Main ids of the lesion groups, ascending; 0 where signs were given without a lesion."""
    if signs.groups:
        return tuple(sorted(group.main for group in signs.groups))
    if signs.lesions:
        return tuple(sorted(signs.lesions))
    return () if signs.lesions_known else (0,)


def patient_scope(signs: SignTable, context: ClinicalContext) -> Scope:
    """What a condition on the patient's level is held against."""
    return Scope(signs.patient, tuple(signs.lesions.values()), signs.lesions_known, context)


def run_rules(rule_set: RuleSet, signs: SignTable, context: ClinicalContext) -> Rows:
    """Run every rule on every lesion group, or on the patient where it says so.

    Parameters
    ----------
    rule_set : RuleSet
    signs : SignTable
    context : ClinicalContext
        Empty for the images alone: population gates are then not known to hold.
    """
    strengths = _strengths(rule_set.rules, _stage(context))
    whole = patient_scope(signs, context)
    of_lesion = [rule for rule in rule_set.rules if rule.level == "lesion"]
    of_patient = [rule for rule in rule_set.rules if rule.level == "patient"]
    lesions = {}
    novelty = {}
    for unit in lesion_ids(signs):
        scope = Scope(_signs_of(unit, signs), context=context)
        lesions[unit] = tuple(_row(rule, unit, scope, strengths[rule.id]) for rule in of_lesion)
        value = scope.signs.get(NOVELTY)
        novelty[unit] = Truth.UNKNOWN if value is None else value.truth
    return Rows(
        patient=tuple(_row(rule, None, whole, strengths[rule.id]) for rule in of_patient),
        lesions=lesions,
        novelty=novelty,
    )


def criteria_outcomes(
    criteria: Iterable[CriteriaSet], signs: SignTable, context: ClinicalContext
) -> dict[str, Outcome]:
    """Every published set on the patient; unknown where what it requires is not known to hold."""
    scope = patient_scope(signs, context)
    found = {}
    for item in criteria:
        if item.requires is not None:
            required = evaluate(item.requires, scope)
            if required.truth is not Truth.TRUE:
                found[item.id] = Outcome(Truth.UNKNOWN, required.missing)
                continue
        undefined = _gate(item.undefined_when, scope, otherwise=Truth.FALSE)
        if undefined.truth is Truth.TRUE:
            found[item.id] = Outcome(Truth.UNKNOWN)
            continue
        found[item.id] = evaluate(item.when, scope)
    return found


def _signs_of(unit: int, signs: SignTable) -> Mapping[str, SignValue]:
    return signs.lesions.get(unit, signs.patient if unit == 0 else {})


def _stage(context: ClinicalContext) -> Stage:
    found = context.values.get("pml_stage")
    if found == "screening":
        return "screening"
    return "active" if found == "active" else "any"


def _strengths(rules: Iterable[Rule], stage: Stage) -> dict[str, Strength]:
    rules = tuple(rules)
    counted = {
        (sign_leaves(rule.when), rule.compares)
        for rule in rules
        if any(item.kind != "consensus" and item.read != "recalled" for item in rule.evidence)
    }
    return {
        rule.id: strength(
            rule,
            stage,
            superseded=all(item.kind == "consensus" for item in rule.evidence)
            and (sign_leaves(rule.when), rule.compares) in counted,
        )
        for rule in rules
    }


def _row(rule: Rule, unit: int | None, scope: Scope, weight: Strength) -> Row:
    outcome = evaluate(rule.when, scope)
    novelty = _gate(rule.gate, scope, otherwise=Truth.TRUE)
    population = _gate(rule.population_gate, scope, otherwise=Truth.TRUE)
    excluded = _gate(rule.unless, scope, otherwise=Truth.FALSE)
    silence, why = _silence(novelty, population, excluded)
    gated = novelty.truth if silence in ("open", "unsure_open") else Truth.FALSE
    if not why:
        why = weight.silent
    if not why and outcome.truth is Truth.UNKNOWN:
        why = f"unknown: {', '.join(outcome.missing)}"
    return Row(rule, unit, outcome.truth, gated, weight, outcome.missing, silence, why)


def _gate(condition: Condition | None, scope: Scope, *, otherwise: Truth) -> Outcome:
    return Outcome(otherwise) if condition is None else evaluate(condition, scope)


def _silence(novelty: Outcome, population: Outcome, excluded: Outcome) -> tuple[Silence, str]:
    if novelty.truth is Truth.FALSE:
        return "closed", "the lesion is not new or enlarging"
    if excluded.truth is Truth.TRUE:
        return "closed", "does not hold in this population"
    if population.truth is Truth.FALSE:
        return "closed", "counted in another population"
    if population.truth is Truth.UNKNOWN:
        why = f"population not known: {', '.join(population.missing)}"
        return ("unsure_closed" if _by_sign(population) else "closed"), why
    unsure = not novelty.truth.known or (not excluded.truth.known and _by_sign(excluded))
    return ("unsure_open" if unsure else "open"), ""


def _by_sign(outcome: Outcome) -> bool:
    return any(not name.startswith("context:") for name in outcome.missing)
