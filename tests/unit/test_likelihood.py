"""Likelihood ratios against the numbers printed in the evidence tables."""

from __future__ import annotations

import math

import pytest

from lesionaid.criteria.likelihood import floor_rate, from_rates, from_table, log_se
from lesionaid.criteria.model import Interval, Table

PRINTED = [
    # counts, LR+ and LR- as printed (Wijburg 2016, Boster 2009, the 577-patient cohort …)
    ((56, 105, 1, 110), 58.7, 0.47),
    ((23, 105, 2, 110), 12.0, 0.80),
    ((58, 105, 3, 110), 20.3, 0.46),
    ((71, 103, 24, 108), 3.1, 0.40),
    ((56, 98, 24, 102), 2.4, 0.56),
    ((63, 105, 32, 110), 2.06, 0.56),
    ((27, 110, 1, 105), 25.8, 0.76),
    ((18, 105, 5, 110), 3.8, 0.87),
    ((26, 35, 2, 100), 37.1, 0.26),
    ((11, 35, 7, 100), 4.5, 0.74),
    ((286, 332, 30, 196), 5.63, 0.164),
    ((32, 44, 1, 31), 22.5, 0.28),
    ((36, 44, 2, 31), 12.7, 0.19),
    ((17, 37, 3, 30), 4.59, 0.60),
    ((43, 194, 16, 359), 5.0, 0.82),
]


@pytest.mark.parametrize(("counts", "present", "absent"), PRINTED)
def test_ratios_as_printed(
    counts: tuple[int, int, int, int], present: float, absent: float
) -> None:
    ratios = from_table(Table(*counts))
    assert ratios.present.value == pytest.approx(present, rel=0.02)
    assert ratios.absent.value == pytest.approx(absent, abs=0.0055)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((286, 332, 30, 196), 4.04, 7.85),
        ((26, 35, 2, 100), 9.3, 149),
        ((36, 44, 2, 31), 3.30, 48.8),
        ((13, 44, 2, 31), 1.11, 18.9),
        ((21, 70, 8, 134), 2.4, 11),
    ],
)
def test_intervals_as_printed(counts: tuple[int, int, int, int], low: float, high: float) -> None:
    interval = from_table(Table(*counts)).present.interval
    assert interval is not None
    assert interval.low == pytest.approx(low, rel=0.03)
    assert interval.high == pytest.approx(high, rel=0.03)


@pytest.mark.parametrize(
    ("counts", "patients", "bound", "haldane"),
    [
        ((33, 105, 0, 110), (21, 20), 2.3, 70),
        ((7, 9, 0, 80), None, 21, 121),
        ((8, 35, 0, 100), None, 7.8, 48),
        ((18, 20, 0, 80), None, 24.5, 143),
    ],
)
def test_empty_comparator_gives_the_bound_by_patients(
    counts: tuple[int, int, int, int],
    patients: tuple[int, int] | None,
    bound: float,
    haldane: float,
) -> None:
    present = from_table(Table(*counts), patients).present
    assert present.bounded
    assert present.value == pytest.approx(bound, rel=0.02)
    assert present.raw == pytest.approx(haldane, rel=0.02)


def test_bound_never_points_the_other_way() -> None:
    """Five of 110 ratings against none of 21 patients bound nothing."""
    assert from_table(Table(5, 110, 0, 105), (20, 21)).present.value == 1.0


def test_no_target_without_the_sign_bounds_the_absent_ratio() -> None:
    absent = from_table(Table(14, 14, 8, 80)).absent
    assert absent.bounded
    assert absent.value == pytest.approx(floor_rate(14) / (72 / 80))
    assert absent.value < 1


@pytest.mark.parametrize(("n", "rate"), [(20, 0.139), (80, 0.037), (100, 0.030)])
def test_floor_rate(n: int, rate: float) -> None:
    assert floor_rate(n) == pytest.approx(rate, abs=0.0006)


PUBLISHED = [
    ((56, 105, 1, 110), Interval(135.6, 18.9, 974.7)),
    ((23, 105, 2, 110), Interval(14.8, 3.6, 61.1)),
    ((63, 105, 32, 110), Interval(3.6, 1.2, 11.1)),
    ((27, 110, 1, 105), Interval(0.028, 0.0036, 0.22)),
]


@pytest.mark.parametrize(("counts", "published"), PUBLISHED)
def test_interval_is_never_narrower_than_published(
    counts: tuple[int, int, int, int], published: Interval
) -> None:
    naive = from_table(Table(*counts))
    ratios = from_table(Table(*counts), published_or=published)
    interval = ratios.present.interval
    assert interval is not None
    width = math.log(interval.high / interval.low)
    assert width >= math.log(published.high / published.low) - 1e-9
    assert ratios.absent.se is not None
    assert naive.absent.se is not None
    assert ratios.absent.se >= naive.absent.se
    assert ratios.present.value == naive.present.value


def test_clustering_widens_the_absent_ratio_by_the_same_factor() -> None:
    table = Table(63, 105, 32, 110)
    published = Interval(3.6, 1.2, 11.1)
    naive_odds = math.sqrt(1 / 63 + 1 / 42 + 1 / 32 + 1 / 78)
    widened, naive = from_table(table, published_or=published), from_table(table)
    assert widened.absent.se is not None
    assert naive.absent.se is not None
    assert widened.absent.se / naive.absent.se == pytest.approx(log_se(published) / naive_odds)


def test_sureness_falls_where_the_interval_crosses_one() -> None:
    sure = from_table(Table(23, 105, 2, 110)).present
    unsure = from_table(Table(5, 25, 2, 29)).present  # hypothalamus, LR 2.9 (0.62-13.7)
    assert sure.sureness == 1.0
    assert unsure.sureness == pytest.approx(math.log(2.9) / (1.96 * 0.79), abs=0.01)


def test_rates_have_no_interval() -> None:
    ratios = from_rates(0.93, 0.88)
    assert ratios.present.value == pytest.approx(7.75)
    assert ratios.absent.value == pytest.approx(0.07 / 0.88)
    assert ratios.present.interval is None
    assert ratios.present.sureness == 1.0
