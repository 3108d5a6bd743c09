"""The one formula, piece by piece, against numbers worked by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest

from lesionaid.context import ClinicalContext
from lesionaid.criteria.evaluate import run_rules
from lesionaid.criteria.expression import ContextIs, SignIs
from lesionaid.criteria.findings import findings
from lesionaid.criteria.likelihood import from_table
from lesionaid.criteria.load import load_rules
from lesionaid.criteria.model import Disease, Evidence, Interval, Pair, Rule, RuleSet, Table
from lesionaid.criteria.strength import SMALLEST, strength
from lesionaid.criteria.weigh import PairWeight, Weighing, weigh
from lesionaid.rules_path import rules_dir
from lesionaid.tables import LesionGroup, SignTable, SignValue
from lesionaid.truth import Truth, any_of

PML, MS, NMOSD, MOGAD = Disease
NOTHING = ClinicalContext()
NEW = SignIs("new_or_enlarging")


def table(*counts: int, **more: Any) -> Evidence:
    return Evidence("x", "table", "primary_table", "p", table=Table(*counts), **more)


def rule(
    name: str,
    *evidence: Evidence,
    pair: Pair = (PML, MS),
    toward: Disease = PML,
    group: str | None = None,
    **more: Any,
) -> Rule:
    sign = more.pop("sign", name)
    fields: dict[str, Any] = {"level": "lesion", "grade": "A", "status": "draft", **more}
    return Rule(
        id=name,
        title=name,
        compares=pair,
        when=SignIs(sign),
        toward=toward,
        group=group or name,
        evidence=evidence,
        limits=(),
        **fields,
    )


def signs(*lesions: Mapping[str, bool | None], patient: Mapping[str, bool] = {}) -> SignTable:
    """One group a lesion; the patient's signs are those of any lesion, and `patient`."""
    by_id = {
        number: {name: SignValue(Truth.of(value)) for name, value in own.items()}
        for number, own in enumerate(lesions, start=1)
    }
    names = {name for own in lesions for name in own}
    summed = {
        name: SignValue(any_of(own[name].truth for own in by_id.values() if name in own))
        for name in names
    }
    typed = {name: SignValue(Truth.of(value)) for name, value in patient.items()}
    return SignTable(by_id, {**summed, **typed}, tuple(LesionGroup(number) for number in by_id))


def weigh_signs(rules: tuple[Rule, ...], table_of_signs: SignTable) -> Weighing:
    return weigh(run_rules(RuleSet(rules), table_of_signs, NOTHING))


def pair_weight(weighing: Weighing, pair: Pair = (PML, MS)) -> float:
    return next((weight.value for weight in weighing.pairs if weight.pair == pair), 0.0)


# One row


def test_half_the_logarithm() -> None:
    assert strength(rule("a", table(23, 105, 2, 110))).present == pytest.approx(
        0.5 * math.log(12.05), abs=0.001
    )


@pytest.mark.parametrize(("grade", "cap"), [("A", 2.0), ("B", 2.0), ("C", 0.7), ("D", 0.7)])
def test_caps_by_grade(grade: str, cap: float) -> None:
    assert strength(rule("a", table(100, 105, 1, 110), grade=grade)).present == cap


def test_cross_study_is_never_above_c_and_its_absence_says_nothing() -> None:
    weighed = strength(rule("a", table(71, 80, 16, 359, cross_study=True)))
    assert weighed.present == 0.7
    assert weighed.absent == 0.0


def test_absence_is_capped_and_silent_in_chronic_cohorts() -> None:
    assert strength(rule("a", table(76, 80, 10, 100))).absent == 0.35
    assert strength(rule("a", table(76, 80, 10, 100, chronic=True))).absent == 0.0


def test_a_row_whose_interval_crosses_one_is_shrunk() -> None:
    ratios = from_table(Table(5, 25, 2, 29))
    assert ratios.present.se is not None
    expected = 0.5 * math.log(2.9) * math.log(2.9) / (1.96 * ratios.present.se)
    assert strength(rule("a", table(5, 25, 2, 29))).present == pytest.approx(expected)


def test_odds_ratios_frequencies_and_consensus() -> None:
    odds = Evidence("x", "odds_ratio", "abstract", "p", published_or=Interval(33.7, 4.9, 229.7))
    share = Evidence("x", "frequency", "abstract", "p", frequency=0.73)
    opinion = Evidence("x", "consensus", "secondary", "p")
    assert strength(rule("a", odds)).present == 0.7
    assert strength(rule("a", share)).present == pytest.approx(0.5 * math.log(0.73 / 0.27))
    assert strength(rule("a", opinion, grade="E")).present == 0.35
    for evidence in (odds, share, opinion):
        weighed = strength(rule("a", evidence))
        assert weighed.absent == 0.0
        assert weighed.present - 1.96 * weighed.present_se <= 1e-9 or evidence is odds


def test_recalled_and_shown_only_weigh_nothing() -> None:
    recalled = Evidence("x", "table", "recalled", "p", table=Table(32, 39, 2, 22))
    assert strength(rule("a", recalled)).present == 0.0
    assert "recalled" in strength(rule("a", recalled)).silent
    assert strength(rule("a", table(23, 105, 2, 110), shown_only="no")).silent == "no"
    read = table(23, 105, 2, 110)
    assert strength(rule("a", recalled, read)).evidence is read


def test_stage_of_pml_chooses_the_evidence_and_the_weaker_where_it_is_unknown() -> None:
    early, late = table(33, 105, 43, 194, stage="screening"), table(71, 80, 43, 194, stage="active")
    both = rule("a", early, late)
    assert strength(both, "screening").evidence is early
    assert strength(both, "active").evidence is late
    assert strength(both, "any").present == strength(both, "screening").present
    assert "active" not in strength(rule("a", late), "active").silent
    assert strength(rule("a", late), "screening").present == 0.0


def test_counted_data_silence_a_consensus_row_on_the_same_sign() -> None:
    opinion = rule("opinion", Evidence("x", "consensus", "secondary", "p"), sign="dots")
    counted = rule("counted", table(56, 105, 1, 110), sign="dots")
    rows = run_rules(RuleSet((counted, opinion)), signs({"dots": True}), NOTHING)
    silent = {row.rule.id: row.why_not for row in rows.lesions[1]}
    assert silent == {"counted": "", "opinion": "counted data exist for the same sign"}


# Rows together


def test_only_the_strongest_row_of_a_group_counts() -> None:
    strong = rule("strong", table(23, 105, 2, 110), group="cortical")
    weak = rule("weak", table(63, 105, 32, 110), group="cortical")
    other = rule("other", table(56, 105, 1, 110))
    lesion = {"strong": True, "weak": True, "other": True}
    weights = {one.id: strength(one).present for one in (strong, weak, other)}
    assert pair_weight(weigh_signs((strong, weak, other), signs(lesion))) == pytest.approx(
        weights["strong"] + weights["other"]
    )


def test_a_subtype_replaces_its_parent_even_when_weaker() -> None:
    parent = rule("any", table(23, 92, 2, 59), group="enhancement")
    ring = Evidence("x", "frequency", "abstract", "p", frequency=0.91)
    subtype = rule("ring", ring, toward=MS, group="enhancement", replaces=("any",))
    rules = (parent, subtype)
    assert pair_weight(weigh_signs(rules, signs({"any": True}))) > 0.9
    assert pair_weight(weigh_signs(rules, signs({"any": True, "ring": True}))) == -0.7
    assert pair_weight(weigh_signs(rules, signs({"any": True, "ring": False}))) > 0.9


def test_an_absent_sign_speaks_for_the_other() -> None:
    dots = rule("dots", table(56, 105, 1, 110))
    assert pair_weight(weigh_signs((dots,), signs({"dots": False}))) == -0.35
    assert weigh_signs((dots,), signs({"dots": None})).pairs == ()


def test_small_rows_are_shown_and_not_solved() -> None:
    tiny = rule("tiny", table(50, 100, 45, 100), pair=(PML, NMOSD))
    assert 0 < strength(tiny).present < SMALLEST
    assert weigh_signs((tiny,), signs({"tiny": True})).pairs == ()
    found = findings(run_rules(RuleSet((tiny,)), signs({"tiny": True}), NOTHING))
    assert not found[0].counted
    assert "not solved" in found[0].why_not
    assert found[0].weight > 0


# Lesions together


def test_mean_of_the_likelihood_ratios_over_lesion_groups() -> None:
    dots = rule("dots", table(56, 105, 1, 110))
    many = signs({"dots": True}, *({"dots": False} for _ in range(9)))
    expected = math.log((math.exp(2.0) + 9 * math.exp(-0.35)) / 10)
    assert pair_weight(weigh_signs((dots,), many)) == pytest.approx(expected)


def test_the_mean_is_over_new_lesions_where_they_are_known() -> None:
    dots = rule("dots", table(56, 105, 1, 110), gate=NEW)
    new = {"dots": True, "new_or_enlarging": True}
    old = [{"dots": False, "new_or_enlarging": False} for _ in range(9)]
    assert pair_weight(weigh_signs((dots,), signs(new, *old))) == 2.0
    unknown = [{"dots": False} for _ in range(9)]
    assert pair_weight(weigh_signs((dots,), signs(new, *unknown))) == 2.0


def test_known_old_lesions_weigh_nothing() -> None:
    dots = rule("dots", table(56, 105, 1, 110), gate=NEW)
    old = {"dots": True, "new_or_enlarging": False}
    rows = run_rules(RuleSet((dots,)), signs(old), NOTHING)
    assert weigh(rows).pairs == ()
    assert findings(rows)[0].gated is Truth.FALSE


def test_unknown_novelty_leaves_a_rule_ungated() -> None:
    dots = rule("dots", table(56, 105, 1, 110), gate=NEW)
    rows = run_rules(RuleSet((dots,)), signs({"dots": True}), NOTHING)
    assert pair_weight(weigh(rows)) == 2.0
    assert findings(rows)[0].gated is Truth.UNKNOWN
    assert weigh(rows, keep=lambda row: row.gated is Truth.TRUE).pairs == ()


def test_patient_rows_are_added_after_the_mean() -> None:
    dots = rule("dots", table(56, 105, 1, 110))
    cord = rule("cord", table(20, 40, 2, 40), level="patient", toward=MS)
    lesions = [{"dots": True}, {"dots": False}]
    alone = pair_weight(weigh_signs((dots,), signs(*lesions)))
    both = pair_weight(weigh_signs((dots, cord), signs(*lesions, patient={"cord": True})))
    assert both == pytest.approx(alone - strength(cord).present)


def test_no_lesion_and_lesions_nobody_looked_for() -> None:
    dots = rule("dots", table(56, 105, 1, 110))
    cord = rule("cord", table(20, 40, 2, 40), level="patient", toward=MS)
    typed = {name: SignValue(Truth.TRUE) for name in ("dots", "cord")}
    empty = SignTable({}, typed, lesions_known=True)
    assert pair_weight(weigh_signs((dots, cord), empty)) == pytest.approx(-strength(cord).present)
    not_looked = SignTable({}, typed, lesions_known=False)
    assert pair_weight(weigh_signs((dots, cord), not_looked)) == pytest.approx(
        2.0 - strength(cord).present
    )


def test_population_gates() -> None:
    gate = ContextIs("drug", ("natalizumab",))
    uptake = rule("uptake", table(23, 92, 2, 59), population_gate=gate)
    elsewhere = rule("pv", table(27, 110, 1, 105), toward=MS, unless=ContextIs("host", ("hiv",)))
    rules = RuleSet((uptake, elsewhere))
    seen = signs({"uptake": True, "pv": True})

    def counted(**context: str) -> set[str]:
        rows = run_rules(rules, seen, ClinicalContext(context))
        return {finding.rule for finding in findings(rows) if finding.counted}

    assert counted() == {"pv"}
    assert counted(drug="natalizumab", host="ms") == {"uptake", "pv"}
    assert counted(drug="fingolimod", host="hiv") == set()


# Scores


def weights(**values: float) -> Weighing:
    pairs = []
    for name, value in values.items():
        first, second = (Disease(part) for part in name.split("_"))
        pairs.append(PairWeight((first, second), value, 0.04, frozenset({name})))
    return Weighing(tuple(pairs))


def test_scores_sum_to_zero_and_agree_with_consistent_pairs() -> None:
    weighing = weights(pml_ms=1.0, ms_nmosd=0.5, pml_nmosd=1.5)
    values = [weighing.score(disease)[0] for disease in Disease]
    assert sum(values) == pytest.approx(0.0)
    assert weighing.difference(PML, MS)[0] == pytest.approx(1.0)
    assert weighing.difference(PML, NMOSD)[0] == pytest.approx(1.5)
    assert weighing.score(MOGAD) == pytest.approx((0.0, 0.0))
    assert weighing.touched == (PML, MS, NMOSD)


def test_inconsistent_pairs_are_reconciled_by_least_squares() -> None:
    weighing = weights(pml_ms=3.0, ms_nmosd=0.0, pml_nmosd=0.0)
    assert weighing.difference(PML, MS)[0] == pytest.approx(2.0)
    assert weighing.difference(PML, NMOSD)[0] == pytest.approx(1.0)


def test_interval_of_one_pair() -> None:
    weighing = weights(pml_ms=1.0)
    assert weighing.difference(PML, MS) == pytest.approx((1.0, 0.2))
    assert weighing.score(PML) == pytest.approx((0.5, 0.1))
    assert weighing.separated(PML, MS)
    assert not weights(pml_ms=0.3).separated(PML, MS)
    assert weighing.compared(MS, PML)
    assert not weighing.compared(PML, NMOSD)


def test_a_ratio_used_on_many_lesions_is_still_one_ratio() -> None:
    """Eighty lesions with one sign are no surer than one: the ratio's error is shared."""
    dots = rule("dots", table(56, 105, 1, 110))
    one = weigh_signs((dots,), signs({"dots": True}))
    many = weigh_signs((dots,), signs(*({"dots": True} for _ in range(80))))
    assert many.pairs[0].variance == pytest.approx(one.pairs[0].variance)
    assert many.pairs[0].value == pytest.approx(one.pairs[0].value)


def test_order_of_rules_and_lesions_does_not_matter() -> None:
    rules = (
        rule("a", table(23, 105, 2, 110), group="g"),
        rule("b", table(23, 105, 2, 110), group="g", toward=MS),
        rule("c", table(56, 105, 1, 110)),
    )
    lesions = [{"a": True, "b": True, "c": False}, {"a": False, "b": True, "c": True}]
    forward = weigh_signs(rules, signs(*lesions))
    backward = weigh_signs(rules[::-1], signs(*lesions[::-1]))
    assert pair_weight(forward) == pytest.approx(pair_weight(backward))


# The files


def test_every_table_weight_is_recomputed_from_its_counts() -> None:
    ids = frozenset(path.stem for path in (rules_dir() / "signs").glob("*.yaml"))
    caps = {"A": 2.0, "B": 2.0, "C": 0.7, "D": 0.7, "E": 0.7}
    seen = 0
    for one in load_rules(rules_dir(), ids).rules:
        weighed = strength(one)
        entry = weighed.evidence
        if entry is None or entry.table is None or entry.table.other_yes == 0:
            continue
        a, n1, b, n2 = (
            entry.table.target_yes,
            entry.table.target_n,
            entry.table.other_yes,
            entry.table.other_n,
        )
        log = math.log((a / n1) / (b / n2))
        naive = math.sqrt(1 / a - 1 / n1 + 1 / b - 1 / n2)
        se = 2 * weighed.present_se
        assert se >= naive - 1e-9
        expected = min(caps[one.grade], 0.5 * log * min(1.0, log / (1.96 * se)))
        assert weighed.present == pytest.approx(expected), one.id
        seen += 1
    assert seen >= 8
