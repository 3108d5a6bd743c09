"""The closed grammar of conditions, and its reading in three-valued logic.

``{sign: id}``, ``{context: key, is: value}``, ``{context: key, in: [values]}`` and
``{context: key, from: a, to: b}`` are the leaves; ``all``, ``any``, ``none``, ``at_least``
and ``count`` (over lesions) combine them. There is no expression string and no code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from lesionaid.context import ClinicalContext
from lesionaid.tables import SignValue
from lesionaid.truth import Truth, all_of, any_of, at_least, none_of

__all__ = [
    "Combination",
    "Condition",
    "ContextIs",
    "Count",
    "Outcome",
    "Scope",
    "SignIs",
    "evaluate",
    "sign_leaves",
]

Operator = Literal["all", "any", "none", "at_least"]


@dataclass(frozen=True, slots=True)
class SignIs:
    """A sign holds."""

    sign: str


@dataclass(frozen=True, slots=True)
class ContextIs:
    """A context or serology key has one of `values`, or lies from `low` to `high`."""

    key: str
    values: tuple[str | float | bool, ...] = ()
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Combination:
    """``all``, ``any``, ``none`` or ``at_least`` (`k`) of `parts`."""

    operator: Operator
    parts: tuple[Condition, ...]
    k: int = 0


@dataclass(frozen=True, slots=True)
class Count:
    """At least `at_least` lesions for which `where` holds."""

    where: Condition
    at_least: int


Condition = SignIs | ContextIs | Combination | Count


@dataclass(frozen=True, slots=True)
class Scope:
    """What a condition is held against.

    Parameters
    ----------
    signs : mapping of str to SignValue
        Signs of one lesion group, or of the patient.
    lesions : tuple of mapping of str to SignValue
        The signs of every lesion, for ``count``.
    lesions_known : bool
        False when nobody looked for lesions: a count is then unknown, not zero.
    context : ClinicalContext
    """

    signs: Mapping[str, SignValue]
    lesions: tuple[Mapping[str, SignValue], ...] = ()
    lesions_known: bool = True
    context: ClinicalContext = field(default_factory=ClinicalContext)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Truth of a condition, and what is missing where it is unknown.

    Parameters
    ----------
    truth : Truth
    missing : tuple of str
        Sign ids, and ``context:key``, that are unknown; empty unless `truth` is unknown.
    """

    truth: Truth
    missing: tuple[str, ...] = ()


def evaluate(condition: Condition, scope: Scope) -> Outcome:
    """Hold a condition against signs and context (Kleene's strong tables)."""
    truth = _truth(condition, scope)
    if truth.known:
        return Outcome(truth)
    missing = {
        _name(leaf) for leaf in _leaves(condition) if not _leaf_truth(leaf, condition, scope).known
    }
    return Outcome(truth, tuple(sorted(missing)))


def sign_leaves(condition: Condition) -> frozenset[str]:
    """Ids of all signs that a condition names."""
    return frozenset(leaf.sign for leaf in _leaves(condition) if isinstance(leaf, SignIs))


def _truth(condition: Condition, scope: Scope) -> Truth:
    if isinstance(condition, SignIs):
        return _sign_truth(condition.sign, scope.signs)
    if isinstance(condition, ContextIs):
        return _context_truth(condition, scope.context)
    if isinstance(condition, Count):
        if not scope.lesions_known:
            return Truth.UNKNOWN
        return at_least(condition.at_least, _over_lesions(condition.where, scope))
    values = [_truth(part, scope) for part in condition.parts]
    if condition.operator == "all":
        return all_of(values)
    if condition.operator == "any":
        return any_of(values)
    if condition.operator == "none":
        return none_of(values)
    return at_least(condition.k, values)


def _over_lesions(where: Condition, scope: Scope) -> Iterable[Truth]:
    for signs in scope.lesions:
        yield _truth(where, Scope(signs, context=scope.context))


def _sign_truth(sign: str, signs: Mapping[str, SignValue]) -> Truth:
    value = signs.get(sign)
    return Truth.UNKNOWN if value is None else value.truth


def _context_truth(leaf: ContextIs, context: ClinicalContext) -> Truth:
    found = context.values.get(leaf.key, context.serostatus.get(leaf.key))
    if leaf.low is not None or leaf.high is not None:
        if not isinstance(found, int | float) or isinstance(found, bool):
            return Truth.UNKNOWN
        above = leaf.low is None or found >= leaf.low
        return Truth.of(above and (leaf.high is None or found <= leaf.high))
    if found in leaf.values:
        return Truth.TRUE
    if isinstance(found, str) and any(str(value).startswith(f"{found}_") for value in leaf.values):
        return Truth.UNKNOWN  # "pos" says that the assay is unknown: pos_cba may be meant
    return any_of(context.truth(leaf.key, value) for value in leaf.values)


def _leaves(condition: Condition) -> Iterator[SignIs | ContextIs]:
    if isinstance(condition, SignIs | ContextIs):
        yield condition
    elif isinstance(condition, Count):
        yield from _leaves(condition.where)
    else:
        for part in condition.parts:
            yield from _leaves(part)


def _leaf_truth(leaf: SignIs | ContextIs, whole: Condition, scope: Scope) -> Truth:
    """Truth of a leaf; inside a count it is unknown where any lesion leaves it unknown."""
    if leaf not in set(_counted_leaves(whole)):
        return _truth(leaf, scope)
    values = list(_over_lesions(leaf, scope))
    known = scope.lesions_known and all(value.known for value in values)
    return any_of(values) if known else Truth.UNKNOWN


def _counted_leaves(condition: Condition) -> Iterator[SignIs | ContextIs]:
    if isinstance(condition, Count):
        yield from _leaves(condition.where)
    elif isinstance(condition, Combination):
        for part in condition.parts:
            yield from _counted_leaves(part)


def _name(leaf: SignIs | ContextIs) -> str:
    return leaf.sign if isinstance(leaf, SignIs) else f"context:{leaf.key}"
