"""What a reader typed: forms for one study, features of a case, and what follows from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lesionaid.context import ClinicalContext
from lesionaid.errors import FormError
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.derive import derive
from lesionaid.signs.reader import apply_reader, expand_case, read_reader_form
from lesionaid.tables import LesionGroup, MeasurementTable, SignSource, SignTable
from lesionaid.truth import Truth
from tests.shared_data import shared_data

CATALOGUE = load_catalogue()
T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN


def case(features: dict[str, object], context: ClinicalContext | None = None) -> dict[str, Truth]:
    signs = expand_case(features, CATALOGUE, context)
    return {name: value.truth for name, value in signs.patient.items()}


def three_lesions() -> SignTable:
    def row(size: float, change: str) -> dict[str, Value]:
        return {
            "diameter_max_mm": Quantity(size, Unit.MM),
            "change_class": Category(change),
            "enhancement_class": Category("none"),
            "distance_cortex_mm": Quantity(9, Unit.MM),
        }

    rows = {1: row(20, "unchanged"), 2: row(9, "unchanged"), 4: row(4, "unchanged")}
    groups = (LesionGroup(1, (4,)), LesionGroup(2))
    return derive(MeasurementTable({}, rows, {}, groups), CATALOGUE, ClinicalContext())


def applied(tmp_path: Path, text: str, name: str = "reader.yaml") -> SignTable:
    path = tmp_path / name
    path.write_text(text)
    return apply_reader(three_lesions(), read_reader_form(path), CATALOGUE)


# ---- cases


def test_absent_is_unknown() -> None:
    assert set(case({}).values()) == {U}
    unknown = expand_case({}, CATALOGUE).patient["dwi_rim"].unknown
    assert unknown == Unknown(Reason.NOT_REPORTED, "", ("DWI", "lesions", "anatomy"))


def test_typed_values_are_the_readers() -> None:
    signs = expand_case({"focal": False, "ovoid": True, "atrophy": None}, CATALOGUE)
    for table in (signs.patient, signs.lesions[1]):
        assert table["focal"].truth is F
        assert table["ovoid"].truth is T
        assert table["ovoid"].source is SignSource.READER
        assert table["atrophy"].truth is U


def test_aliases() -> None:
    signs = case({"u_fibre": True, "Dawson": False})
    assert signs["juxtacortical_ufibre"] is T
    assert signs["dawson_fingers"] is F


def test_enhancement_ring_rules_the_other_patterns_out() -> None:
    signs = case({"enhancement": "ring"})
    patterns = [name for name in signs if name.startswith("enhancement_")]
    assert signs["contrast_enhancement"] is T
    assert signs["enhancement_ring"] is T
    ruled_out = ["enhancement_punctate", "enhancement_open_ring", "enhancement_cloud_like"]
    assert {signs[name] for name in ruled_out} == {F}
    assert len(patterns) > 10


def test_enhancement_none_and_unspecified() -> None:
    none = case({"enhancement": "none"})
    assert none["contrast_enhancement"] is F
    assert none["enhancement_ring"] is F
    assert none["enhancement_persists_6_months"] is F
    unspecified = case({"enhancement": "unspecified"})
    assert unspecified["contrast_enhancement"] is T
    assert unspecified["enhancement_ring"] is U


def test_second_pattern_stands_beside_the_first() -> None:
    signs = case({"enhancement": "nodular", "enhancement_secondary": "peripheral"})
    assert signs["enhancement_nodular"] is T
    assert signs["enhancement_peripheral"] is T
    assert signs["enhancement_ring"] is F


@pytest.mark.parametrize(
    ("size", "over_30", "over_20"), [(30, F, T), (30.1, T, T), (20, F, T), (19.9, F, F)]
)
def test_size(size: float, over_30: Truth, over_20: Truth) -> None:
    signs = case({"size_mm": size})
    assert signs["size_over_30mm"] is over_30
    assert signs["size_over_20mm"] is over_20


def test_lobes_leave_the_others_unknown() -> None:
    signs = case({"lobes": ["frontal", "parietal"]})
    assert signs["lobe_frontal"] is T
    assert signs["lobe_parietal"] is T
    assert signs["lobe_occipital"] is U
    assert signs["supratentorial"] is T
    assert case({"lobes": "frontal"})["lobe_frontal"] is T


def test_spinal_words() -> None:
    letm = case({"spinal": "letm"})
    assert (letm["spinal"], letm["longitudinally_extensive_myelitis"]) == (T, T)
    assert letm["cord_short_lesion"] is F
    none = case({"spinal": "none"})
    assert {none["spinal"], none["conus"], none["longitudinally_extensive_myelitis"]} == {F}
    assert none["cord_atrophy"] is U
    assert case({"spinal": "conus"})["longitudinally_extensive_myelitis"] is U
    assert case({"cord": True})["spinal"] is T


def test_optic_nerve_words_and_booleans() -> None:
    assert case({"optic_nerve": "none"})["optic_chiasm"] is F
    assert case({"optic_nerve": False})["optic_nerve_bilateral"] is F
    assert case({"optic_nerve": True})["optic_nerve_bilateral"] is U
    assert case({"optic_nerve": "bilateral"})["optic_nerve_bilateral"] is T


def test_part_implies_whole_and_absent_whole_has_no_part() -> None:
    there = case({"area_postrema": True})
    assert {there["medulla"], there["brainstem"], there["infratentorial"]} == {T}
    gone = case({"infratentorial": False})
    assert {gone["area_postrema"], gone["cerebellum"], gone["touches_infratentorial"]} == {F}


def test_what_was_typed_stands_against_what_follows() -> None:
    signs = case({"dawson_fingers": True, "periventricular": False})
    assert signs["dawson_fingers"] is T
    assert signs["periventricular"] is F


def test_focal_and_non_focal() -> None:
    assert case({"focal": True})["non_focal"] is F
    assert case({"focal": False})["non_focal"] is T
    assert case({"diffuse": True})["focal"] is F
    assert case({"confluent": True})["non_focal"] is T


def test_two_lesions_of_a_patient_may_differ() -> None:
    """What excludes one another in one lesion does not in a patient with several."""
    signs = case({"regressing": True, "periependymal_lv": True})
    assert signs["enlarging"] is U
    assert signs["periventricular_ovoid"] is U


def test_juxtacortical_or_cortical() -> None:
    assert case({"juxtacortical": True})["juxtacortical_or_cortical"] is T
    assert case({"jc_or_cortical": False})["cortical_gm"] is F
    assert case({"juxtacortical": False})["juxtacortical_or_cortical"] is U


def test_counts_over_a_form_are_unknown() -> None:
    signs = case({"ovoid": True})
    assert signs["multifocal"] is U
    assert signs["fewer_than_ten_lesions"] is U


def test_context_reaches_signs_only_when_given() -> None:
    acute = ClinicalContext({"acute_attack": True})
    assert case({"letm": True}, acute)["longitudinally_extensive_myelitis_acute"] is T
    assert case({"letm": True})["longitudinally_extensive_myelitis_acute"] is U
    assert case({"spinal": "none"})["longitudinally_extensive_myelitis_acute"] is F


def test_words_are_kept_as_information() -> None:
    extras = expand_case({"size_mm": 23, "size_text": "huge", "lobes": ["frontal"]}, CATALOGUE)
    assert extras.extras == {
        "size_mm": Quantity(23.0, Unit.MM),
        "size_text": Category("huge"),
        "lobes": Category("frontal"),
    }


@pytest.mark.parametrize(
    ("features", "code", "words"),
    [
        ({"perventricular": True}, "E53", ["'perventricular'", "periventricular"]),
        ({"host": "ms"}, "E53", ["belongs under 'context'"]),
        ({"zzzz": True}, "E53", ["--template"]),
        ({"focal": "yes"}, "E54", ["focal: 'yes'", "true, false, unknown"]),
        ({"focal": 1}, "E54", ["allowed"]),
        ({"focal": [True]}, "E54", ["allowed"]),
        ({"spinal": "lumpy"}, "E54", ["letm", "unspecified"]),
        ({"enhancement": "rings"}, "E54", ["open_ring"]),
        ({"enhancement": ["ring"]}, "E54", ["allowed"]),
        ({"lobes": ["frontal", "moon"]}, "E54", ["'moon'", "occipital"]),
        ({"size_mm": "23"}, "E54", ["a number from 0 to 250"]),
        ({"size_mm": -1}, "E54", ["-1"]),
        ({"size_mm": True}, "E54", ["True"]),
        ({"dawson": True, "dawson_fingers": False}, "E54", ["twice"]),
        ({"size_mm": 34, "size_over_30mm": False}, "E54", ["contradicts"]),
        ({"enhancement": "none", "contrast_enhancement": True}, "E54", ["contradicts"]),
    ],
)
def test_refused_features(features: dict[str, object], code: str, words: list[str]) -> None:
    with pytest.raises(FormError) as caught:
        case(features)
    assert caught.value.code == code
    assert caught.value.exit_code == 65
    for word in words:
        assert word in caught.value.message


@pytest.mark.real
def test_every_published_case_is_read() -> None:
    import yaml

    path = shared_data().parent / "evidence" / "published_cases.yaml"
    for row in yaml.safe_load(path.read_text()):
        signs = expand_case(row["features"], CATALOGUE)
        for name, value in row["features"].items():
            if isinstance(value, bool):
                assert signs.patient[name].truth is Truth.of(value), (row["id"], name)


_BOOLEAN = [sign.id for sign in CATALOGUE.signs.values() if not sign.values]


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(_BOOLEAN), st.booleans(), max_size=6),
    st.randoms(use_true_random=False),
)
def test_order_of_typing_leaves_no_trace(features: dict[str, bool], random: object) -> None:
    names = list(features)
    random.shuffle(names)  # type: ignore[attr-defined]
    assert case({name: features[name] for name in names}) == case(dict(features))


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(_BOOLEAN), st.just(True), max_size=4),
    st.sampled_from(_BOOLEAN),
)
def test_one_more_present_sign_leaves_known_signs_known(
    features: dict[str, bool], more: str
) -> None:
    before, after = case(dict(features)), case({**features, more: True})
    assert all(after[name].known for name, truth in before.items() if truth.known)


# ---- forms for a study


def test_sign_of_one_lesion(tmp_path: Path) -> None:
    signs = applied(tmp_path, "lesions:\n  2: {new_or_enlarging: true, central_vein: false}\n")
    assert signs.lesions[2]["new_or_enlarging"].truth is T
    assert signs.lesions[2]["new_or_enlarging"].source is SignSource.READER
    assert signs.lesions[1]["new_or_enlarging"].truth is F
    assert signs.patient["new_or_enlarging"].truth is T
    assert signs.patient["new_or_enlarging"].source is SignSource.READER
    assert signs.lesions[2]["central_vein"].truth is F
    assert signs.patient["central_vein"].truth is U


@pytest.mark.parametrize(
    "text",
    [
        "lesions: {biggest: {new_or_enlarging: true}}",
        "lesions: {largest: {new_or_enlarging: true}}",
        'lesions: {"1": {new_or_enlarging: true}}',
        "lesions: [{lesion: 1, new_or_enlarging: true}]",
        "lesions: [{lesion: biggest, signs: {new_or_enlarging: true}}]",
        "lesions: [{id: 1, features: {new_or_enlarging: true}}]",
        "- {lesion: 1, new_or_enlarging: true}",
        "lesion: biggest\nsigns: {new_or_enlarging: true}",
        "biggest: {new_or_enlarging: true}",
        "1: {new_or_enlarging: true}",
    ],
)
def test_ways_to_name_the_biggest(tmp_path: Path, text: str) -> None:
    signs = applied(tmp_path, text)
    found = {key: row["new_or_enlarging"].truth for key, row in signs.lesions.items()}
    assert found == {1: T, 2: F, 4: F}


@pytest.mark.parametrize(
    "text",
    ["patient: {spinal: letm}", "signs: {letm: true}", "spinal: letm", "features: {letm: true}"],
)
def test_ways_to_speak_of_the_patient(tmp_path: Path, text: str) -> None:
    signs = applied(tmp_path, text)
    assert signs.patient["longitudinally_extensive_myelitis"].truth is T
    assert signs.patient["spinal"].source is SignSource.READER


def test_json_form(tmp_path: Path) -> None:
    signs = applied(tmp_path, '{"lesions": {"2": {"ovoid": true}}}', "reader.json")
    assert signs.lesions[2]["ovoid"].truth is T


def test_all_lesions_at_once(tmp_path: Path) -> None:
    signs = applied(tmp_path, "lesions: {all: {central_vein: true}}")
    assert {row["central_vein"].truth for row in signs.lesions.values()} == {T}
    assert signs.patient["central_vein_three_or_more"].truth is T
    assert signs.patient["central_vein_six_or_more"].truth is F


def test_false_of_the_patient_is_false_of_every_lesion(tmp_path: Path) -> None:
    signs = applied(tmp_path, "patient: {central_vein: false, focal: true}")
    assert {row["central_vein"].truth for row in signs.lesions.values()} == {F}
    assert {row["focal"].truth for row in signs.lesions.values()} == {T}
    assert applied(tmp_path, "patient: {central_vein: true}").lesions[1]["central_vein"].truth is U


def test_reader_overrides_measurement_and_what_followed_from_it(tmp_path: Path) -> None:
    before = three_lesions()
    assert before.lesions[1]["enhancement_ring"].truth is F
    signs = applied(tmp_path, "lesions: {1: {contrast_enhancement: true}}")
    assert signs.lesions[1]["contrast_enhancement"].truth is T
    assert signs.lesions[1]["enhancement_ring"].truth is U
    assert signs.lesions[2]["enhancement_ring"].truth is F
    assert signs.patient["enhancing_and_not_enhancing"].truth is T


def test_what_follows_from_a_typed_sign_is_typed_too(tmp_path: Path) -> None:
    signs = applied(tmp_path, "lesions: {2: {juxtacortical_ufibre: true}}")
    touches = signs.lesions[2]["touches_juxtacortical"]
    assert (touches.truth, touches.source) == (T, SignSource.READER)
    assert signs.patient["juxtacortical_or_cortical"].truth is T


def test_a_typed_unknown_takes_a_measured_sign_back(tmp_path: Path) -> None:
    signs = applied(tmp_path, "lesions: {1: {new_or_enlarging: unknown}}")
    assert signs.lesions[1]["new_or_enlarging"].truth is U
    assert signs.patient["new_or_enlarging"].truth is U


def test_rejected_lesions_are_gone(tmp_path: Path) -> None:
    signs = applied(tmp_path, "reject: [1]")
    assert list(signs.lesions) == [2, 4]
    assert signs.groups == (LesionGroup(2), LesionGroup(4))
    signs = applied(tmp_path, "reject: [4, 2]")
    assert signs.groups == (LesionGroup(1),)
    assert signs.patient["multifocal"].truth is F
    empty = applied(tmp_path, "reject: [1, 2, 4]")
    assert empty.patient["new_or_enlarging"].truth is F


def test_a_crowd_with_rejected_satellites_is_no_longer_known(tmp_path: Path) -> None:
    row: dict[str, Value] = {
        "equivalent_diameter_mm": Quantity(9, Unit.MM),
        "satellite_count": Quantity(3, Unit.COUNT),
        "satellite_excess": Quantity(3, Unit.NONE),
    }
    dots = {key: {"equivalent_diameter_mm": Quantity(4, Unit.MM)} for key in (2, 3, 4)}
    table = MeasurementTable({}, {1: row, **dots}, {}, (LesionGroup(1, (2, 3, 4)),))
    signs = derive(table, CATALOGUE, ClinicalContext())
    assert signs.patient["punctate_satellites"].truth is T
    path = tmp_path / "reader.yaml"
    for text, truth in (
        ("reject: [3]", U),
        ("reject: [3]\nlesions: {1: {punctate_satellites: false}}", F),
    ):
        path.write_text(text)
        after = apply_reader(signs, read_reader_form(path), CATALOGUE)
        assert after.lesions[1]["punctate_satellites"].truth is truth


def test_the_biggest_after_rejection(tmp_path: Path) -> None:
    signs = applied(tmp_path, "reject: [1]\nlesions: {biggest: {ovoid: true}}")
    assert signs.lesions[2]["ovoid"].truth is T


def test_an_empty_form_changes_nothing(tmp_path: Path) -> None:
    assert applied(tmp_path, "") == three_lesions()
    assert applied(tmp_path, "schema: lesionaid-reader/1\nnote: seen on paper\n") == three_lesions()


@pytest.mark.parametrize(
    ("text", "code", "line", "words"),
    [
        ("lesions:\n  2:\n    new_or_enlargin: true\n", "E53", 3, ["new_or_enlarging"]),
        ("patient:\n  ovoidd: true\n", "E53", 2, ["nearest: ovoid"]),
        ("ovoidd: true\n", "E53", 1, ["nearest: ovoid"]),
        ("lesions: {3: {ovoid: true}}", "E55", 1, ["'3'", "lesions 1 to 4", "biggest"]),
        ("lesions: {first: {ovoid: true}}", "E55", 1, ["'first'"]),
        ("reject: [9]", "E55", 1, ["'9'"]),
        ("reject: [{a: 1}]", "E56", 1, ["list of lesion ids"]),
        ("lesions: {1: {spinal: letm}}", "E54", 1, ["said of the patient"]),
        ("lesions: {1: {ovoid: maybe}}", "E54", 1, ["true, false, unknown"]),
        ("lesions: {1: true}", "E56", 1, ["names with values"]),
        ("lesions: [{ovoid: true}]", "E56", 1, ["lesion: ID"]),
        ("just text", "E56", 1, ["names with values"]),
        ("patient: {ovoid: true}\nsigns: {ovoid: false}", "E54", None, ["twice"]),
        ("lesions:\n- {lesion: 1, ovoid: true}\n- {lesion: biggest, ovoid: false}", "E54", 3, []),
        ("a: 1\na: 2", "E50", 2, ["twice"]),
    ],
)
def test_refused_forms(
    tmp_path: Path, text: str, code: str, line: int | None, words: list[str]
) -> None:
    with pytest.raises(FormError) as caught:
        applied(tmp_path, text)
    assert caught.value.code == code
    if line is not None:
        assert caught.value.file == f"reader.yaml:{line}"
    for word in words:
        assert word in caught.value.message


def test_a_form_for_no_lesions_says_so(tmp_path: Path) -> None:
    path = tmp_path / "reader.yaml"
    path.write_text("lesions: {biggest: {ovoid: true}}")
    none = derive(MeasurementTable({}, {}, {}), CATALOGUE, ClinicalContext())
    with pytest.raises(FormError, match="there is no lesion"):
        apply_reader(none, read_reader_form(path), CATALOGUE)
