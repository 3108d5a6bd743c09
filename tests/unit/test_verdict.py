"""Verdicts: what may be named, what abstains and why, what alerts, what could still lead."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionaid.context import ClinicalContext
from lesionaid.criteria.expression import ContextIs, SignIs
from lesionaid.criteria.load import load_rules
from lesionaid.criteria.model import Disease, Evidence, Pair, Rule, RuleSet, Table
from lesionaid.errors import FormError
from lesionaid.quantity import Reason, Unknown
from lesionaid.rules_path import rules_dir
from lesionaid.tables import LesionGroup, SignTable, SignValue
from lesionaid.truth import Truth, any_of
from lesionaid.verdict.decide import decide, not_analysable, without_lesions
from lesionaid.verdict.model import PATTERNS, Verdict, to_json_dict

PML, MS, NMOSD, MOGAD = Disease
SIGNS = frozenset(path.stem for path in (rules_dir() / "signs").glob("*.yaml"))
EVERYTHING = load_rules(rules_dir(), SIGNS)
FIRST_ROWS = frozenset(
    f"pml.{name}"
    for name in (
        "punctate_lesions",
        "size_over_30mm",
        "non_focal",
        "cortical_grey_matter",
        "contrast_enhancement",
        "border_white_matter",
        "border_grey_matter",
        "juxtacortical",
        "periventricular",
    )
)
SAME_POPULATION = RuleSet(
    tuple(rule for rule in EVERYTHING.rules if rule.id in FIRST_ROWS),
    alerts=EVERYTHING.alerts,
    references=EVERYTHING.references,
)
"""The significant rows of the same-population table alone: one pair, gates and all."""

Lesion = Mapping[str, bool | None]


def signs(*lesions: Lesion, lesions_known: bool = True) -> SignTable:
    missing = Unknown(Reason.IMAGE_MISSING, needs=("T1w_ce",))

    def value(truth: Truth) -> SignValue:
        return SignValue(truth, unknown=None if truth.known else missing)

    by_id = {
        number: {sign: value(Truth.of(own.get(sign))) for sign in SIGNS}
        for number, own in enumerate(lesions, start=1)
    }
    patient = {sign: value(any_of(own[sign].truth for own in by_id.values())) for sign in SIGNS}
    groups = tuple(LesionGroup(number) for number in by_id)
    return SignTable(by_id, patient, groups, lesions_known)


def lesion(**own: bool | None) -> Lesion:
    nothing = dict.fromkeys(
        (
            "periventricular",
            "cortical_gm",
            "touches_juxtacortical",
            "non_focal",
            "size_over_30mm",
            "punctate_satellites",
        ),
        False,
    )
    return {**nothing, **own}


CONFLUENT = lesion(
    periventricular=True,
    cortical_gm=True,
    touches_juxtacortical=True,
    non_focal=True,
    size_over_30mm=True,
    punctate_satellites=None,
)
PML_LESION = lesion(
    cortical_gm=True, touches_juxtacortical=True, non_focal=True, punctate_satellites=True
)
ORDINARY = (
    lesion(periventricular=True),
    lesion(touches_juxtacortical=True),
    lesion(),
    lesion(touches_juxtacortical=True),
)


def heavy_ms() -> list[Lesion]:
    return [CONFLUENT, *(ORDINARY[index % 4] for index in range(80))]


def codes(verdict: Verdict) -> set[str]:
    return {reason.code for reason in verdict.reasons}


@pytest.fixture(params=["same population", "everything"])
def rules(request: pytest.FixtureRequest) -> RuleSet:
    return SAME_POPULATION if request.param == "same population" else EVERYTHING


# What may be named


@pytest.mark.parametrize("satellites", [None, False])
def test_heavy_ms_is_not_named_pml(rules: RuleSet, satellites: bool | None) -> None:
    big = {**CONFLUENT, "punctate_satellites": satellites}
    as_it_is = decide(rules, signs(big, *heavy_ms()[1:]))
    assert as_it_is.pattern != "pml_like"
    declared = decide(rules, signs({**big, "new_or_enlarging": True}, *heavy_ms()[1:]))
    assert declared.pattern != "pml_like"


def test_a_pml_lesion_in_heavy_ms_alerts_and_is_named_once_it_is_new(rules: RuleSet) -> None:
    hidden = decide(rules, signs(*heavy_ms(), PML_LESION))
    assert [alert.lesions for alert in hidden.alerts] == [(82,)]
    assert hidden.pattern != "pml_like"
    declared = decide(rules, signs(*heavy_ms(), {**PML_LESION, "new_or_enlarging": True}))
    assert declared.pattern == "pml_like"
    assert next(one for one in declared.lesions if one.lesion == 82).pattern == "pml_like"
    assert declared.left_out == (82,)


def test_pml_can_be_named_without_any_context() -> None:
    verdict = decide(SAME_POPULATION, signs({**PML_LESION, "new_or_enlarging": True}))
    assert verdict.pattern == "pml_like"
    assert verdict.with_context is None
    assert "not_compared" in codes(verdict)


def test_ungated_evidence_alone_never_names_pml() -> None:
    verdict = decide(SAME_POPULATION, signs(PML_LESION))
    assert verdict.images.ranking[0] == "pml_like"
    assert verdict.pattern == "indeterminate"
    assert "ungated_novelty" in codes(verdict)
    assert verdict.alerts


def test_ordinary_ms_is_named_and_does_not_alert() -> None:
    verdict = decide(SAME_POPULATION, signs(*(ORDINARY[index % 4] for index in range(20))))
    assert verdict.pattern == "ms_like"
    assert not verdict.alerts


def test_a_single_row_names_nothing() -> None:
    """A large lesion is a MOGAD sign against NMOSD, and says nothing of MS."""
    verdict = decide(EVERYTHING, signs({"large_lesion": True}))
    assert verdict.images.ranking[0] == "mogad_like"
    assert verdict.pattern == "indeterminate"
    assert "one_row" in codes(verdict)


def test_patterns_that_no_row_touches_are_not_the_runner_up() -> None:
    verdict = decide(SAME_POPULATION, signs(*ORDINARY))
    assert "untested_comparator" not in codes(verdict)
    assert verdict.images.patterns == ("ms_like",)


def test_a_rival_that_is_left_behind_only_by_way_of_a_third_blocks_the_name() -> None:
    """Long myelitis parts NMOSD from MS, subcortical lesions part MOGAD from NMOSD.

    Neither parts MOGAD from MS, and subcortical lesions are common in MS.
    """
    own = {"subcortical": True, "spinal": True, "longitudinally_extensive_myelitis": True}
    verdict = decide(EVERYTHING, signs(own))
    assert verdict.images.ranking[0] == "mogad_like"
    assert verdict.images.scores["mogad_like"].value > verdict.images.scores["ms_like"].value
    assert verdict.pattern == "indeterminate"
    reason = next(one for one in verdict.reasons if one.code == "untested_comparator")
    assert "MOGAD-like with MS-like" in reason.text
    named = decide(EVERYTHING, signs(own), ClinicalContext({}, {"mog_igg": "clear_pos"}))
    assert named.with_context is not None
    assert "untested_comparator" not in {one.code for one in named.with_context.reasons}


# States


def test_empty_mask_is_no_lesions_and_old_lesions_are_no_new_lesions(rules: RuleSet) -> None:
    assert decide(rules, signs()).pattern == "no_lesions"
    old = [{**PML_LESION, "new_or_enlarging": False} for _ in range(3)]
    verdict = decide(rules, signs(*old))
    assert verdict.pattern == "no_new_lesions"
    assert not verdict.alerts


def test_nothing_known_is_indeterminate_with_everything_possible(rules: RuleSet) -> None:
    verdict = decide(rules, SignTable({}, {}, (), lesions_known=False))
    assert verdict.pattern == "indeterminate"
    assert verdict.images.possible == PATTERNS
    assert verdict.images.patterns == PATTERNS
    assert "no_evidence" in codes(verdict)


def test_a_study_that_cannot_be_analysed() -> None:
    written = to_json_dict(not_analysable([("A01", "The brain mask is missing.")]))
    assert written["pattern"] == "not_analysable"
    assert written["reasons"] == [{"code": "A01", "text": "The brain mask is missing."}]


def test_weak_evidence_alone_does_not_name_pml(rules: RuleSet) -> None:
    """A new irregular subcortical lesion of MS: ranked, and not named."""
    new = lesion(new_or_enlarging=True, non_focal=True, juxtacortical_ufibre=True, diffuse=True)
    verdict = decide(rules, signs(new))
    assert verdict.pattern != "pml_like"
    assert verdict.lesions[0].pattern != "pml_like"
    with_cortex = decide(rules, signs({**new, "cortical_gm": True}))
    assert with_cortex.lesions[0].pattern == "pml_like"


def test_old_ms_lesions_do_not_hide_a_new_pml_lesion(rules: RuleSet) -> None:
    """What speaks for MS against NMOSD in old lesions says nothing about the new one."""
    old = [{**own, "dawson_fingers": True} for own in heavy_ms()[1:]]
    verdict = decide(rules, signs(*old, {**PML_LESION, "new_or_enlarging": True}))
    assert verdict.pattern == "pml_like"
    assert verdict.images.patterns == ("pml_like",)
    assert [alert.code for alert in verdict.alerts] == ["pml_review"]


# Alerts


@pytest.mark.parametrize(
    ("own", "fires"),
    [
        ({"new_or_enlarging": True, "punctate_satellites": True}, True),
        ({"new_or_enlarging": True, "cortical_gm": True, "periventricular": True}, False),
        ({"new_or_enlarging": True, "cortical_gm": True}, True),  # named PML-like by its weight
        ({"new_or_enlarging": True, "cortical_gm": True, "enlarging": True}, True),
        ({"new_or_enlarging": True, "juxtacortical_ufibre": True, "enlarging": True}, True),
        ({"new_or_enlarging": True, "punctate_satellites": None}, False),
        ({"punctate_satellites": True, "touches_juxtacortical": True}, True),
        ({"punctate_satellites": True}, False),
        ({"touches_juxtacortical": True, "non_focal": True}, True),
        ({"touches_juxtacortical": True, "non_focal": True, "periventricular": True}, False),
        ({"touches_juxtacortical": True, "non_focal": True, "periventricular": None}, False),
        ({"new_or_enlarging": False, "punctate_satellites": True, "cortical_gm": True}, False),
    ],
)
def test_pml_review(own: dict[str, bool | None], fires: bool) -> None:
    verdict = decide(SAME_POPULATION, signs(lesion(**own)))
    assert [alert.code for alert in verdict.alerts] == (["pml_review"] if fires else [])


# Context


def test_known_ms_leaves_only_pml_in_question() -> None:
    table = signs({**PML_LESION, "new_or_enlarging": True})
    verdict = decide(EVERYTHING, table, ClinicalContext({"host": "ms", "drug": "natalizumab"}))
    assert verdict.with_context is not None
    assert verdict.with_context.pattern == "pml_like"
    assert set(verdict.with_context.possible) == {"pml_like", "ms_like"}
    assert verdict.with_context.probabilities["nmosd_like"] == 0.0
    assert verdict.demyelinating is None


def test_context_never_touches_the_headline() -> None:
    table = signs({**PML_LESION, "contrast_enhancement": True, "new_or_enlarging": True})
    bare = decide(EVERYTHING, table)
    told = decide(
        EVERYTHING,
        table,
        ClinicalContext({"host": "ms", "drug": "natalizumab"}, {"aqp4_igg": "pos_cba"}),
    )
    assert told.images == bare.images


def test_enhancement_speaks_for_pml_only_on_natalizumab() -> None:
    table = signs(lesion(contrast_enhancement=True, new_or_enlarging=True))

    def counted(drug: str) -> bool:
        verdict = decide(SAME_POPULATION, table, ClinicalContext({"drug": drug}))
        assert verdict.with_context is not None
        return any(
            finding.rule == "pml.contrast_enhancement" and finding.counted
            for finding in verdict.with_context.findings
        )

    assert counted("natalizumab")
    assert not counted("fingolimod")


def test_a_prior_moves_probabilities_with_context_alone() -> None:
    prior = {"pml_like": 0.01, "ms_like": 0.97, "nmosd_like": 0.01, "mogad_like": 0.01}
    verdict = decide(SAME_POPULATION, signs(PML_LESION), prior=prior, prior_source="a site")
    assert verdict.images.prior.source == "uniform"
    assert verdict.with_context is not None
    assert verdict.with_context.prior.source == "a site"
    assert verdict.with_context.probabilities["ms_like"] > 0.5
    assert verdict.with_context.scores == verdict.images.scores


def test_the_region_divides_the_demyelinating_share_and_leaves_that_of_pml() -> None:
    verdict = decide(EVERYTHING, signs(PML_LESION), ClinicalContext({"region": "japan"}))
    assert verdict.with_context is not None
    prior = verdict.with_context.prior
    assert prior.source == "region: japan"
    assert prior.values["pml_like"] == 0.25
    assert prior.values["ms_like"] / prior.values["nmosd_like"] == pytest.approx(7.7 / 3.42)
    assert sum(prior.values.values()) == pytest.approx(1.0)
    elsewhere = decide(EVERYTHING, signs(PML_LESION), ClinicalContext({"region": "other"}))
    assert elsewhere.with_context is not None
    assert elsewhere.with_context.prior.source == "uniform"


NATALIZUMAB = {"drug": "natalizumab", "prior_immunosuppressant": False}


def quoted(**told: Any) -> str:
    """The published risk that is quoted with a context; empty where none is."""
    bare = decide(EVERYTHING, signs(PML_LESION), ClinicalContext({"region": "other"}))
    verdict = decide(EVERYTHING, signs(PML_LESION), ClinicalContext(told))
    assert verdict.images == bare.images
    assert verdict.with_context is not None
    assert verdict.with_context.prior.source == "uniform"
    found = [one for one in verdict.with_context.reasons if one.code == "published_pml_risk"]
    return found[0].text if found else ""


@pytest.mark.parametrize(
    ("told", "risk"),
    [
        ({"jcv_serum_ab": "pos", "jcv_index": 1.2, "drug_months": 12}, "0.2"),
        ({"jcv_serum_ab": "pos", "jcv_index": 1.5, "drug_months": 24}, "0.2"),
        ({"jcv_serum_ab": "pos", "jcv_index": 0.9, "drug_months": 60}, "1.4"),
        ({"jcv_index": 2.8, "drug_months": 24.5}, "8.8"),
        ({"jcv_index": 2.8, "drug_months": 72}, "10.1"),
        ({"jcv_serum_ab": "pos", "drug_months": 30, "prior_immunosuppressant": True}, "12"),
        ({"jcv_serum_ab": "neg"}, "0.02 to 0.2"),
    ],
)
def test_the_published_risk_of_the_stratum_is_quoted_and_is_no_prior(
    told: dict[str, Any], risk: str
) -> None:
    text = quoted(**{**NATALIZUMAB, **told})
    assert f": {risk} per 1000 patients (uptodate_pml)" in text
    assert "not used as a prior" in text


@pytest.mark.parametrize(
    "told",
    [
        {"drug": "natalizumab"},
        {**NATALIZUMAB, "jcv_index": 2.8},
        {"drug": "natalizumab", "jcv_index": 2.8, "drug_months": 30},
        {**NATALIZUMAB, "jcv_index": 1.2, "drug_months": 30},
        {**NATALIZUMAB, "jcv_index": 2.8, "drug_months": 90},
        {**NATALIZUMAB, "drug": "fingolimod", "jcv_index": 2.8, "drug_months": 30},
    ],
    ids=["drug alone", "no months", "immunosuppressant", "antibody", "after 72", "other drug"],
)
def test_no_risk_is_quoted_of_a_stratum_that_is_not_known(told: dict[str, Any]) -> None:
    assert not quoted(**told)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_a_prior_must_be_a_probability(share: float) -> None:
    prior = {**dict.fromkeys(PATTERNS, 0.25), "pml_like": share}
    with pytest.raises(FormError) as caught:
        decide(SAME_POPULATION, signs(), prior=prior)
    assert caught.value.code == "E73"


# Gaps


def test_what_is_missing_and_what_would_settle_it() -> None:
    verdict = decide(SAME_POPULATION, signs(lesion(cortical_gm=True)))
    gaps = {gap.sign: gap for gap in verdict.not_assessable}
    assert gaps["contrast_enhancement"].reason == "image_missing"
    assert gaps["contrast_enhancement"].needs == ("T1w_ce",)
    assert "cortical_gm" not in gaps
    assert verdict.would_settle
    assert verdict.would_settle[0].weight >= verdict.would_settle[-1].weight > 0


# The JSON


def test_json_has_the_keys_that_outsiders_rely_on() -> None:
    verdict = decide(EVERYTHING, signs(*heavy_ms(), PML_LESION), ClinicalContext({"host": "ms"}))
    written = to_json_dict(verdict)
    promised = [
        "schema",
        "intended_use",
        "pattern",
        "patterns",
        "ranking",
        "possible",
        "scores",
        "probabilities",
        "pairs",
        "prior",
        "with_context",
        "classifier",
        "reasons",
        "alerts",
        "lesions",
        "findings",
        "criteria",
        "not_assessable",
        "fragile",
    ]
    assert set(promised) <= set(written)
    assert written["schema"] == "lesionaid-verdict/1"
    assert "PML is never excluded" in written["intended_use"]
    assert sum(written["probabilities"].values()) == pytest.approx(1.0, abs=1e-3)
    assert set(written["with_context"]) >= {"pattern", "scores", "ranking", "possible", "prior"}
    text = json.dumps(written, allow_nan=False)
    assert json.loads(text) == written


def test_same_signs_same_verdict_whatever_the_order() -> None:
    table = signs(*heavy_ms())
    turned = SignTable(
        dict(reversed(table.lesions.items())),
        dict(reversed(table.patient.items())),
        table.groups[::-1],
    )
    backwards = RuleSet(EVERYTHING.rules[::-1], EVERYTHING.criteria, EVERYTHING.alerts)
    assert to_json_dict(decide(EVERYTHING, table)) == to_json_dict(decide(backwards, turned))


def test_schema_of_the_verdict() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    path = Path(rules_dir().parent, "lesionaid/report/schemas/verdict.schema.json")
    if not path.is_file():
        pytest.skip("the schema is not there")
    verdict = decide(EVERYTHING, signs(*heavy_ms(), PML_LESION), ClinicalContext({"host": "ms"}))
    jsonschema.validate(to_json_dict(verdict), json.loads(path.read_text()))


# Leaving lesions out


def test_without_lesions_sums_the_patient_again() -> None:
    table = signs(lesion(cortical_gm=True), lesion(cortical_gm=False, periventricular=True))
    typed = {**table.patient, "longitudinally_extensive_myelitis": SignValue(Truth.TRUE)}
    rest = without_lesions(SignTable(table.lesions, typed, table.groups), (1,))
    assert rest.patient["cortical_gm"].truth is Truth.FALSE
    assert rest.patient["periventricular"].truth is Truth.TRUE
    assert rest.patient["longitudinally_extensive_myelitis"].truth is Truth.TRUE
    assert [group.main for group in rest.groups] == [2]


# Completions


def _rule(name: str, pair: Pair, toward: Disease, counts: tuple[int, ...], **more: Any) -> Rule:
    fields: dict[str, Any] = {"level": "lesion", "group": name, **more}
    return Rule(
        id=name,
        title=name,
        status="draft",
        compares=pair,
        when=SignIs(name),
        toward=toward,
        grade="A",
        evidence=(Evidence("x", "table", "primary_table", "p", table=Table(*counts)),),
        limits=(),
        **fields,
    )


NEW = SignIs("new_or_enlarging")
ON_NATALIZUMAB = ContextIs("drug", ("natalizumab",))
SMALL = RuleSet(
    (
        _rule("a", (PML, MS), PML, (56, 105, 2, 110), gate=NEW),
        _rule("b", (PML, MS), MS, (27, 110, 1, 105), gate=NEW, group="g"),
        _rule("c", (PML, MS), PML, (63, 105, 32, 110), group="g"),
        _rule("d", (PML, NMOSD), PML, (40, 80, 10, 80)),
        _rule("e", (MS, NMOSD), MS, (36, 44, 2, 31), level="patient"),
        _rule("f", (NMOSD, MOGAD), MOGAD, (30, 134, 3, 70), level="patient", replaces=("h",)),
        _rule("h", (NMOSD, MOGAD), NMOSD, (41, 58, 12, 49), level="patient", group="f"),
        _rule(
            "i",
            (PML, MS),
            PML,
            (23, 92, 2, 59),
            population_gate=ContextIs("drug", ("natalizumab",)),
        ),
    )
)
LESION_SIGNS = ("a", "b", "c", "d", "new_or_enlarging")
PATIENT_SIGNS = ("e", "f", "h")


def small_table(values: Mapping[tuple[int, str], bool | None]) -> SignTable:
    lesions = {
        unit: {sign: SignValue(Truth.of(values.get((unit, sign)))) for sign in LESION_SIGNS}
        for unit in (1, 2)
    }
    patient = {sign: SignValue(Truth.of(values.get((0, sign)))) for sign in PATIENT_SIGNS}
    return SignTable(lesions, patient, (LesionGroup(1), LesionGroup(2)))


KEYS = [*itertools.product((1, 2), LESION_SIGNS), *((0, sign) for sign in PATIENT_SIGNS)]
truths = st.sampled_from([True, False, None])
tables = st.fixed_dictionaries(dict.fromkeys(KEYS, truths))


@settings(max_examples=150, deadline=None)
@given(values=tables, filled=st.fixed_dictionaries(dict.fromkeys(KEYS, st.booleans())))
def test_the_leader_of_any_completion_was_possible(
    values: dict[tuple[int, str], bool | None], filled: dict[tuple[int, str], bool]
) -> None:
    before = decide(SMALL, small_table(values)).images
    assert before.ranking[0] in before.possible
    completed = {key: filled[key] if value is None else value for key, value in values.items()}
    after = decide(SMALL, small_table(completed)).images
    assert after.ranking[0] in before.possible


@settings(max_examples=150, deadline=None)
@given(values=tables, key=st.sampled_from(KEYS), value=st.booleans())
def test_a_known_sign_only_narrows_what_is_possible(
    values: dict[tuple[int, str], bool | None], key: tuple[int, str], value: bool
) -> None:
    unknown = {**values, key: None}
    before = decide(SMALL, small_table(unknown)).images.possible
    after = decide(SMALL, small_table({**unknown, key: value})).images.possible
    assert set(after) <= set(before)


@settings(max_examples=25, deadline=None)
@given(
    lesions=st.lists(
        st.fixed_dictionaries(dict.fromkeys(lesion(), truths)), min_size=1, max_size=4
    ),
    extra=st.dictionaries(st.sampled_from(sorted(SIGNS)), st.booleans(), max_size=8),
    sign=st.sampled_from(sorted(SIGNS)),
    value=st.booleans(),
)
def test_a_known_sign_only_narrows_with_the_rules_of_the_house(
    lesions: list[Lesion], extra: dict[str, bool], sign: str, value: bool
) -> None:
    first = {**lesions[0], **extra, sign: None}
    before = decide(EVERYTHING, signs(first, *lesions[1:])).images.possible
    after = decide(EVERYTHING, signs({**first, sign: value}, *lesions[1:])).images.possible
    assert set(after) <= set(before)
