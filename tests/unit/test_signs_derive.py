"""From measurements to signs: every threshold just above, just below, and unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from itertools import product

import pytest

from lesionaid.change.match import CHANGE_SPECS
from lesionaid.context import ClinicalContext
from lesionaid.errors import RuleError
from lesionaid.features.catalogue import FEATURES
from lesionaid.quantity import Category, Quantity, Reason, Unit, Unknown, Value
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.condition import Combined, Compared, Condition, NamedIs, Threshold, leaves
from lesionaid.signs.derive import derive
from lesionaid.signs.evaluate import Scope, evaluate
from lesionaid.signs.spec import SignSpec
from lesionaid.tables import LesionGroup, MeasurementTable, SignSource, SignTable
from lesionaid.truth import Truth

CATALOGUE = load_catalogue()
SPECS = {spec.name: spec for spec in (*FEATURES, *CHANGE_SPECS)}
NOTHING = ClinicalContext()


def mm(value: float) -> Quantity:
    return Quantity(value, Unit.MM)


def table(
    lesions: Mapping[int, Mapping[str, Value]],
    study: Mapping[str, Value] | None = None,
    specks: frozenset[int] = frozenset(),
) -> MeasurementTable:
    known: dict[str, Value] = {"lesion_count": Quantity(len(lesions), Unit.COUNT)}
    groups = tuple(LesionGroup(lesion) for lesion in lesions)
    return MeasurementTable(SPECS, lesions, {**known, **(study or {})}, groups, specks)


ABOVE = {"fraction_infratentorial": Quantity(0.0, Unit.NONE)}


def of_one(**values: Value) -> SignTable:
    return derive(table({1: {"diameter_max_mm": mm(8), **values}}), CATALOGUE, NOTHING)


MEASURED = [
    pytest.param(sign, leaf, id=f"{sign.id}-{leaf.measurement}-{i}")
    for sign in CATALOGUE.signs.values()
    if sign.measure is not None
    for i, leaf in enumerate(leaves(sign.measure))
    if isinstance(leaf, Threshold | NamedIs)
]


def others(condition: Condition, leaf: Condition) -> dict[str, Value]:
    """Values that leave the whole definition to one leaf."""
    if condition is leaf or not isinstance(condition, Combined):
        return {}
    values: dict[str, Value] = {}
    for part in condition.parts:
        if any(one is leaf for one in leaves(part)):
            values |= others(part, leaf)
        else:  # beside "all" the rest must hold, beside "any" it must not
            for one in leaves(part):
                values |= settled(one, condition.how == "all")
    return values


def left_to(condition: Condition, leaf: Threshold | NamedIs) -> dict[str, Value]:
    """:func:`others`; what is held against two thresholds is put between them where need be."""
    rest = others(condition, leaf)
    yes, no = settled(leaf, True), settled(leaf, False)
    names = [one.measurement for one in leaves(condition) if isinstance(one, Threshold)]
    twice = [one for one, n in Counter(names).items() if n > 1 and one != leaf.measurement]
    near = {
        name: [
            {name: Quantity(one.value + step, one.unit)}
            for one in leaves(condition)
            if isinstance(one, Threshold) and one.measurement == name
            for step in (1e-3, -1e-3)
        ]
        for name in twice
    }
    for chosen in product([{}], *near.values()):
        values = dict(rest)
        for one in chosen:
            values |= one
        if truth_of(condition, values | yes) is not truth_of(condition, values | no):
            return values
    return rest


def truth_of(condition: Condition, values: dict[str, Value]) -> Truth:
    return evaluate(condition, Scope(values=values, specs=SPECS)).truth


def settled(leaf: Condition, wanted: bool) -> dict[str, Value]:
    if isinstance(leaf, Threshold):
        up = leaf.op in (">", ">=")
        step = min(1.0, abs(leaf.value) or 1.0)
        return {
            leaf.measurement: Quantity(leaf.value + (step if up is wanted else -step), leaf.unit)
        }
    if isinstance(leaf, Compared):
        return {leaf.measurement: mm(1.0), leaf.than: mm(2.0)}
    if isinstance(leaf, NamedIs):
        return {leaf.measurement: Category((leaf.yes if wanted else leaf.no)[0])}
    return {}


@pytest.mark.parametrize(("sign", "leaf"), MEASURED)
def test_just_above_just_below_and_unknown(sign: SignSpec, leaf: Threshold | NamedIs) -> None:
    assert sign.measure is not None
    rest = left_to(sign.measure, leaf)

    def truth(value: Value) -> Truth:
        return truth_of(sign.measure, {**rest, leaf.measurement: value})

    if isinstance(leaf, Threshold):
        tiny = 1e-6
        for shift in (-tiny, 0.0, tiny):
            expected = {
                ">": shift > 0,
                ">=": shift >= 0,
                "<": shift < 0,
                "<=": shift <= 0,
            }[leaf.op]
            assert truth(Quantity(leaf.value + shift, leaf.unit)) is Truth.of(expected)
    else:
        for word in leaf.yes:
            assert truth(Category(word)) is Truth.TRUE
        for word in leaf.no:
            assert truth(Category(word)) is Truth.FALSE
        for word in leaf.unsure:
            assert truth(Category(word)) is Truth.UNKNOWN
    assert truth(Unknown(Reason.LOW_QUALITY)) is Truth.UNKNOWN


@pytest.mark.parametrize(("sign", "leaf"), MEASURED)
def test_signs_and_measurements_have_not_drifted_apart(
    sign: SignSpec, leaf: Threshold | NamedIs
) -> None:
    spec = SPECS[leaf.measurement]
    assert spec.level == ("lesion" if sign.level == "lesion" else "study")
    assert spec.unit == (leaf.unit if isinstance(leaf, Threshold) else None)
    assert set(spec.needs) <= {*sign.needs, "lesions"}


def test_every_sign_has_a_row() -> None:
    signs = of_one()
    assert set(signs.lesions[1]) == set(CATALOGUE.lesion_signs)
    assert set(signs.patient) == set(CATALOGUE.signs)
    for value in (*signs.lesions[1].values(), *signs.patient.values()):
        assert (value.unknown is not None) == (value.truth is Truth.UNKNOWN)


def test_the_value_behind_a_sign_is_kept() -> None:
    diameter = mm(8)
    sign = of_one(diameter_max_mm=diameter).lesions[1]["size_over_3mm"]
    assert sign.truth is Truth.TRUE
    assert sign.value == diameter


def test_the_reason_of_an_unknown_travels() -> None:
    why = Unknown(Reason.LOW_RESOLUTION, "slices of 5 mm", ("3D FLAIR",))
    signs = of_one(
        equivalent_diameter_mm=mm(9),
        satellite_count=why,
        satellite_excess=Quantity(3, Unit.NONE),
    )
    assert signs.lesions[1]["punctate_satellites"].unknown == why
    assert signs.patient["punctate_satellites"].unknown == why


def test_a_missing_image_is_named() -> None:
    missing = Unknown(Reason.IMAGE_MISSING, "no DWI")
    rim_values = ("dwi_rim_z_nawm", "dwi_rim_core_ratio", "dwi_rim_completeness")
    signs = of_one(dwi_bright_z_nawm=missing, **dict.fromkeys(rim_values, missing))
    bright = signs.patient["dwi_hyperintense"].unknown
    assert bright is not None
    assert bright.needs == ("DWI",)
    rim = signs.patient["dwi_rim"].unknown
    assert rim is not None
    assert (rim.reason, rim.needs) == (Reason.IMAGE_MISSING, ("DWI",))


def test_what_a_brain_scan_cannot_show_asks_for_the_scan_that_can() -> None:
    signs = of_one()
    for name, need in (("spinal", "spinal_cord"), ("optic_nerve", "orbit")):
        unknown = signs.patient[name].unknown
        assert unknown is not None
        assert (unknown.reason, unknown.needs) == (Reason.IMAGE_MISSING, (need,))
    core = signs.patient["core_event"].unknown
    assert core is not None
    assert core.reason is Reason.CONTEXT_MISSING
    unmeasured = signs.patient["central_vein_majority"].unknown
    assert unmeasured is not None
    assert unmeasured.reason is Reason.NOT_MEASURED


def test_a_prior_that_is_missing_is_named() -> None:
    signs = of_one(change_class=Unknown(Reason.PRIOR_MISSING))
    for name in ("new_or_enlarging", "rapid_growth"):
        unknown = signs.patient[name].unknown
        assert unknown is not None
        assert (unknown.reason, unknown.needs) == (Reason.PRIOR_MISSING, ("prior",))


@pytest.mark.parametrize(
    ("word", "truth"),
    [("new", Truth.TRUE), ("enlarging", Truth.TRUE), ("unchanged", Truth.FALSE)],
)
def test_novelty(word: str, truth: Truth) -> None:
    assert of_one(change_class=Category(word)).patient["new_or_enlarging"].truth is truth


def test_possible_enhancement_is_unknown_for_the_noise() -> None:
    sign = of_one(enhancement_class=Category("possible")).patient["contrast_enhancement"]
    assert sign.truth is Truth.UNKNOWN
    assert sign.unknown is not None
    assert sign.unknown.reason is Reason.BELOW_NOISE


def test_what_does_not_enhance_has_no_pattern() -> None:
    signs = of_one(enhancement_class=Category("none"))
    assert signs.patient["enhancement_ring"].truth is Truth.FALSE
    assert of_one(enhancement_class=Category("likely")).patient["enhancement_ring"].truth is (
        Truth.UNKNOWN
    )


def test_periventricular_asks_for_more_than_touch() -> None:
    def at(share: float, mm3: float) -> Mapping[str, Truth]:
        signs = of_one(
            distance_lateral_ventricle_mm=mm(1),
            periventricular_fraction=Quantity(share, Unit.NONE),
            periventricular_volume_mm3=Quantity(mm3, Unit.MM3),
        )
        return {name: value.truth for name, value in signs.patient.items()}

    assert at(0.4, 60)["periventricular"] is Truth.TRUE
    assert at(0.05, 2000)["periventricular"] is Truth.TRUE  # a confluent lesion of 40 ml
    assert at(0.02, 60)["periventricular"] is Truth.FALSE
    assert at(0.02, 60)["touches_periventricular"] is Truth.TRUE
    assert at(0.02, 60)["dawson_fingers"] is Truth.FALSE


def test_units_are_checked() -> None:
    wrong = table({1: {"diameter_max_mm": Quantity(3, Unit.MM3)}})
    with pytest.raises(RuleError, match="is in mm3"):
        derive(wrong, CATALOGUE, NOTHING)


def test_a_category_that_no_list_names_is_a_fault() -> None:
    with pytest.raises(RuleError, match="no list names"):
        of_one(change_class=Category("newish"))


def test_patient_has_what_any_lesion_has() -> None:
    far, near = ({"distance_cortex_mm": mm(away)} | ABOVE for away in (9, 0))
    big = {"diameter_max_mm": mm(10)}
    signs = derive(table({1: big | far, 2: big | near}), CATALOGUE, NOTHING)
    assert signs.lesions[1]["touches_juxtacortical"].truth is Truth.FALSE
    assert signs.patient["touches_juxtacortical"].truth is Truth.TRUE
    both = derive(table({1: big | far, 2: big}), CATALOGUE, NOTHING)
    assert both.patient["touches_juxtacortical"].truth is Truth.UNKNOWN


def test_focal_holds_for_the_patient_only_if_every_lesion_is() -> None:
    small = {"diameter_max_mm": mm(6), "volume_mm3": Quantity(100, Unit.MM3)}
    spread = {
        "diameter_max_mm": mm(40),
        "body_diameter_mm": mm(35),
        "thickness_max_mm": mm(20),
        "volume_mm3": Quantity(9000, Unit.MM3),
        "irregularity": Quantity(0.8, Unit.NONE),
        "solidity": Quantity(0.5, Unit.NONE),
    }
    signs = derive(table({1: spread, 2: small}), CATALOGUE, NOTHING)
    assert signs.lesions[2]["focal"].truth is Truth.TRUE
    assert signs.patient["focal"].truth is Truth.FALSE
    assert signs.patient["non_focal"].truth is Truth.TRUE
    assert derive(table({2: small}), CATALOGUE, NOTHING).patient["focal"].truth is Truth.TRUE


def test_a_thin_network_is_neither_large_nor_diffuse() -> None:
    network = {
        "diameter_max_mm": mm(120),
        "body_diameter_mm": mm(15),
        "thickness_max_mm": mm(5),
        "volume_mm3": Quantity(4_000, Unit.MM3),
        "irregularity": Quantity(0.95, Unit.NONE),
        "solidity": Quantity(0.1, Unit.NONE),
    }
    signs = of_one(**network)
    for name in ("size_over_30mm", "diffuse", "confluent", "non_focal"):
        assert signs.patient[name].truth is Truth.FALSE


def test_specks_and_lesions_under_3_mm_do_not_count() -> None:
    near = {"distance_cortex_mm": mm(0)} | ABOVE
    lesions = {1: near | {"diameter_max_mm": mm(2.9)}, 2: near | {"diameter_max_mm": mm(9)}}
    signs = derive(table(lesions, specks=frozenset({2})), CATALOGUE, NOTHING)
    assert list(signs.lesions) == [1]
    assert signs.lesions[1]["touches_juxtacortical"].truth is Truth.TRUE
    assert signs.patient["touches_juxtacortical"].truth is Truth.FALSE


def test_unknown_size_counts() -> None:
    scale = Unknown(Reason.SCALE_UNKNOWN)
    signs = of_one(diameter_max_mm=scale, distance_cortex_mm=mm(0), **ABOVE)
    assert signs.patient["touches_juxtacortical"].truth is Truth.TRUE
    assert signs.patient["size_over_30mm"].unknown is not None


def test_cortex_across_the_tentorium_is_not_touched() -> None:
    below = {"fraction_infratentorial": Quantity(0.97, Unit.NONE)}
    over = of_one(distance_cortex_mm=mm(0.5), **ABOVE)
    assert over.patient["touches_juxtacortical"].truth is Truth.TRUE
    peduncle = of_one(distance_cortex_mm=mm(0.5), **below)
    assert peduncle.patient["touches_juxtacortical"].truth is Truth.FALSE


def test_no_lesion_and_no_mask_differ() -> None:
    none = derive(table({}), CATALOGUE, NOTHING)
    assert none.lesions_known
    assert none.patient["touches_juxtacortical"].truth is Truth.FALSE
    assert none.patient["multifocal"].truth is Truth.FALSE
    assert none.patient["focal"].truth is Truth.UNKNOWN
    no_mask = derive(
        table({}, {"lesion_count": Unknown(Reason.LESIONS_MISSING)}), CATALOGUE, NOTHING
    )
    assert not no_mask.lesions_known
    for name in ("touches_juxtacortical", "multifocal"):
        unknown = no_mask.patient[name].unknown
        assert unknown is not None
        assert unknown.reason is Reason.LESIONS_MISSING


def test_counting_lesions() -> None:
    def signs(n: int) -> Mapping[str, Truth]:
        lesions = {i: {"diameter_max_mm": mm(5)} for i in range(1, n + 1)}
        found = derive(table(lesions), CATALOGUE, NOTHING)
        return {name: value.truth for name, value in found.patient.items()}

    assert signs(1)["multifocal"] is Truth.FALSE
    assert signs(2)["multifocal"] is Truth.TRUE
    assert signs(9)["fewer_than_ten_lesions"] is Truth.TRUE
    assert signs(10)["fewer_than_ten_lesions"] is Truth.FALSE


def test_enhancing_beside_not_enhancing() -> None:
    big = {"diameter_max_mm": mm(9)}
    on, off = {"enhancement_class": Category("likely")}, {"enhancement_class": Category("none")}
    found = derive(table({1: big | on, 2: big | off}), CATALOGUE, NOTHING).patient
    assert found["enhancing_and_not_enhancing"].truth is Truth.TRUE
    assert found["dissemination_in_time"].truth is Truth.TRUE
    found = derive(table({1: big | on, 2: big | on}), CATALOGUE, NOTHING).patient
    assert found["enhancing_and_not_enhancing"].truth is Truth.FALSE


def test_topographies_on_a_brain_scan_are_not_settled_by_absence() -> None:
    found = of_one(distance_lateral_ventricle_mm=mm(0)).patient
    assert found["one_topography"].truth is Truth.UNKNOWN
    assert found["two_or_three_topographies"].truth is Truth.UNKNOWN


def test_context_answers_signs_and_not_tested_is_not_negative() -> None:
    def with_serum(**serum: str) -> SignTable:
        return derive(table({}), CATALOGUE, ClinicalContext(serostatus=serum))

    tested = with_serum(aqp4_igg="neg_cba", ocb="pos", mog_igg="clear_pos")
    for name in ("aqp4_negative", "csf_positive", "mog_clear_positive"):
        assert tested.patient[name].truth is Truth.TRUE
        assert tested.patient[name].source is SignSource.CONTEXT
    untested = with_serum(aqp4_igg="not_tested")
    assert untested.patient["aqp4_negative"].truth is Truth.UNKNOWN
    assert untested.patient["aqp4_negative_or_unavailable"].truth is Truth.TRUE
    silent = with_serum().patient["aqp4_negative_or_unavailable"]
    assert silent.truth is Truth.UNKNOWN
    assert silent.unknown is not None
    assert silent.unknown.needs == ("context:aqp4_igg",)
    assert with_serum(mog_igg="pos").patient["mog_clear_positive"].truth is Truth.UNKNOWN


def test_order_of_lesions_leaves_no_trace() -> None:
    a = {1: {"diameter_max_mm": mm(9)}, 2: {"diameter_max_mm": mm(4)}}
    b = dict(reversed(a.items()))
    one, other = (derive(table(rows), CATALOGUE, NOTHING) for rows in (a, b))
    assert list(one.lesions.items()) == list(other.lesions.items())
    assert one.patient == other.patient
