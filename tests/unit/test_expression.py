"""The closed grammar in three-valued logic."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from lesionaid.context import ClinicalContext
from lesionaid.criteria.expression import (
    Combination,
    Condition,
    ContextIs,
    Count,
    Scope,
    SignIs,
    evaluate,
    sign_leaves,
)
from lesionaid.tables import SignValue
from lesionaid.truth import Truth

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
A, B, C = SignIs("a"), SignIs("b"), SignIs("c")


def signs(**truths: Truth) -> Mapping[str, SignValue]:
    return {name: SignValue(truth) for name, truth in truths.items()}


def truth_of(condition: Condition, **truths: Truth) -> Truth:
    return evaluate(condition, Scope(signs(**truths))).truth


def test_a_sign_that_is_not_in_the_table_is_unknown() -> None:
    outcome = evaluate(A, Scope({}))
    assert outcome.truth is U
    assert outcome.missing == ("a",)


@pytest.mark.parametrize("values", itertools.product((T, F, U), repeat=3))
def test_kleene_agrees_with_every_completion(values: tuple[Truth, ...]) -> None:
    """A known result is the result of every way to fill the unknowns in."""
    conditions = [
        Combination("all", (A, Combination("any", (B, C)))),
        Combination("any", (A, Combination("none", (B, C)))),
        Combination("at_least", (A, B, Combination("none", (C,))), 2),
        Combination("none", (Combination("all", (A, B)), C)),
    ]
    choices = [(value,) if value.known else (T, F) for value in values]
    for condition in conditions:
        found = truth_of(condition, **dict(zip("abc", values, strict=True)))
        completed = {
            truth_of(condition, **dict(zip("abc", filled, strict=True)))
            for filled in itertools.product(*choices)
        }
        if found.known:
            assert completed == {found}
        else:
            assert completed == {T, F}  # each sign stands once, so both are still open


def test_missing_names_only_what_is_unknown() -> None:
    condition = Combination("all", (A, B, Combination("any", (C,))))
    outcome = evaluate(condition, Scope(signs(a=T, b=U)))
    assert outcome.missing == ("b", "c")
    assert evaluate(condition, Scope(signs(a=F, b=U))).missing == ()


def test_count_over_lesions() -> None:
    three = Count(SignIs("vein"), 3)
    lesions = tuple(signs(vein=truth) for truth in (T, T, U, F))
    assert evaluate(three, Scope({}, lesions)).truth is U
    assert evaluate(three, Scope({}, lesions)).missing == ("vein",)
    assert evaluate(three, Scope({}, (*lesions, signs(vein=T)))).truth is T
    assert evaluate(three, Scope({}, lesions[:2])).truth is F


def test_nobody_looked_for_lesions_is_not_zero_lesions() -> None:
    one = Count(SignIs("vein"), 1)
    assert evaluate(one, Scope({}, (), lesions_known=True)).truth is F
    assert evaluate(one, Scope({}, (), lesions_known=False)).truth is U


def context(**values: str | float | bool) -> Scope:
    serology = {key: str(values.pop(key)) for key in list(values) if key.endswith("_igg")}
    return Scope({}, context=ClinicalContext(values, serology))


def test_context_that_was_not_given_is_unknown() -> None:
    drug = ContextIs("drug", ("natalizumab",))
    assert evaluate(drug, context()).truth is U
    assert evaluate(drug, context()).missing == ("context:drug",)
    assert evaluate(drug, context(drug="natalizumab")).truth is T
    assert evaluate(drug, context(drug="fingolimod")).truth is F


@pytest.mark.parametrize(
    ("found", "expected"),
    [("pos_cba", T), ("neg_cba", F), ("pos", U), ("not_tested", U), ("pos_elisa_only", F)],
)
def test_not_tested_is_never_negative_and_pos_leaves_the_assay_open(
    found: str, expected: Truth
) -> None:
    positive = ContextIs("aqp4_igg", ("pos_cba",))
    assert evaluate(positive, context(aqp4_igg=found)).truth is expected


def test_context_range() -> None:
    window = ContextIs("days_since_stop", low=14, high=120)
    assert evaluate(window, context(days_since_stop=60.0)).truth is T
    assert evaluate(window, context(days_since_stop=14.0)).truth is T
    assert evaluate(window, context(days_since_stop=200.0)).truth is F
    assert evaluate(window, context()).truth is U


def test_sign_leaves() -> None:
    condition = Combination("any", (A, Count(Combination("all", (B, C)), 2)))
    assert sign_leaves(condition) == {"a", "b", "c"}
