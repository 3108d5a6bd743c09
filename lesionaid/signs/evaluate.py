"""Evaluates a sign's definition with Kleene logic, keeping the reason of every unknown."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from lesionaid.context import ClinicalContext
from lesionaid.errors import RuleError
from lesionaid.quantity import Category, Quantity, Reason, Unknown, Value
from lesionaid.signs.condition import (
    AtLeast,
    Combined,
    Compared,
    Condition,
    ContextIs,
    Counted,
    NamedIs,
    SignIs,
    Threshold,
)
from lesionaid.tables import MeasurementSpec, SignValue
from lesionaid.truth import Truth, all_of, any_of, at_least, none_of

__all__ = ["Outcome", "Scope", "combine_unknowns", "evaluate", "missing_needs"]

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_JOIN = {"all": all_of, "any": any_of, "none": none_of}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Truth of a condition, the value that decided it, and the reason if unknown."""

    truth: Truth
    value: Value | None = None
    unknown: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a definition may see.

    Parameters
    ----------
    values : mapping of str to Value or None
        Measurements of the lesion or study; None where nothing was measured (a form).
    specs : mapping of str to MeasurementSpec
    signs : mapping of str to SignValue
        Signs of the same lesion, or of the patient.
    context : ClinicalContext
    lesions : sequence of mappings of str to SignValue, or None
        Signs of every counted lesion; None where lesions are not known.
    """

    values: Mapping[str, Value] | None = None
    specs: Mapping[str, MeasurementSpec] = field(default_factory=dict)
    signs: Mapping[str, SignValue] = field(default_factory=dict)
    context: ClinicalContext = field(default_factory=ClinicalContext)
    lesions: tuple[Mapping[str, SignValue], ...] | None = None


def evaluate(condition: Condition, scope: Scope) -> Outcome:
    """Truth of `condition` in `scope`.

    Raises
    ------
    RuleError
        ``E62`` when the unit or the categories of a measurement are not those of the
        definition.
    """
    if isinstance(condition, Threshold):
        return _threshold(condition, scope)
    if isinstance(condition, Compared):
        return _compared(condition, scope)
    if isinstance(condition, NamedIs):
        return _named(condition, scope)
    if isinstance(condition, SignIs):
        sign = scope.signs[condition.sign]
        return Outcome(sign.truth, sign.value, sign.unknown)
    if isinstance(condition, ContextIs):
        return _context(condition, scope.context)
    if isinstance(condition, Combined):
        parts = [evaluate(part, scope) for part in condition.parts]
        return _joined(_JOIN[condition.how](part.truth for part in parts), parts)
    if isinstance(condition, AtLeast):
        parts = [evaluate(part, scope) for part in condition.parts]
        return _joined(at_least(condition.k, (part.truth for part in parts)), parts)
    if isinstance(condition, Counted):
        return _counted(condition, scope)
    assert_never(condition)


def combine_unknowns(unknowns: list[Unknown]) -> Unknown:
    """One reason (the first) with everything that would settle any of them."""
    needs = dict.fromkeys(need for unknown in unknowns for need in unknown.needs)
    return Unknown(unknowns[0].reason, unknowns[0].detail, tuple(needs))


def _joined(truth: Truth, parts: list[Outcome]) -> Outcome:
    if truth is Truth.UNKNOWN:
        return Outcome(truth, None, combine_unknowns([p.unknown for p in parts if p.unknown]))
    deciding = [part for part in parts if part.truth is truth] or parts
    return Outcome(truth, next((p.value for p in deciding if p.value is not None), None))


def _read(name: str, scope: Scope) -> Value:
    """Measurement `name`; an unknown one says what would settle it."""
    if scope.values is None:
        return Unknown(Reason.NOT_REPORTED)
    value = scope.values.get(name) or Unknown(Reason.NOT_MEASURED, f"{name} was not measured")
    if isinstance(value, Unknown):
        return Unknown(value.reason, value.detail, missing_needs(value, scope.specs.get(name)))
    return value


def _threshold(leaf: Threshold, scope: Scope) -> Outcome:
    value = _read(leaf.measurement, scope)
    if isinstance(value, Unknown):
        return Outcome(Truth.UNKNOWN, None, value)
    if not isinstance(value, Quantity) or value.unit is not leaf.unit:
        found = value.unit if isinstance(value, Quantity) else "a category"
        raise RuleError(
            "E62", value=f"{leaf.measurement} is in {found}, the sign's threshold in {leaf.unit}"
        )
    return Outcome(Truth.of(_COMPARE[leaf.op](value.value, leaf.value)), value)


def _compared(leaf: Compared, scope: Scope) -> Outcome:
    value, other = _read(leaf.measurement, scope), _read(leaf.than, scope)
    unknowns = [part for part in (value, other) if isinstance(part, Unknown)]
    if unknowns:
        return Outcome(Truth.UNKNOWN, None, combine_unknowns(unknowns))
    if not (isinstance(value, Quantity) and isinstance(other, Quantity)) or (
        value.unit is not other.unit
    ):
        raise RuleError("E62", value=f"{leaf.measurement} and {leaf.than} differ in unit")
    return Outcome(Truth.of(_COMPARE[leaf.op](value.value, other.value)), value)


def _named(leaf: NamedIs, scope: Scope) -> Outcome:
    value = _read(leaf.measurement, scope)
    if isinstance(value, Unknown):
        return Outcome(Truth.UNKNOWN, None, value)
    word = value.value if isinstance(value, Category) else str(value)
    if word in leaf.unsure:
        detail = f"{leaf.measurement} is '{word}'"
        return Outcome(Truth.UNKNOWN, None, Unknown(Reason.BELOW_NOISE, detail))
    if word not in leaf.yes + leaf.no:
        raise RuleError("E62", value=f"{leaf.measurement} is '{word}', which no list names")
    return Outcome(Truth.of(word in leaf.yes), value)


def missing_needs(value: Unknown, spec: MeasurementSpec | None) -> tuple[str, ...]:
    """What would have to be there for a measurement that is unknown for want of something."""
    if value.needs or spec is None:
        return value.needs
    if value.reason is Reason.IMAGE_MISSING:
        return tuple(need for need in spec.needs if need not in _NOT_IMAGES)
    own = {Reason.ANATOMY_MISSING: ("anatomy",), Reason.PRIOR_MISSING: ("prior",)}
    return own.get(value.reason, ())


_NOT_IMAGES = ("anatomy", "prior", "lesions")


def _context(leaf: ContextIs, context: ClinicalContext) -> Outcome:
    found = context.values.get(leaf.key, context.serostatus.get(leaf.key))
    if found in leaf.yes:
        return Outcome(Truth.TRUE, Category(str(found)))
    if found is None or found in leaf.unsure or found in ("not_tested", "not_done"):
        detail = f"{leaf.key} is not given" if found is None else f"{leaf.key} is '{found}'"
        needs = (f"context:{leaf.key}",)
        return Outcome(Truth.UNKNOWN, None, Unknown(Reason.CONTEXT_MISSING, detail, needs))
    return Outcome(Truth.FALSE, Category(str(found)))


def _counted(leaf: Counted, scope: Scope) -> Outcome:
    if scope.lesions is None:
        return Outcome(Truth.UNKNOWN, None, Unknown(Reason.LESIONS_MISSING, "", ("lesions",)))
    parts = [
        evaluate(leaf.condition, Scope(signs=signs, context=scope.context))
        for signs in scope.lesions
    ]
    truths = [part.truth for part in parts]
    enough = Truth.TRUE if leaf.at_least is None else at_least(leaf.at_least, truths)
    within = Truth.TRUE if leaf.at_most is None else ~at_least(leaf.at_most + 1, truths)
    return _joined(all_of((enough, within)), parts)
