"""Agreement beyond chance, with intervals; pure functions on truth values and counts.

References
----------
Cohen J. A coefficient of agreement for nominal scales. Educ Psychol Meas 1960;20:37-46.
Fleiss JL, Cohen J, Everitt BS. Large sample standard errors of kappa and weighted kappa.
Psychol Bull 1969;72:323-327.
Fleiss JL. Measuring nominal scale agreement among many raters. Psychol Bull 1971;76:378-382.
Cicchetti DV, Feinstein AR. High agreement but low kappa: II. J Clin Epidemiol 1990;43:551-558.
Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat
Assoc 1927;22:209-212, doi 10.1080/01621459.1927.10502953.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.truth import Truth

__all__ = ["Z95", "Agreement", "Estimate", "PairTable", "cohen", "fleiss", "tabulate", "wilson"]

Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval; what cannot be estimated is None, and `why` says so."""

    value: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class PairTable:
    """Answers of two readers to one sign over the same cases.

    Parameters
    ----------
    both_true, only_first, only_second, both_false : int
        Cases that both answered; ``only_first``: the first says present, the second absent.
    first_unknown, second_unknown, both_unknown : int
        Cases that only the first, only the second, or neither could answer. They are counted
        apart: unknown is not absent, and an open answer is neither agreement nor its opposite.
    """

    both_true: int = 0
    only_first: int = 0
    only_second: int = 0
    both_false: int = 0
    first_unknown: int = 0
    second_unknown: int = 0
    both_unknown: int = 0

    @property
    def n(self) -> int:
        """Cases that both answered."""
        return self.both_true + self.only_first + self.only_second + self.both_false

    @property
    def agreed(self) -> int:
        """Cases with the same known answer."""
        return self.both_true + self.both_false


@dataclass(frozen=True, slots=True)
class Agreement:
    """How two readers agree on one sign.

    Parameters
    ----------
    table : PairTable
    observed : Estimate
        Share of agreement with its Wilson interval.
    kappa : Estimate
        Cohen's kappa.
    positive, negative : float or None
        Agreement on presence and on absence (Cicchetti and Feinstein): where a sign is rare
        or common, kappa alone misleads.
    """

    table: PairTable
    observed: Estimate
    kappa: Estimate
    positive: float | None
    negative: float | None


def wilson(successes: int, n: int) -> Estimate:
    """Share with its 95 % Wilson score interval; None where `n` is 0.

    Examples
    --------
    >>> estimate = wilson(8, 10)
    >>> round(estimate.low, 3), round(estimate.high, 3)
    (0.49, 0.943)
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n}")
    if n == 0:
        return Estimate(None, why="no cases")
    share, z2 = successes / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    reach = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Estimate(share, max(0.0, centre - reach), min(1.0, centre + reach))


def tabulate(first: Sequence[Truth], second: Sequence[Truth]) -> PairTable:
    """Count the answers of two readers, case by case.

    Raises
    ------
    ValueError
        When the lengths differ.
    """
    pairs = list(zip(first, second, strict=True))
    yes, no, open_ = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
    return PairTable(
        both_true=pairs.count((yes, yes)),
        only_first=pairs.count((yes, no)),
        only_second=pairs.count((no, yes)),
        both_false=pairs.count((no, no)),
        first_unknown=sum(a is open_ and b is not open_ for a, b in pairs),
        second_unknown=sum(b is open_ and a is not open_ for a, b in pairs),
        both_unknown=pairs.count((open_, open_)),
    )


def cohen(table: PairTable) -> Agreement:
    """Agreement of two readers, unknown answers left out.

    The standard error is that of Fleiss, Cohen and Everitt (1969), equation 13, for two
    categories, under no assumption on the true kappa.

    Examples
    --------
    >>> found = cohen(PairTable(both_true=20, only_first=5, only_second=10, both_false=15))
    >>> round(found.kappa.value, 2)
    0.4
    """
    twice = 2 * table.both_true + table.only_first + table.only_second
    twice_absent = 2 * table.both_false + table.only_first + table.only_second
    return Agreement(
        table=table,
        observed=wilson(table.agreed, table.n),
        kappa=_cohen_kappa(table),
        positive=2 * table.both_true / twice if twice else None,
        negative=2 * table.both_false / twice_absent if twice_absent else None,
    )


def _cohen_kappa(table: PairTable) -> Estimate:
    if table.n == 0:
        return Estimate(None, why="no case that both answered")
    cells = np.array(
        [[table.both_true, table.only_first], [table.only_second, table.both_false]], dtype=float
    )
    shares = cells / cells.sum()
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    observed, chance = float(np.trace(shares)), float(rows @ columns)
    if chance == 1.0:
        return Estimate(None, why="both readers always gave the same one answer")
    kappa = (observed - chance) / (1 - chance)
    if observed == 1.0:
        why = "no disagreement: kappa has no large-sample interval, see that of the agreement"
        return Estimate(kappa, why=why)
    error = math.sqrt(max(0.0, _variance(shares, rows, columns, observed, chance)) / table.n)
    return Estimate(kappa, max(-1.0, kappa - Z95 * error), min(1.0, kappa + Z95 * error))


def _variance(
    shares: NDArray[np.float64],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    observed: float,
    chance: float,
) -> float:
    """Variance of kappa times n (Fleiss, Cohen and Everitt)."""
    kappa = (observed - chance) / (1 - chance)
    # margins[i, j] = column share of category i plus row share of category j
    margins = columns[:, None] + rows[None, :]
    diagonal = np.eye(len(rows), dtype=bool)
    within = float((shares * (1 - margins * (1 - kappa)) ** 2)[diagonal].sum())
    between = (1 - kappa) ** 2 * float((shares * margins**2)[~diagonal].sum())
    return (within + between - (kappa - chance * (1 - kappa)) ** 2) / (1 - chance) ** 2


def fleiss(yes: Sequence[int], readers: int, *, draws: int = 2000, seed: int = 0) -> Estimate:
    """Fleiss' kappa of three or more readers, with a percentile interval over cases.

    Parameters
    ----------
    yes : sequence of int
        For each case that all answered: how many readers said present.
    readers : int
        Readers a case.
    draws, seed : int
        Bootstrap over cases; the same seed gives the same interval. Draws in which every
        answer is the same have no kappa and are left out.
    """
    counts = np.asarray(yes, dtype=np.int64)
    if readers < 2:
        raise ValueError("kappa needs two readers")
    if counts.size == 0:
        return Estimate(None, why="no case that all answered")
    value = _fleiss(counts[None, :], readers)[0]
    if np.isnan(value):
        return Estimate(None, why="every reader gave the same one answer")
    if counts.size < 2:
        return Estimate(float(value), why="one case gives no interval")
    picks = np.random.default_rng(seed).integers(0, counts.size, size=(draws, counts.size))
    drawn = _fleiss(counts[picks], readers)
    low, high = np.percentile(drawn[~np.isnan(drawn)], [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))


def _fleiss(counts: NDArray[np.int64], readers: int) -> NDArray[np.float64]:
    """Kappa of each row of counts, shape (draws, cases); not a number where undefined."""
    no = readers - counts
    per_case = (counts * (counts - 1) + no * (no - 1)) / (readers * (readers - 1))
    present = counts.mean(axis=1) / readers
    chance = present**2 + (1 - present) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        kappa = (per_case.mean(axis=1) - chance) / (1 - chance)
    return np.where(chance == 1.0, np.nan, kappa)
