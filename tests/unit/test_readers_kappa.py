"""Kappa and its intervals against printed examples, closed forms and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lesionaid.readers.kappa import Z95, PairTable, cohen, fleiss, tabulate, wilson
from lesionaid.truth import Truth

TRUTHS = st.sampled_from(list(Truth))


def test_wilson_interval_of_the_literature() -> None:
    """81 of 263: 0.2553 to 0.3662 (Newcombe RG, Stat Med 1998;17:857, table I)."""
    found = wilson(81, 263)
    assert found.low == pytest.approx(0.2553, abs=5e-5)
    assert found.high == pytest.approx(0.3662, abs=5e-5)
    found = wilson(0, 20)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.1611, abs=5e-5)
    found = wilson(1, 29)
    assert (found.low, found.high) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def test_wilson_of_nothing_is_unknown_and_nonsense_is_refused() -> None:
    assert wilson(0, 0).value is None
    with pytest.raises(ValueError, match="3 of 2"):
        wilson(3, 2)


def test_kappa_of_a_worked_table() -> None:
    """Observed 35/50, chance 0.5: kappa 0.4; the error worked by hand from equation 13."""
    found = cohen(PairTable(both_true=20, only_first=5, only_second=10, both_false=15)).kappa
    assert found.value == pytest.approx(0.4)
    # cells .4 .1 / .2 .3, rows .5 .5, columns .6 .4
    within = 0.4 * (1 - 1.1 * 0.6) ** 2 + 0.3 * (1 - 0.9 * 0.6) ** 2
    between = 0.6**2 * (0.1 * (0.6 + 0.5) ** 2 + 0.2 * (0.4 + 0.5) ** 2)
    variance = (within + between - (0.4 - 0.5 * 0.6) ** 2) / 0.5**2 / 50
    assert found.low == pytest.approx(0.4 - Z95 * math.sqrt(variance))


def test_the_error_of_kappa_is_that_of_repeated_studies() -> None:
    shares = np.array([0.35, 0.1, 0.15, 0.4])
    draws = np.random.default_rng(1).multinomial(400, shares, size=3000)
    kappas = []
    reaches = []
    for cells in draws:
        found = cohen(PairTable(*(int(count) for count in cells))).kappa
        assert found.value is not None
        assert found.high is not None
        kappas.append(found.value)
        reaches.append((found.high - found.value) / Z95)
    assert np.mean(reaches) == pytest.approx(np.std(kappas), rel=0.05)


def test_perfect_and_constant_answers_have_no_interval_and_say_why() -> None:
    perfect = cohen(PairTable(both_true=5, both_false=5)).kappa
    assert (perfect.value, perfect.low) == (1.0, None)
    assert "no disagreement" in perfect.why
    constant = cohen(PairTable(both_false=9)).kappa
    assert constant.value is None
    assert "same one answer" in constant.why
    empty = cohen(PairTable(both_unknown=4))
    assert empty.kappa.value is None
    assert empty.observed.value is None


def test_rare_signs_agree_on_absence_more_than_on_presence() -> None:
    found = cohen(PairTable(both_true=1, only_first=2, only_second=2, both_false=95))
    assert found.positive == pytest.approx(2 / 6)
    assert found.negative == pytest.approx(190 / 194)


def test_unknown_is_counted_apart_and_never_as_absent() -> None:
    yes, no, open_ = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
    first = [yes, yes, no, no, open_, open_, yes]
    second = [yes, no, yes, no, no, open_, open_]
    table = tabulate(first, second)
    assert table == PairTable(1, 1, 1, 1, 1, 1, 1)
    assert table.n == 4


@given(st.lists(st.tuples(TRUTHS, TRUTHS), min_size=1, max_size=40))
def test_who_comes_first_does_not_matter(answers: list[tuple[Truth, Truth]]) -> None:
    first, second = [a for a, _ in answers], [b for _, b in answers]
    there, back = cohen(tabulate(first, second)), cohen(tabulate(second, first))
    if there.kappa.value is None:
        assert back.kappa.value is None
        return
    assert there.kappa.value == pytest.approx(back.kappa.value)
    assert (there.kappa.low is None) == (back.kappa.low is None)
    if there.kappa.low is not None:
        assert there.kappa.low == pytest.approx(back.kappa.low)
    assert there.positive == back.positive


def test_fleiss_of_two_readers_is_scotts_pi() -> None:
    """Two categories, two readers: (observed - chance) / (1 - chance) with pooled margins."""
    yes = [2] * 20 + [1] * 15 + [0] * 15
    present = sum(yes) / 100
    chance = present**2 + (1 - present) ** 2
    found = fleiss(yes, 2)
    assert found.value == pytest.approx((35 / 50 - chance) / (1 - chance))
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.value < found.high


def test_fleiss_perfect_none_and_reproducible() -> None:
    assert fleiss([3, 0, 3, 0], 3).value == pytest.approx(1.0)
    assert fleiss([3, 3, 3], 3).value is None
    assert fleiss([], 3).value is None
    assert fleiss([1], 3).low is None
    assert fleiss([3, 1, 0, 2, 3], 3) == fleiss([3, 1, 0, 2, 3], 3)
    with pytest.raises(ValueError, match="two readers"):
        fleiss([1], 1)
