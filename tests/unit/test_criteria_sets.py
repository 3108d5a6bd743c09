"""Published criteria sets: truth tables, patients of a published table, and missing inputs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from lesionaid.context import ClinicalContext
from lesionaid.criteria.evaluate import criteria_outcomes
from lesionaid.criteria.load import load_rules
from lesionaid.rules_path import rules_dir
from lesionaid.tables import LesionGroup, SignTable, SignValue
from lesionaid.truth import Truth, any_of
from lesionaid.verdict.decide import decide

SIGNS = frozenset(path.stem for path in (rules_dir() / "signs").glob("*.yaml"))
RULE_SET = load_rules(rules_dir(), SIGNS)
SETS = {item.id: item for item in RULE_SET.criteria}
NMOSD_OR_MS = ClinicalContext({"question": "nmosd_vs_ms"})

REGIONS = ("periventricular", "juxtacortical_or_cortical", "infratentorial", "spinal")
SUPPORTING = (
    "optic_nerve_bilateral",
    "optic_nerve_over_half",
    "optic_perineural_enhancement",
    "optic_disc_oedema",
    "longitudinally_extensive_myelitis",
    "cord_central_grey",
    "conus",
    "ill_defined_white_matter_lesions",
    "deep_gm",
    "ill_defined_brainstem_peduncle",
    "cortical_gm",
)
MATTHEWS = ("periventricular_body", "inferior_temporal", "juxtacortical_ufibre", "dawson_fingers")

TRUTH_TABLES = {
    # inputs, rows that come out true
    "ms.matthews_2013": (MATTHEWS, 13),
    "ms.matthews_two_of_four": ((*MATTHEWS, "fluffy_infratentorial"), 19),
    "ms.matthews_three_of_five": (
        (*MATTHEWS, "fluffy_infratentorial", "longitudinally_extensive_myelitis"),
        26,
    ),
    "nmosd.cacciaguerra_2019": (
        (
            "juxtacortical_or_cortical",
            "periventricular_ovoid",
            "dawson_fingers",
            "longitudinally_extensive_myelitis",
            "periependymal_lateral_ventricle",
        ),
        26,
    ),
    "ms.dis_2010": (REGIONS, 11),
    "ms.dis_2017": (REGIONS, 11),
    "ms.dis_2024": ((*REGIONS, "optic_nerve"), 26),
    "ms.four_topographies_2024": ((*REGIONS, "optic_nerve"), 6),
    "ms.select6": (
        ("central_vein_six_or_more", "fewer_than_ten_lesions", "central_vein_majority"),
        5,
    ),
    "ms.one_topography_2024": (
        (
            "one_topography",
            "central_vein_select6",
            "paramagnetic_rim",
            "dissemination_in_time",
            "csf_positive",
        ),
        9,
    ),
    "ms.two_three_topographies_2024": (
        (
            "two_or_three_topographies",
            "dissemination_in_time",
            "csf_positive",
            "central_vein_select6",
        ),
        7,
    ),
    "nmosd.ipnd_2015_optic_neuritis": (
        ("brain_normal_or_nonspecific", "optic_nerve_over_half", "optic_chiasm"),
        7,
    ),
    "nmosd.ipnd_2015_myelitis": (
        ("longitudinally_extensive_myelitis_acute", "cord_atrophy_three_segments"),
        3,
    ),
    "nmosd.ipnd_2015_seronegative": (
        (
            "two_core_characteristics",
            "one_core_of_optic_cord_postrema",
            "core_dissemination_in_space",
            "ipnd_mri_requirements",
            "aqp4_negative_or_unavailable",
            "alternatives_excluded",
        ),
        1,
    ),
    "mogad.banwell_2023_support": (SUPPORTING, 2047),
    "mogad.banwell_2023": (
        (
            "core_event",
            "mog_clear_positive",
            "mog_low_positive",
            "aqp4_negative",
            "mogad_supporting_feature",
            "better_diagnosis_excluded",
        ),
        9,
    ),
}


def outcome(name: str, signs: Mapping[str, Truth], context: ClinicalContext = NMOSD_OR_MS) -> Truth:
    table = SignTable({}, {sign: SignValue(truth) for sign, truth in signs.items()})
    return criteria_outcomes((SETS[name],), table, context)[name].truth


@pytest.mark.parametrize("name", TRUTH_TABLES)
def test_truth_table(name: str) -> None:
    inputs, expected = TRUTH_TABLES[name]
    rows = list(itertools.product((Truth.FALSE, Truth.TRUE), repeat=len(inputs)))
    found = [outcome(name, dict(zip(inputs, row, strict=True))) for row in rows]
    assert found.count(Truth.TRUE) == expected
    assert found.count(Truth.UNKNOWN) == 0


@pytest.mark.parametrize("name", TRUTH_TABLES)
def test_nothing_known_is_undetermined(name: str) -> None:
    assert outcome(name, {}) is Truth.UNKNOWN


# Patients who reproduce the marginals of Jurynczyk 2017, tables 2 and 3: items a (body of the
# ventricle and inferior temporal lobe), b (U-fibre), c (Dawson's finger).
PATIENTS = {
    "RRMS": ({"110": 4, "101": 27, "011": 8, "111": 1, "000": 4}, 40, 44),
    "AQP4": ({"100": 1, "010": 1, "001": 1, "011": 1, "000": 27}, 4, 31),
    "MOG": ({"010": 1, "000": 20}, 1, 21),
}


@pytest.mark.parametrize("cohort", PATIENTS)
def test_matthews_on_the_patients_of_a_published_table(cohort: str) -> None:
    joint, met, n = PATIENTS[cohort]
    assert sum(joint.values()) == n
    found = 0
    for code, count in joint.items():
        a, b, c = (Truth.of(digit == "1") for digit in code)
        signs = dict(zip(MATTHEWS, (a, a, b, c), strict=True))
        found += count * (outcome("ms.matthews_2013", signs) is Truth.TRUE)
    assert found == met


# Missing inputs


@pytest.mark.parametrize("name", ["ms.dis_2010", "ms.dis_2017", "ms.dis_2024"])
@pytest.mark.parametrize("periventricular", [Truth.TRUE, Truth.FALSE])
def test_dissemination_on_a_brain_only_scan_is_unknown_never_false(
    name: str, periventricular: Truth
) -> None:
    brain = {
        "periventricular": periventricular,
        "juxtacortical_or_cortical": Truth.FALSE,
        "infratentorial": Truth.FALSE,
    }
    expected = Truth.UNKNOWN
    if periventricular is Truth.FALSE and name != "ms.dis_2024":
        expected = Truth.FALSE  # three of four regions clear: the cord alone cannot make two
    assert outcome(name, brain) is expected


def test_cacciaguerra_is_unknown_outside_its_question() -> None:
    everything = dict.fromkeys(TRUTH_TABLES["nmosd.cacciaguerra_2019"][0], Truth.FALSE)
    assert outcome("nmosd.cacciaguerra_2019", everything, ClinicalContext()) is Truth.UNKNOWN
    assert outcome("nmosd.cacciaguerra_2019", everything) is Truth.TRUE
    open_question = ClinicalContext({"question": "open"})
    assert outcome("nmosd.cacciaguerra_2019", everything, open_question) is Truth.UNKNOWN


def test_matthews_is_undefined_on_a_normal_brain() -> None:
    normal = {**dict.fromkeys(MATTHEWS, Truth.FALSE), "brain_normal_or_nonspecific": Truth.TRUE}
    assert outcome("ms.matthews_2013", normal) is Truth.UNKNOWN


def test_recalled_items_make_a_set_unverified() -> None:
    unverified = {item.id for item in SETS.values() if not item.verified}
    assert "ms.two_three_topographies_2024" in unverified
    assert "nmosd.ipnd_2025" in unverified
    assert "ms.matthews_2013" not in unverified


# PML first


def test_criteria_that_misfire_on_pml_never_hide_it() -> None:
    """A juxtacortical PML-like lesion meets Matthews' and Cacciaguerra's criteria."""
    known = {
        "punctate_satellites": True,
        "cortical_gm": True,
        "touches_juxtacortical": True,
        "juxtacortical_ufibre": True,
        "non_focal": True,
        "new_or_enlarging": True,
        "supratentorial": True,
        "juxtacortical_or_cortical": True,
        "periventricular": False,
        "periventricular_ovoid": False,
        "dawson_fingers": False,
        "longitudinally_extensive_myelitis": False,
    }
    lesion = {sign: SignValue(Truth.of(value)) for sign, value in known.items()}
    patient = {sign: SignValue(any_of([value.truth])) for sign, value in lesion.items()}
    table = SignTable({1: lesion}, patient, (LesionGroup(1),))
    for context in (ClinicalContext(), NMOSD_OR_MS):
        verdict = decide(RULE_SET, table, context)
        assert verdict.criteria["ms.matthews_2013"].truth is Truth.TRUE
        assert verdict.pattern == "pml_like"
        assert [alert.code for alert in verdict.alerts] == ["pml_review"]
        if context is NMOSD_OR_MS:
            assert verdict.criteria["nmosd.cacciaguerra_2019"].truth is Truth.TRUE
            assert verdict.with_context is not None
            assert verdict.with_context.pattern == "pml_like"
