"""Likelihood ratios from counts, with intervals that respect clustered ratings.

References
----------
Simel DL, Samsa GP, Matchar DB. Likelihood ratios with confidence. J Clin Epidemiol
1991;44:763-770 (standard error of the logarithm of a ratio).
Haldane JBS. The estimation and significance of the logarithm of a ratio of frequencies.
Ann Hum Genet 1956;20:309-311 (one half added to each cell).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lesionaid.criteria.model import Interval, Table

__all__ = ["Z95", "Ratio", "Ratios", "floor_rate", "from_rates", "from_table", "log_se"]

Z95 = 1.96


@dataclass(frozen=True, slots=True)
class Ratio:
    """A likelihood ratio; `se` is that of its natural logarithm, None where unknown.

    Parameters
    ----------
    value : float
    se : float or None
    raw : float
        Before the bound of an empty cell was put in its place (Haldane's half added).
    bounded : bool
        An empty cell: `value` is the conservative bound.
    """

    value: float
    se: float | None
    raw: float
    bounded: bool = False

    @property
    def log(self) -> float:
        """Natural logarithm of the ratio."""
        return math.log(self.value)

    @property
    def interval(self) -> Interval | None:
        """The ratio with its 95 % interval."""
        if self.se is None:
            return None
        reach = math.exp(Z95 * self.se)
        return Interval(self.value, self.value / reach, self.value * reach)

    @property
    def sureness(self) -> float:
        """1 where the interval leaves 1 out, else ``|ln LR| / (1.96 SE)``."""
        if not self.se:
            return 1.0
        return min(1.0, abs(math.log(self.raw)) / (Z95 * self.se))


@dataclass(frozen=True, slots=True)
class Ratios:
    """Likelihood ratios of a sign that is present and of one that is absent."""

    present: Ratio
    absent: Ratio


def floor_rate(n: int) -> float:
    """Upper one-sided 95 % bound of a rate of which none was seen in `n`.

    Examples
    --------
    >>> round(floor_rate(20), 3)
    0.139
    """
    return float(1 - 0.05 ** (1 / n))


def log_se(interval: Interval) -> float:
    """Standard error of the logarithm behind a printed 95 % interval."""
    return math.log(interval.high / interval.low) / (2 * Z95)


def from_rates(sensitivity: float, specificity: float) -> Ratios:
    """Ratios of a published sensitivity and specificity, without an interval."""
    present = sensitivity / (1 - specificity)
    absent = (1 - sensitivity) / specificity
    return Ratios(Ratio(present, None, present), Ratio(absent, None, absent))


def from_table(
    table: Table,
    patients: tuple[int, int] | None = None,
    published_or: Interval | None = None,
) -> Ratios:
    """Ratios of a two-by-two table.

    Parameters
    ----------
    table : Table
    patients : tuple of int, optional
        Patients behind the counts (target, other); taken as the table's own totals when
        left out. The bound of an empty cell rests on patients, not on ratings.
    published_or : Interval, optional
        The interval of the present sign is never narrower than this one on the logarithmic
        scale; by as much as it is wider than the naive interval of the same odds ratio, the
        interval of the absent sign is widened too (ratings of few patients are not
        independent).

    Returns
    -------
    Ratios
    """
    a, n1, b, n2 = table.target_yes, table.target_n, table.other_yes, table.other_n
    people = patients or (n1, n2)
    wider = 1.0
    at_least = 0.0
    if published_or is not None:
        at_least = log_se(published_or)
        wider = max(1.0, at_least / _odds_se(a, n1, b, n2))
    present = _ratio(a, n1, b, n2, people[1])
    absent = _ratio(n1 - a, n1, n2 - b, n2, people[1])
    if a == n1:
        absent = _bounded_above(n2 - b, n2, n1, people[0])
    return Ratios(_widen(present, wider, at_least), _widen(absent, wider, 0.0))


def _ratio(yes: int, n_target: int, other: int, n_other: int, people: int) -> Ratio:
    """Ratio of two rates; an empty comparator cell gives the bound by patients."""
    if other and yes:
        value = (yes / n_target) / (other / n_other)
        return Ratio(value, _ratio_se(yes, n_target, other, n_other), value)
    raw = ((yes + 0.5) / (n_target + 1)) / ((other + 0.5) / (n_other + 1))
    se = _ratio_se(yes + 0.5, n_target + 1, other + 0.5, n_other + 1)
    bound = max(1.0, (yes / n_target) / floor_rate(people)) if not other else raw
    return Ratio(bound, se, raw, bounded=True)


def _bounded_above(other: int, n_other: int, n_target: int, people: int) -> Ratio:
    """Ratio of an absent sign that no target lacked: the bound by patients, at most 1."""
    raw = (0.5 / (n_target + 1)) / ((other + 0.5) / (n_other + 1))
    se = _ratio_se(0.5, n_target + 1, other + 0.5, n_other + 1)
    return Ratio(min(1.0, floor_rate(people) / (other / n_other)), se, raw, bounded=True)


def _ratio_se(yes: float, n_target: float, other: float, n_other: float) -> float:
    return math.sqrt(1 / yes - 1 / n_target + 1 / other - 1 / n_other)


def _odds_se(a: int, n1: int, b: int, n2: int) -> float:
    cells = [float(cell) for cell in (a, n1 - a, b, n2 - b)]
    if 0.0 in cells:
        cells = [cell + 0.5 for cell in cells]
    return math.sqrt(sum(1 / cell for cell in cells))


def _widen(ratio: Ratio, factor: float, at_least: float) -> Ratio:
    if ratio.se is None:
        return ratio
    return Ratio(ratio.value, max(ratio.se * factor, at_least), ratio.raw, ratio.bounded)
