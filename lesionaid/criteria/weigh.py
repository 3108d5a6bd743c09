"""Rows into pair weights into four scores: the second half of the one formula.

Within a group of correlated signs only the strongest row per pair counts; groups are summed;
over lesion groups the mean of the likelihood ratios is taken (one of them is the PML lesion,
nobody knows which); the four scores are solved once from all pairs by least squares with sum
zero, as in a network meta-analysis with equal weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lesionaid.criteria.evaluate import Row, Rows
from lesionaid.criteria.likelihood import Z95
from lesionaid.criteria.model import Disease, Pair
from lesionaid.truth import Truth

__all__ = ["Choice", "PairWeight", "Weighing", "select", "solver", "weigh"]

Choice = Mapping[tuple[Pair, str], Row]
"""The row that counts, by pair and group."""


@dataclass(frozen=True, slots=True)
class PairWeight:
    """Direct weight of the first disease of a pair over the second.

    Parameters
    ----------
    pair : Pair
    value, variance : float
    rows : frozenset of str
        Ids of the rules it rests on.
    """

    pair: Pair
    value: float
    variance: float
    rows: frozenset[str]


@dataclass(frozen=True, slots=True)
class Weighing:
    """Pair weights and the scores solved from them."""

    pairs: tuple[PairWeight, ...]

    @property
    def touched(self) -> tuple[Disease, ...]:
        """Diseases that at least one weighing row touches."""
        return tuple(d for d in Disease if any(d in weight.pair for weight in self.pairs))

    def score(self, disease: Disease) -> tuple[float, float]:
        """Score and its standard error."""
        unit = np.zeros(len(Disease))
        unit[list(Disease).index(disease)] = 1.0
        return self._project(unit)

    def difference(self, first: Disease, second: Disease) -> tuple[float, float]:
        """Score of `first` minus that of `second`, and its standard error."""
        order = list(Disease)
        contrast = np.zeros(len(Disease))
        contrast[order.index(first)] += 1.0
        contrast[order.index(second)] -= 1.0
        return self._project(contrast)

    def separated(self, first: Disease, second: Disease) -> bool:
        """Whether the 95 % interval of the difference lies above zero."""
        value, se = self.difference(first, second)
        return value > 0 and value - Z95 * se > 0

    def compared(self, first: Disease, second: Disease) -> bool:
        """Whether at least one weighing row compares the two directly."""
        return any({first, second} == set(weight.pair) for weight in self.pairs)

    def _project(self, contrast: NDArray[np.float64]) -> tuple[float, float]:
        if not self.pairs:
            return 0.0, 0.0
        weights = np.array([weight.value for weight in self.pairs])
        variances = np.array([weight.variance for weight in self.pairs])
        row = contrast @ solver(tuple(weight.pair for weight in self.pairs))
        return float(row @ weights), float(math.sqrt(row**2 @ variances))


@cache
def solver(pairs: tuple[Pair, ...]) -> NDArray[np.float64]:
    """Matrix of shape (4, n) that turns n pair weights into four scores of sum zero."""
    order = list(Disease)
    design = np.zeros((len(pairs), len(order)))
    for index, (first, second) in enumerate(pairs):
        design[index, order.index(first)] = 1.0
        design[index, order.index(second)] = -1.0
    inverse = np.asarray(np.linalg.pinv(design), dtype=np.float64)
    inverse.setflags(write=False)
    return inverse


def select(rows: Iterable[Row]) -> Choice:
    """Strongest weighing row of each group for each pair; a true subtype replaces its parent."""
    rows = tuple(rows)
    replaced = {
        (parent, row.rule.compares)
        for row in rows
        if row.truth is Truth.TRUE
        for parent in row.rule.replaces
    }
    chosen: dict[tuple[Pair, str], Row] = {}
    for row in rows:
        if row.weight == 0.0 or (row.rule.id, row.rule.compares) in replaced:
            continue
        key = (row.rule.compares, row.rule.group)
        if key not in chosen or _stronger(row, chosen[key]):
            chosen[key] = row
    return chosen


def _stronger(row: Row, other: Row) -> bool:
    return (abs(row.weight), other.rule.id) > (abs(other.weight), row.rule.id)


def weigh(rows: Rows, keep: Callable[[Row], bool] = lambda row: True) -> Weighing:
    """Weights of a patient, from all rows for which `keep` holds.

    The weight of a pair is ``ln mean exp(w)`` over the lesion groups in question, with the
    patient's own rows in every term (a constant comes out of the mean, so they are added).
    """
    patient = [row for row in rows.patient if keep(row)]
    choices = [
        select([*(row for row in rows.lesions[unit] if keep(row)), *patient])
        for unit in rows.averaged
    ]
    return _combine(choices or [select(patient)])


def _combine(choices: list[Choice]) -> Weighing:
    pairs = sorted({pair for choice in choices for pair, _ in choice}, key=_position)
    return Weighing(tuple(_mean_weight(pair, choices) for pair in pairs))


def _position(pair: Pair) -> tuple[int, int]:
    order = list(Disease)
    return order.index(pair[0]), order.index(pair[1])


def _mean_weight(pair: Pair, choices: list[Choice]) -> PairWeight:
    """``ln mean exp`` over lesion groups, its variance by first-order propagation.

    A rule's ratio is one number wherever it is used, so its errors add up over lesions before
    they are squared.
    """
    terms = [[row for (of, _), row in choice.items() if of == pair] for choice in choices]
    sums = np.array([sum(row.weight for row in rows) for rows in terms])
    top = float(sums.max())
    exponentials = np.exp(sums - top)
    shares = exponentials / exponentials.sum()
    errors: dict[tuple[str, Truth], float] = {}
    for share, rows in zip(shares, terms, strict=True):
        for row in rows:
            key = (row.rule.id, row.truth)
            errors[key] = errors.get(key, 0.0) + float(share) * row.se
    return PairWeight(
        pair=pair,
        value=top + math.log(float(exponentials.mean())),
        variance=sum(error**2 for error in errors.values()),
        rows=frozenset(row.rule.id for rows in terms for row in rows),
    )
