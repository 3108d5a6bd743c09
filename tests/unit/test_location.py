from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lesionaid.anatomy.map import LOBES, SITES
from lesionaid.features.location import LOCATION_SPECS, ZONES, location_measurements
from lesionaid.features.runs import greatest_extent_mm
from lesionaid.features.voxels import lesion_voxels
from lesionaid.geometry import Grid
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unknown, Value
from tests.unit.anatomy_phantom import (
    ball_mm,
    grid_of,
    lesions_of,
    phantom_anatomy,
    positions,
)

SPACINGS = [(1.0, 1.0, 1.0), (1.0, 1.0, 3.0), (0.5, 2.0, 1.0)]


def locate(grid: Grid, mask: np.ndarray, scale: SizeScale | None = None) -> dict[str, Value]:
    anatomy = phantom_anatomy(grid)
    lesions = lesions_of(grid, mask)
    rows = location_measurements(
        lesions, lesion_voxels(lesions, grid), anatomy, scale or SizeScale()
    )
    return rows[1]


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


def box(grid: Grid, low: tuple[float, ...], high: tuple[float, ...]) -> np.ndarray:
    xyz = positions(grid)
    return np.all((xyz > low) & (xyz < high), axis=-1)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_distances_are_those_of_the_nearest_voxel_centre(spacing: tuple[float, ...]) -> None:
    grid = grid_of(spacing)
    row = locate(grid, box(grid, (10, 8, -6), (16, 14, 6)))
    half = spacing[0] / 2
    assert number(row["distance_lateral_ventricle_mm"]) == pytest.approx(6 + half)
    assert number(row["distance_cortex_mm"]) == pytest.approx(8 + half)
    assert number(row["centroid_distance_lateral_ventricle_mm"]) == pytest.approx(9)
    assert number(row["centroid_mni_x_mm"]) == pytest.approx(13)
    assert number(row["centroid_mni_y_mm"]) == pytest.approx(11, abs=0.51)


def test_distance_is_negative_inside() -> None:
    grid = grid_of()
    row = locate(grid, box(grid, (-2, 8, -6), (8, 14, 6)))
    assert number(row["distance_lateral_ventricle_mm"]) == pytest.approx(-3.5)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_fractions_add_up(spacing: tuple[float, ...]) -> None:
    grid = grid_of(spacing)
    row = locate(grid, ball_mm(grid, (0, 0, 0), 29))
    total = sum(number(row[f"fraction_{name}"]) for name in SITES.values())
    assert total == pytest.approx(1)
    lobes = sum(number(row[f"fraction_lobe_{name}"]) for name in LOBES.values())
    assert lobes == pytest.approx(1 - number(row["fraction_cerebellum"]), abs=1e-9)
    assert number(row["fraction_infratentorial"]) == number(row["fraction_cerebellum"])


def test_half_in_cortex() -> None:
    grid = grid_of()
    row = locate(grid, box(grid, (21, 8, -5), (27, 18, 5)))
    assert number(row["fraction_cortex"]) == pytest.approx(0.5)
    assert number(row["fraction_white_matter"]) == pytest.approx(0.5)
    # Centres at 24.5, 25.5 and 26.5 lie 0.5, 1.5 and 0.5 mm inside the ribbon.
    assert number(row["fraction_cortex_core"]) == pytest.approx(0.5)
    assert number(row["cortex_volume_mm3"]) == pytest.approx(300)


def test_a_map_off_by_more_than_the_ribbon_cannot_see_it() -> None:
    grid = grid_of()
    mask = box(grid, (21, 8, -5), (27, 18, 5))
    anatomy = replace(phantom_anatomy(grid), error_mm=3.0)
    lesions = lesions_of(grid, mask)
    row = location_measurements(lesions, lesion_voxels(lesions, grid), anatomy, SizeScale())[1]
    for name in ("fraction_cortex_core", "cortex_volume_mm3"):
        assert row[name].reason is Reason.LOW_QUALITY
    assert number(row["fraction_cortex"]) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("low", "high", "zone"),
    [
        ((4, 8, -5), (7, 18, 5), "periventricular"),
        ((21, 8, -5), (24, 18, 5), "juxtacortical"),
        ((10, 8, -5), (18, 18, 5), "deep_white_matter"),
        ((8, -6, -5), (14, 6, 5), "deep_gray_matter"),
        ((24, 8, -5), (27, 18, 5), "cortical"),
        ((-3, 8, 16), (3, 18, 20), "callosal"),
        ((8, 8, -28), (14, 18, -23), "infratentorial"),
        # Equal shares: the order of DESIGN decides.
        ((4, 8, -5), (10, 18, 5), "periventricular"),
        ((18, 8, -5), (24, 18, 5), "juxtacortical"),
        ((21, 8, -5), (27, 18, 5), "juxtacortical"),
    ],
)
def test_location_is_the_largest_share(low: tuple, high: tuple, zone: str) -> None:
    grid = grid_of()
    assert zone in ZONES
    assert locate(grid, box(grid, low, high))["location"] == Category(zone)


def test_outside_every_site_is_unknown() -> None:
    grid = grid_of()
    row = locate(grid, box(grid, (28, 8, -5), (30, 12, 5)))
    assert isinstance(row["location"], Unknown)


def test_periventricular_fraction() -> None:
    grid = grid_of()
    row = locate(grid, box(grid, (4, 8, -5), (10, 18, 5)))
    assert number(row["periventricular_fraction"]) == pytest.approx(0.5)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 1.0, 3.0)])
def test_run_along_the_subcortical_band(spacing: tuple[float, ...]) -> None:
    grid = grid_of(spacing)
    # A plate 3 x 20 x 6 mm just below the cortex, and a stem that is too deep to count.
    plate = box(grid, (21, -10, -3), (24, 10, 3)) | box(grid, (8, 7, -3), (21, 10, 3))
    row = locate(grid, plate)
    assert number(row["ufibre_contact_mm"]) == pytest.approx(np.sqrt(3**2 + 20**2 + 6**2))


def test_many_short_contacts_make_no_long_run() -> None:
    grid = grid_of()
    comb = box(grid, (14, -20, -2), (18, 20, 2))
    for y in (-18, 0, 16):
        comb |= box(grid, (14, y, -2), (24, y + 4, 2))
    run = number(locate(grid, comb)["ufibre_contact_mm"])
    assert run == pytest.approx(np.sqrt(3**2 + 4**2 + 4**2))


def test_touching_instances_do_not_share_a_run() -> None:
    grid = grid_of()
    labels = np.zeros(grid.shape, dtype=np.int32)
    labels[box(grid, (21, -10, -3), (24, 0, 3))] = 5
    labels[box(grid, (21, 0, -3), (24, 10, 3))] = 9
    lesions = lesions_of(grid, labels, kind="instances")
    anatomy = phantom_anatomy(grid)
    rows = location_measurements(lesions, lesion_voxels(lesions, grid), anatomy, SizeScale())
    expected = np.sqrt(3**2 + 10**2 + 6**2)
    assert [number(rows[i]["ufibre_contact_mm"]) for i in (1, 2)] == pytest.approx([expected] * 2)


def test_no_run_in_deep_white_matter() -> None:
    grid = grid_of()
    assert number(locate(grid, box(grid, (10, 8, -5), (18, 18, 5)))["ufibre_contact_mm"]) == 0


def test_extent_of_one_voxel_is_its_diagonal() -> None:
    extent = greatest_extent_mm(np.array([[3, 4, 5]]), np.diag([1.0, 2.0, 2.0]))
    assert extent == pytest.approx(3)


def test_lobes_by_share_and_by_volume() -> None:
    grid = grid_of()
    # 9 of 10 parts frontal: parietal holds 10 % exactly.
    row = locate(grid, box(grid, (10, -1, -5), (16, 9, 5)))
    assert number(row["lobe_count"]) == 2
    row = locate(grid, box(grid, (10, -1, -5), (16, 18, 5)))
    assert number(row["lobe_count"]) == 1
    # 8 % of 12 ml is over 0.5 ml; without the scale the share decides.
    large = box(grid, (4, -2, -20), (20, 22, 13))
    assert number(locate(grid, large)["lobe_count"]) == 2
    assert number(locate(grid, large, SizeScale("mni"))["lobe_count"]) == 1


def test_sizes_scale_and_distances_do_not() -> None:
    grid = grid_of()
    mask = box(grid, (8, -6, -5), (14, 6, 5))
    native = locate(grid, mask)
    scaled = locate(grid, mask, SizeScale("mni", 0.8))
    unscaled = locate(grid, mask, SizeScale("mni"))
    name = "deep_gray_volume_mm3"
    assert number(scaled[name]) == pytest.approx(number(native[name]) * 0.8**3)
    assert isinstance(unscaled[name], Unknown)
    assert unscaled[name].reason is Reason.SCALE_UNKNOWN
    for row in (scaled, unscaled):
        assert row["distance_cortex_mm"] == native["distance_cortex_mm"]
        assert row["fraction_deep_gray_matter"] == native["fraction_deep_gray_matter"]


def test_without_anatomy_everything_is_unknown() -> None:
    grid = grid_of()
    lesions = lesions_of(grid, ball_mm(grid, (12, 0, 0), 3))
    rows = location_measurements(lesions, lesion_voxels(lesions, grid), None, SizeScale())
    assert set(rows[1]) == {spec.name for spec in LOCATION_SPECS}
    assert {value.reason for value in rows[1].values()} == {Reason.ANATOMY_MISSING}


def test_a_mask_on_another_grid() -> None:
    fine, coarse = grid_of((1.0, 1.0, 1.0)), grid_of((2.0, 2.0, 2.0))
    mask = box(fine, (8, 8, -6), (16, 16, 6))
    lesions = lesions_of(fine, mask)
    voxels = lesion_voxels(lesions, coarse)
    row = location_measurements(lesions, voxels, phantom_anatomy(coarse), SizeScale())[1]
    assert voxels.counts.tolist() == [mask.sum() / 8]
    assert number(row["distance_lateral_ventricle_mm"]) == pytest.approx(5)


def test_lesions_lost_on_the_reference_grid_are_unknown() -> None:
    fine, coarse = grid_of((1.0, 1.0, 1.0)), grid_of((3.0, 3.0, 3.0))
    mask = ball_mm(fine, (-10, 5, 5), 6)
    mask[59, 59, 59] = True  # in the corner outside the coarse grid
    lesions = lesions_of(fine, mask)
    affine = np.eye(4)
    affine[:3, 3] = (-20, -5, -5)
    small = Grid((20, 20, 20), affine)
    voxels = lesion_voxels(lesions, small)
    assert voxels.missing[2].reason is Reason.OUTSIDE_FIELD_OF_VIEW
    row = location_measurements(lesions, voxels, phantom_anatomy(small), SizeScale())[2]
    assert {value.reason for value in row.values()} == {Reason.OUTSIDE_FIELD_OF_VIEW}
    inside = lesions_of(fine, ball_mm(fine, (0.5, 0.5, 0.5), 0.6))
    assert lesion_voxels(inside, coarse).missing[1].reason is Reason.TOO_FEW_VOXELS


def test_labels_of_the_mask_leave_no_trace() -> None:
    grid = grid_of()
    one, two = ball_mm(grid, (12, 12, 0), 4), ball_mm(grid, (-12, -12, 0), 3)
    anatomy = phantom_anatomy(grid)
    tables = []
    for a, b in ((1, 2), (200, 7)):
        lesions = lesions_of(grid, a * one + b * two, kind="instances")
        tables.append(
            location_measurements(lesions, lesion_voxels(lesions, grid), anatomy, SizeScale())
        )
    assert tables[0] == tables[1]


def test_no_lesions() -> None:
    grid = grid_of()
    lesions = lesions_of(grid, np.zeros(grid.shape))
    assert (
        location_measurements(
            lesions, lesion_voxels(lesions, grid), phantom_anatomy(grid), SizeScale()
        )
        == {}
    )
