"""Signs of place: every one present, just not present, and unknown, on a map made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lesionaid.anatomy.map import PARTS
from lesionaid.features.parts import PART_SPECS, part_measurements
from lesionaid.features.voxels import lesion_voxels
from lesionaid.geometry import Grid
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unknown, Value
from lesionaid.truth import Truth
from tests.unit.anatomy_phantom import ball_mm, grid_of, lesions_of
from tests.unit.parts_phantom import PART, anatomy_with_parts, box, signs_of, table_of

GRIDS = [grid_of(), grid_of((1.0, 1.0, 3.0))]
FINE = GRIDS[0]
IDS = ["1 mm", "3 mm slices"]

# sign, a lesion that has it, and one that just has it not: low and high corner in mm
PLACES = [
    ("periventricular_body", ((4, -3, -6), (10, 3, 6)), ((4, 14, -6), (10, 20, 6))),
    ("callosal_genu", ((-3, 12, 18), (3, 16, 24)), ((-3, 2, 18), (3, 8, 24))),
    ("callosal_splenium", ((-3, -16, 18), (3, -12, 24)), ((-3, -8, 18), (3, -2, 24))),
    ("deep_gm_thalamus", ((8, -6, -6), (14, 0, 6)), ((8, 0, -6), (14, 6, 6))),
    ("deep_gm_basal_ganglia", ((8, 0, -6), (14, 6, 6)), ((8, -6, -6), (14, 0, 6))),
    ("internal_capsule", ((15, -4, -6), (19, 4, 6)), ((15, 8, -6), (19, 14, 6))),
    ("midbrain", ((15, -4, -21), (19, 4, -12)), ((15, -4, -3), (19, 4, 6))),
    ("pons", ((5, -4, -28), (9, 4, -22)), ((11, -4, -28), (15, 4, -22))),
    ("medulla", ((5, -12, -28), (9, -8, -22)), ((5, -4, -28), (9, 4, -22))),
    ("cerebellar_peduncle", ((11, -4, -28), (15, 4, -22)), ((21, -4, -28), (24, 4, -22))),
    ("cerebellar_peduncle_diffuse", ((10, -10, -28), (20, 4, -22)), ((10, -10, -28), (14, 9, -22))),
    ("inferior_temporal", ((14, -24, -18), (20, -18, -9)), ((14, -24, -3), (20, -18, 6))),
    ("area_postrema", ((5, -18, -28), (9, -15, -22)), ((5, -12, -28), (9, -9, -22))),
    ("periaqueductal", ((12, -7, -21), (14, -3, -12)), ((15, -4, -21), (19, 4, -12))),
    ("hypothalamus", ((4, 11, -20), (8, 15, -15)), ((9, 11, -20), (13, 15, -15))),
    ("diencephalic", ((4, -4, -18), (7, 6, -12)), ((9, -4, -18), (11, 6, -12))),
    ("periependymal_3rd_4th", ((4, -26, -18), (7, -16, -12)), ((7, -26, -18), (11, -16, -12))),
    ("corticospinal_tract_long", ((14, -3, -21), (17, 3, 6)), ((14, -3, -21), (17, 3, -9))),
    ("temporal_subcortical", ((18, -26, -18), (23, -18, -9)), ((18, -2, -18), (23, 6, -9))),
]

FOUND = [row[:2] for row in PLACES]
NAMED = [row for row in FOUND if row[0] != "temporal_subcortical"]
"""What rests on named parts; the temporal lobe is one of the lobes."""


def truth(grid: Grid, sign: str, corners: tuple, **more: object) -> Truth:
    return signs_of(grid, box(grid, *corners), **more).patient[sign].truth


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
@pytest.mark.parametrize(("sign", "there", "beside"), PLACES, ids=[row[0] for row in PLACES])
def test_a_sign_and_its_neighbour(grid: Grid, sign: str, there: tuple, beside: tuple) -> None:
    assert truth(grid, sign, there) is Truth.TRUE
    assert truth(grid, sign, beside) is Truth.FALSE


@pytest.mark.parametrize(("sign", "there"), NAMED)
def test_unknown_where_the_map_names_no_parts(sign: str, there: tuple) -> None:
    bare = anatomy_with_parts(FINE, parts=None, zones=None)
    sign_value = signs_of(FINE, box(FINE, *there), bare).patient[sign]
    assert sign_value.truth is Truth.UNKNOWN
    assert sign_value.unknown is not None
    assert sign_value.unknown.reason is Reason.ANATOMY_MISSING


@pytest.mark.parametrize(("sign", "there"), FOUND)
def test_the_left_side_is_like_the_right(sign: str, there: tuple) -> None:
    (x0, *low), (x1, *high) = there
    assert truth(FINE, sign, ((-x1, *low), (-x0, *high))) is Truth.TRUE


def test_a_part_that_a_map_lacks_is_unknown_and_the_others_are_not() -> None:
    anatomy = anatomy_with_parts(FINE)
    assert anatomy.parts is not None
    few = np.where(np.isin(anatomy.parts, [PART["thalamus"]]), anatomy.parts, 0).astype(np.uint8)
    signs = signs_of(FINE, box(FINE, (8, -6, -6), (14, 0, 6)), replace(anatomy, parts=few)).patient
    assert signs["deep_gm_thalamus"].truth is Truth.TRUE
    assert signs["hypothalamus"].truth is Truth.UNKNOWN
    assert "no hypothalamus" in signs["hypothalamus"].unknown.detail
    # No brainstem lesion is no medullary one, whatever the map names.
    assert signs["medulla"].truth is Truth.FALSE


def test_fractions_and_volumes_are_those_of_the_boxes() -> None:
    row = table_of(FINE, box(FINE, (8, -3, -6), (14, 3, 6))).lesions[1]
    assert number(row["fraction_thalamus"]) == pytest.approx(0.5)
    assert number(row["thalamus_volume_mm3"]) == pytest.approx(6 * 3 * 12)
    assert number(row["basal_ganglia_volume_mm3"]) == pytest.approx(6 * 3 * 12)
    assert number(row["fraction_pons"]) == 0


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_callosal_length_and_thickness(grid: Grid) -> None:
    row = table_of(grid, box(grid, (-3, -10, 18), (3, 5, 24))).lesions[1]
    assert number(row["callosal_length_share"]) == pytest.approx(15 / 60)
    # 6 of 8 mm wide, 6 of 15 mm high.
    assert number(row["callosal_thickness_share"]) == pytest.approx(6 / 8 * 6 / 15, abs=0.01)
    row = table_of(grid, box(grid, (-4, -10, 15), (4, 20, 30))).lesions[1]
    assert number(row["callosal_length_share"]) == pytest.approx(0.5)
    assert number(row["callosal_thickness_share"]) == pytest.approx(1)
    row = table_of(grid, box(grid, (15, -4, -6), (19, 4, 6))).lesions[1]
    assert number(row["callosal_length_share"]) == number(row["callosal_thickness_share"]) == 0


def test_two_touches_of_the_callosum_make_no_length() -> None:
    bow = box(FINE, (4, -20, 18), (6, 20, 21))
    bow |= box(FINE, (0, -20, 18), (4, -17, 21)) | box(FINE, (0, 17, 18), (4, 20, 21))
    row = table_of(FINE, bow).lesions[1]
    assert number(row["callosal_length_share"]) == pytest.approx(3 / 60)


def test_run_down_the_corticospinal_corridor() -> None:
    row = table_of(FINE, box(FINE, (14, -3, -21), (17, 3, 6))).lesions[1]
    assert number(row["fraction_corticospinal"]) == pytest.approx(1)
    assert number(row["corticospinal_length_mm"]) == pytest.approx(np.sqrt(27**2 + 6**2 + 3**2))
    assert number(row["fraction_corticospinal_capsule"]) == pytest.approx(12 / 27)
    assert number(row["fraction_corticospinal_peduncle"]) == pytest.approx(11 / 27)
    wide = box(FINE, (10, -6, -21), (20, 6, 6))
    assert signs_of(FINE, wide).patient["corticospinal_tract_long"].truth is Truth.FALSE


def test_peduncle_is_filled_on_one_side() -> None:
    row = table_of(FINE, box(FINE, (10, -10, -28), (20, 0, -22))).lesions[1]
    assert number(row["middle_peduncle_filled_fraction"]) == pytest.approx(0.5)
    both = table_of(FINE, box(FINE, (-20, -10, -28), (20, 0, -22))).lesions[1]
    assert number(both["middle_peduncle_filled_fraction"]) == pytest.approx(0.5)


def test_a_blurred_map_leaves_small_structures_open_only_nearby() -> None:
    blurred = anatomy_with_parts(FINE, error_mm=3.0)
    near = signs_of(FINE, box(FINE, (9, 11, -20), (13, 15, -15)), blurred).patient["hypothalamus"]
    assert near.truth is Truth.UNKNOWN
    assert near.unknown is not None
    assert near.unknown.reason is Reason.LOW_QUALITY
    far = signs_of(FINE, box(FINE, (13, 11, -20), (17, 15, -15)), blurred).patient
    assert far["hypothalamus"].truth is Truth.FALSE
    large = signs_of(FINE, box(FINE, (5, -4, -28), (9, 4, -22)), blurred).patient
    assert large["pons"].truth is Truth.TRUE


def test_shares_outlive_a_lost_scale() -> None:
    mask = box(FINE, (14, -24, -18), (20, -18, -9))
    signs = signs_of(FINE, mask, space="mni").patient
    assert signs["inferior_temporal"].truth is Truth.TRUE
    assert signs["midbrain"].truth is Truth.FALSE
    thalamic = signs_of(FINE, box(FINE, (8, -6, -6), (14, 0, 6)), space="mni").patient
    assert thalamic["deep_gm_thalamus"].unknown.reason is Reason.SCALE_UNKNOWN


def test_without_anatomy_everything_is_unknown() -> None:
    lesions = lesions_of(FINE, ball_mm(FINE, (12, 0, 0), 3))
    rows = part_measurements(lesions, lesion_voxels(lesions, FINE), None, SizeScale())
    assert list(rows[1]) == [spec.name for spec in PART_SPECS]
    assert {value.reason for value in rows[1].values()} == {Reason.ANATOMY_MISSING}


def test_no_lesions_and_lost_lesions() -> None:
    nothing = lesions_of(FINE, np.zeros(FINE.shape))
    anatomy = anatomy_with_parts(FINE)
    assert part_measurements(nothing, lesion_voxels(nothing, FINE), anatomy, SizeScale()) == {}
    coarse = grid_of((3.0, 3.0, 3.0))
    tiny = lesions_of(FINE, ball_mm(FINE, (0.5, 0.5, 0.5), 0.6))
    voxels = lesion_voxels(tiny, coarse)
    row = part_measurements(tiny, voxels, anatomy_with_parts(coarse), SizeScale())[1]
    assert all(isinstance(value, Unknown) for value in row.values())


@pytest.mark.parametrize("flips", [(1, 1, -1), (-1, 1, 1), (-1, -1, 1), (-1, -1, -1)])
def test_the_order_of_voxels_leaves_no_trace(flips: tuple[int, ...]) -> None:
    affine = FINE.affine.copy()
    affine[:3, :3] *= flips
    affine[:3, 3] *= flips
    other = Grid(FINE.shape, affine)
    corners = ((8, -4, -21), (17, 3, 6))
    one, two = (table_of(grid, box(grid, *corners)).lesions[1] for grid in (FINE, other))
    for spec in PART_SPECS:
        assert number(two[spec.name]) == pytest.approx(number(one[spec.name])), spec.name


def test_every_code_of_a_structure_is_a_part() -> None:
    assert set(PART.values()) == set(PARTS)


@pytest.mark.parametrize(
    ("shift", "expected"), [(0.0, Truth.TRUE), (12.0, Truth.FALSE)], ids=["mirrored", "not"]
)
def test_symmetric(shift: float, expected: Truth) -> None:
    mask = ball_mm(FINE, (14, 8, 0), 4) | ball_mm(FINE, (-14, 8 - shift, shift), 4)
    assert signs_of(FINE, mask).patient["symmetric"].truth is expected
    unmapped = replace(anatomy_with_parts(FINE), mni_mm=None)
    assert signs_of(FINE, mask, unmapped).patient["symmetric"].truth is Truth.UNKNOWN


def test_one_side_mirrors_nothing() -> None:
    table = table_of(FINE, ball_mm(FINE, (14, 8, 0), 4))
    assert number(table.study["mirrored_fraction"]) == 0
