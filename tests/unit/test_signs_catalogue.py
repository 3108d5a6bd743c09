"""The sign catalogue: every name of the field leads to one sign; broken files are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lesionaid.context import context_keys
from lesionaid.errors import RuleError
from lesionaid.rules_path import rules_dir
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.condition import leaves, signs_in, uses_measurements
from lesionaid.signs.load import GROUPS
from tests.shared_data import shared_data

_CASE_NAMES = """
area_postrema atrophy bilateral brainstem central_optic_pathway cerebellar_peduncle cerebellum
concentric_rings confluent cord_atrophy corpus_callosum cortical_gm dawson_fingers deep_gm
deep_gm_sites deep_wm diencephalic diffuse dwi_hyperintense dwi_rim enhancement
enhancement_secondary enlarging focal infratentorial juxtacortical_ufibre lobes mass_effect
multifocal necrotic_or_cavitary new_vs_prior oedema optic_nerve ovoid periaqueductal
periependymal_3rd_4th periventricular punctate_satellites regressing resolved sharp_border
size_mm size_text spinal subcortical supratentorial swi_hypointense_rim symmetric t1_hypointense
tumefactive
"""
CASE_NAMES = tuple(_CASE_NAMES.split())
"""Names under which published cases were coded: ids, not aliases."""

_CRITERIA_NAMES = """
pv_body inf_temporal u_fibre dawson fit letm jc_or_cortical pv_ovoid periependymal_lv
periventricular infratentorial cord optic_nerve ge6_cvs wm_lt10 cvs_majority one_topography
cvs_pos prl_pos dit csf_pos two_or_three_topographies brain_normal_or_nonspecific on_gt_half
chiasm letm_acute atrophy_ge3seg_with_history core2 one_of_on_letm_aps dis_core mri_requirements
aqp4_neg_or_unknown alternatives_excluded on_bilateral perineural_enh disc_oedema
h_or_central_cord conus ill_defined_supra_and_infra_wm deep_grey ill_defined_brainstem_mcp
cortical_lesion core_event mog_clear_pos mog_low_or_untitred_or_csf_only aqp4_neg support
better_dx_excluded
"""
CRITERIA_NAMES = tuple(_CRITERIA_NAMES.split())
"""Inputs of the published criteria sets."""

_HOUSE_NAMES = """
new_or_enlarging contrast_enhancement enhancement_ring size_over_30mm lobe_frontal
touches_periventricular touches_juxtacortical touches_cortical touches_infratentorial
touches_deep_gray_matter touches_callosal inferior_temporal central_vein paramagnetic_rim
"""
HOUSE_NAMES = tuple(_HOUSE_NAMES.split())
"""Names that rules and outsiders rely on."""

GOOD = """\
schema: lesionaid-sign/1
id: {id}
title: A sign
section: extent
reader: What a reader calls so.
level: lesion
measure: {{measurement: diameter_max_mm, op: ">=", value: 3, unit: mm}}
threshold: {{status: proposed, source: chosen for the test}}
"""

CATALOGUE = load_catalogue()


@pytest.mark.parametrize("name", CASE_NAMES)
def test_names_of_published_cases_are_ids(name: str) -> None:
    assert CATALOGUE.find(name) == name


@pytest.mark.parametrize("name", CRITERIA_NAMES)
def test_inputs_of_criteria_are_signs(name: str) -> None:
    assert CATALOGUE.sign(name).id in CATALOGUE.signs


@pytest.mark.parametrize("name", HOUSE_NAMES)
def test_names_of_the_house_are_ids(name: str) -> None:
    assert CATALOGUE.sign(name).id == name


@pytest.mark.real
def test_every_name_of_the_evidence_is_known() -> None:
    import yaml

    evidence = shared_data().parent / "evidence"
    cases = yaml.safe_load((evidence / "published_cases.yaml").read_text())
    assert {name for case in cases for name in case["features"]} <= set(CASE_NAMES)
    sets = json.loads((evidence / "criteria_sets.json").read_text())["sets"]
    assert {name for row in sets.values() for name in row["inputs"]} <= set(CRITERIA_NAMES)


def test_no_two_criteria_inputs_lead_to_one_sign() -> None:
    found = [CATALOGUE.find(name) for name in CRITERIA_NAMES]
    assert len(found) == len(set(found))


def test_signs_come_after_those_they_rest_on() -> None:
    seen: set[str] = set()
    for sign in CATALOGUE.signs.values():
        assert signs_in(sign.measure) <= seen, sign.id
        seen.add(sign.id)


def test_every_entry_is_explained() -> None:
    for spec in (*CATALOGUE.signs.values(), *CATALOGUE.inputs.values()):
        assert spec.reader.endswith("."), spec.id
        assert spec.title[0].isupper() or spec.title[0].isdigit(), spec.id
        assert "count" not in spec.id, f"{spec.id}: counts are measurements, never signs"


def test_every_threshold_names_its_source() -> None:
    for sign in CATALOGUE.signs.values():
        if sign.measure is not None:
            assert sign.threshold in ("published", "proposed"), sign.id
            assert len(sign.source) > 5, sign.id


def test_measured_signs_say_what_they_need() -> None:
    for sign in CATALOGUE.signs.values():
        if sign.measure is not None and uses_measurements(sign.measure):
            assert "lesions" in sign.needs, sign.id
        assert sign.group in ("", *GROUPS)


def test_subtypes_of_enhancement_share_their_parent() -> None:
    beside = {"enhancement_leptomeningeal", "enhancement_perivascular"}  # not in the lesion itself
    for sign in CATALOGUE.signs.values():
        if sign.id.startswith("enhancement_") and sign.id not in beside:
            assert sign.implies, sign.id


def test_signs_and_context_have_no_name_in_common() -> None:
    both = {name for name in context_keys() if CATALOGUE.find(name)}
    assert both == {"tumefactive"}  # said by a reader as a sign, by a referrer as context


def test_find_takes_any_spelling() -> None:
    assert CATALOGUE.find("Dawson's finger") is None
    for name in ("DAWSON", "Dawson-Fingers", "dawson fingers"):
        assert CATALOGUE.find(name) == "dawson_fingers"


def test_unknown_sign_offers_the_nearest() -> None:
    assert CATALOGUE.find("perventricular") is None
    assert CATALOGUE.nearest("perventricular")[0] == "periventricular"
    with pytest.raises(RuleError, match="nearest: punctate_satellites"):
        CATALOGUE.sign("punctate_satelites")


def test_measurement_leaves_are_well_formed() -> None:
    for sign in CATALOGUE.signs.values():
        if sign.measure is not None:
            assert list(leaves(sign.measure)), sign.id


def test_loading_is_kept_and_finds_the_folder_either_way() -> None:
    assert load_catalogue() is load_catalogue(rules_dir())
    assert load_catalogue(rules_dir() / "signs") is load_catalogue()


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)


def test_a_good_file_loads(tmp_path: Path) -> None:
    write(tmp_path, big=GOOD.format(id="big"))
    assert list(load_catalogue(tmp_path).signs) == ["big"]


@pytest.mark.parametrize(
    ("change", "code", "line", "word"),
    [
        (("level: lesion\n", "level: lesion\nlevel: lesion\n"), "E60", 7, "twice"),
        (("title: A sign", "title: &a A sign"), "E60", 3, "anchor"),
        (("title: A sign\n", ""), "E61", 1, "'title' is missing"),
        (("title: A sign", "titel: A sign"), "E61", 3, "unknown field 'titel'"),
        (("level: lesion", "level: brain"), "E62", 6, "allowed: lesion, patient"),
        (("sign/1", "sign/2"), "E62", 1, "lesionaid-sign/1"),
        (("id: broken", "id: other"), "E62", 2, "file's name"),
        (("unit: mm", "unit: cm"), "E62", 7, "unit 'cm'; allowed"),
        ((", unit: mm", ""), "E61", 7, "'unit' is missing"),
        (('op: ">="', 'op: "=="'), "E62", 7, "op '=='"),
        (("value: 3", "value: three"), "E62", 7, "not a number"),
        (("value: 3", "value: 3, extra: 1"), "E61", 7, "unknown field 'extra'"),
        (("measurement: diameter_max_mm, ", ""), "E61", 7, "a condition has one of the keys"),
        (("status: proposed", "status: guessed"), "E62", 8, "published, proposed"),
        ((", source: chosen for the test", ""), "E61", 8, "'status' and 'source'"),
        (("threshold:", "limits: [x]\n#"), "E61", 7, "needs 'threshold'"),
        (("level: lesion", "level: lesion\nneeds: [PET]"), "E62", 7, "need 'PET'"),
        (("level: lesion", "level: lesion\naliases: x"), "E62", 7, "list of texts"),
        (("level: lesion", "level: lesion\ngroup: nonsense"), "E62", 7, "allowed"),
        (("level: lesion", "level: lesion\ninformation: 1"), "E62", 7, "true or false"),
        (("level: lesion", "level: patient\npatient: any"), "E61", 7, "signs of the lesion"),
        (("level: lesion", "level: lesion\nkind: nonsense"), "E62", 7, "kind 'nonsense'"),
        (("level: lesion", "level: lesion\nimplies: [ghost]"), "E63", None, "'ghost'"),
        (("level: lesion", "level: lesion\nvalues: {x: {present: [ghost]}}"), "E63", None, "ghost"),
        (("level: lesion", "level: lesion\nvalues: {x: {yes: [big]}}"), "E61", 7, "'present'"),
        (("level: lesion", "level: lesion\naliases: [big]"), "E63", None, "belongs to"),
    ],
)
def test_broken_files_name_file_line_and_mend(
    tmp_path: Path, change: tuple[str, str], code: str, line: int | None, word: str
) -> None:
    text = GOOD.format(id="broken")
    assert change[0] in text
    write(tmp_path, big=GOOD.format(id="big"), broken=text.replace(*change))
    with pytest.raises(RuleError) as caught:
        load_catalogue(tmp_path)
    assert caught.value.code == code
    where = "broken.yaml" if line is None else f"broken.yaml:{line}"
    assert caught.value.file == where
    assert word in caught.value.value
    assert "Fix:" in caught.value.message


@pytest.mark.parametrize(
    ("measure", "word"),
    [
        ("{all: []}", "list of conditions"),
        ("{any: 3}", "list of conditions"),
        ("{sign: ghost}", "ghost"),
        ("{all: [{sign: big}, {measurement: x, op: '>', value: 1, unit: mm}]}", "not both"),
        ("{count: {sign: big}, at_least: 2}", "of the patient"),
        ("{context: host, is: [ms]}", "of the patient"),
        ("{context: hosts, is: [ms]}", "not a key"),
        ("{context: host, is: [mars]}", "not a value"),
        ("{count: {sign: big}}", "at_least"),
        ("{count: {sign: big}, at_least: -1}", "not a count"),
        ("{at_least: 2}", "'of' is missing"),
        ("{measurement: x, is: [a], is_not: [a]}", "two lists"),
        ("{measurement: x, is: a, is_not: [b]}", "list of words"),
        ("3", "a condition is a mapping"),
        ("{sign: broken}", "circle"),
    ],
)
def test_broken_definitions(tmp_path: Path, measure: str, word: str) -> None:
    text = GOOD.format(id="broken").replace(
        '{measurement: diameter_max_mm, op: ">=", value: 3, unit: mm}', measure
    )
    write(tmp_path, big=GOOD.format(id="big"), broken=text)
    with pytest.raises(RuleError, match=word) as caught:
        load_catalogue(tmp_path)
    assert caught.value.file.startswith("broken.yaml")


def test_definitions_in_a_circle_are_refused(tmp_path: Path) -> None:
    for one, other in (("a", "b"), ("b", "a")):
        text = GOOD.format(id=one).replace(
            '{measurement: diameter_max_mm, op: ">=", value: 3, unit: mm}', f"{{sign: {other}}}"
        )
        write(tmp_path, **{one: text})
    with pytest.raises(RuleError, match="circle: a > b"):
        load_catalogue(tmp_path)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuleError) as caught:
        load_catalogue(tmp_path)
    assert caught.value.code == "E64"
