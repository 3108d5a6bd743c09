"""Which patterns could still lead once the unknown signs are known.

Trying every completion would take 2^n runs, so each pair of patterns is bounded by itself:
for each lesion group and group of correlated signs, the strongest row that could come to
count in either direction. The bounds hold every completion, and every state between, so a
pattern left out here cannot lead; knowing one more sign only shrinks them, so the answer
only narrows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from lesionaid.criteria.evaluate import Row, Rows
from lesionaid.criteria.model import Disease, Pair
from lesionaid.criteria.weigh import solver
from lesionaid.truth import Truth

__all__ = ["possible_leaders"]

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class _Bounds:
    """What a pair's weight may become; whether a row is sure to weigh, and whether one may."""

    low: float = 0.0
    high: float = 0.0
    sure: bool = False
    maybe: bool = False


def possible_leaders(
    rows: Rows, candidates: Sequence[Disease], head_start: Mapping[Disease, float]
) -> tuple[Disease, ...]:
    """Diseases whose pattern leads, or shares the lead, in at least one completion.

    Parameters
    ----------
    rows : Rows
    candidates : sequence of Disease
    head_start : mapping of Disease to float
        Logarithm of the prior.
    """
    bounds = {pair: _pair_bounds(rows, pair) for pair in _pairs(candidates, rows)}
    sure = [pair for pair, bound in bounds.items() if bound.sure]
    open_pairs = [pair for pair, bound in bounds.items() if bound.maybe and not bound.sure]
    found: set[Disease] = set()
    for size in range(len(open_pairs) + 1):
        for chosen in combinations(open_pairs, size):
            pairs = tuple(pair for pair in bounds if pair in sure or pair in chosen)
            for disease in set(candidates) - found:
                if _may_lead(disease, candidates, pairs, bounds, head_start):
                    found.add(disease)
    return tuple(disease for disease in candidates if disease in found)


def _pairs(candidates: Sequence[Disease], rows: Rows) -> list[Pair]:
    used = {row.rule.compares for row in rows.every}
    return [pair for pair in combinations(Disease, 2) if pair in used]


def _may_lead(
    disease: Disease,
    candidates: Sequence[Disease],
    pairs: tuple[Pair, ...],
    bounds: Mapping[Pair, _Bounds],
    head_start: Mapping[Disease, float],
) -> bool:
    order = list(Disease)
    solve = solver(pairs)
    low = np.array([bounds[pair].low for pair in pairs])
    high = np.array([bounds[pair].high for pair in pairs])
    for rival in candidates:
        if rival is disease:
            continue
        row = solve[order.index(disease)] - solve[order.index(rival)]
        best = float(np.where(row > 0, row * high, row * low).sum())
        if best + head_start[disease] - head_start[rival] < -TOLERANCE:
            return False
    return True


def _pair_bounds(rows: Rows, pair: Pair) -> _Bounds:
    patient = [row for row in rows.patient if row.rule.compares == pair]
    alone = _sum_of_groups(patient)
    of_lesion = {
        unit: _sum_of_groups([*(row for row in own if row.rule.compares == pair), *patient])
        for unit, own in rows.lesions.items()
        if rows.novelty[unit] is not Truth.FALSE
    }
    new = [of_lesion[unit] for unit in of_lesion if rows.novelty[unit] is Truth.TRUE]
    open_ones = [of_lesion[unit] for unit in of_lesion if rows.novelty[unit] is Truth.UNKNOWN]
    maybe = alone.maybe or any(bound.maybe for bound in of_lesion.values())
    if new:
        low = min(_means([b.low for b in new], sorted(b.low for b in open_ones)))
        high = max(_means([b.high for b in new], sorted((b.high for b in open_ones), reverse=True)))
        return _Bounds(low, high, any(bound.sure for bound in new), maybe)
    every = [*open_ones, alone]  # all may turn out to be old: then the patient's rows alone
    return _Bounds(
        low=min(bound.low for bound in every),
        high=max(bound.high for bound in every),
        sure=all(bound.sure for bound in every),
        maybe=maybe,
    )


def _means(new: list[float], open_ones: list[float]) -> Iterator[float]:
    """``ln mean exp`` over the new lesions, then with more and more of the open ones."""
    for taken in range(len(open_ones) + 1):
        yield _log_mean_exp([*new, *open_ones[:taken]])


def _log_mean_exp(values: list[float]) -> float:
    top = max(values)
    return top + math.log(sum(math.exp(value - top) for value in values) / len(values))


def _sum_of_groups(rows: Iterable[Row]) -> _Bounds:
    """Bounds of the summed weight of one lesion group, or of the patient alone."""
    rows = tuple(rows)
    groups: dict[str, list[frozenset[float]]] = {}
    for row in rows:
        groups.setdefault(row.rule.group, []).append(_options(row, rows))
    low = high = 0.0
    sure = maybe = False
    for options in groups.values():
        outcomes = _strongest(options)
        low += min(outcomes)
        high += max(outcomes)
        sure = sure or 0.0 not in outcomes
        maybe = maybe or outcomes != {0.0}
    return _Bounds(low, high, sure, maybe)


def _options(row: Row, rows: tuple[Row, ...]) -> frozenset[float]:
    """Options of a row, counting that a subtype may come to replace it."""
    options = row.options
    for other in rows:
        if row.rule.id in other.rule.replaces:
            if other.truth is Truth.TRUE:
                return frozenset({0.0})
            if other.may_turn:
                options |= {0.0}
    return options


def _strongest(options: list[frozenset[float]]) -> set[float]:
    """Every value that could be the strongest of its group."""
    floor = max(min(abs(value) for value in row) for row in options)
    return {value for row in options for value in row if abs(value) >= floor}
