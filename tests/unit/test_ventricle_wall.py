"""Lesions at the wall of the lateral ventricle: fingers, ovoids, bands, by closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lesionaid.anatomy.build import structure_distances
from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.shape import hull_extent
from lesionaid.features.surroundings import Surroundings, surroundings
from lesionaid.features.ventricle_wall import WALL_SPECS, wall_measurements
from lesionaid.features.voxels import lesion_voxels
from lesionaid.geometry import Grid
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unknown, Value
from lesionaid.truth import Truth
from tests.unit.anatomy_phantom import ball_mm, grid_of, lesions_of, phantom_anatomy, positions
from tests.unit.parts_phantom import anatomy_with_parts, box, ellipsoid, signs_of, table_of

FINE, THICK = grid_of(), grid_of((1.0, 1.0, 3.0))
GRIDS = [FINE, THICK]
IDS = ["1 mm", "3 mm slices"]


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


def about(lesions: LesionMap, grid: Grid) -> Surroundings:
    return surroundings(lesion_voxels(lesions, grid))


def on_the_grid(grid: Grid) -> AnatomyMap:
    """Distances as they are made of a map, not in closed form."""
    anatomy = anatomy_with_parts(grid)
    return replace(anatomy, distances_mm=structure_distances(anatomy.sites, grid))


def finger(grid: Grid, degrees: float) -> np.ndarray:
    """An ellipsoid of 14 x 6 x 6 mm that reaches the wall at x = 4, turned from its normal."""
    radii = np.array([7.0, 3.0, 3.0])
    reach = np.hypot(radii[0] * np.cos(np.radians(degrees)), radii[1] * np.sin(np.radians(degrees)))
    return ellipsoid(grid, (4 + reach, 0, 0), radii, degrees)


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
@pytest.mark.parametrize("make", [anatomy_with_parts, on_the_grid])
@pytest.mark.parametrize(
    ("degrees", "expected"),
    [(0, Truth.TRUE), (25, Truth.TRUE), (35, Truth.FALSE), (90, Truth.FALSE)],
)
def test_angle_of_a_finger(grid: Grid, make: object, degrees: float, expected: Truth) -> None:
    mask = finger(grid, degrees)
    anatomy = make(grid)  # type: ignore[operator]
    row = table_of(grid, mask, anatomy).lesions[1]
    assert number(row["wall_normal_angle_deg"]) == pytest.approx(degrees, abs=3)
    signs = signs_of(grid, mask, anatomy).patient
    assert signs["dawson_fingers"].truth is expected
    assert signs["periependymal_lateral_ventricle"].truth is Truth.FALSE


def test_angle_out_of_the_slice() -> None:
    mask = ellipsoid(THICK, (10, 0, 0), (8, 3, 3), 25, axes="xz")
    row = table_of(THICK, mask).lesions[1]
    assert number(row["wall_normal_angle_deg"]) == pytest.approx(25, abs=6)


def test_what_is_round_short_or_away_is_no_finger() -> None:
    for mask in (
        ball_mm(FINE, (8, 0, 0), 4),
        ellipsoid(FINE, (6, 0, 0), (2.2, 1.2, 1.2)),
        ellipsoid(FINE, (15, 0, 0), (7, 3, 3)),
    ):
        assert signs_of(FINE, mask).patient["dawson_fingers"].truth is Truth.FALSE


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_a_band_along_the_wall(grid: Grid) -> None:
    mask = box(grid, (4, -15, -6), (7, 15, 6))
    row = table_of(grid, mask).lesions[1]
    assert number(row["wall_thickness_mm"]) == pytest.approx(3)
    length = np.sqrt(3**2 + 30**2 + 12**2)
    assert number(row["wall_length_mm"]) == pytest.approx(length)
    assert number(row["wall_length_ratio"]) == pytest.approx(length / 3)
    signs = signs_of(grid, mask).patient
    assert signs["periependymal_lateral_ventricle"].truth is Truth.TRUE
    assert signs["periventricular_ovoid"].truth is Truth.FALSE
    assert signs["dawson_fingers"].truth is Truth.FALSE


@pytest.mark.parametrize("corners", [((4, -15, -6), (8, 15, 6)), ((4, -4, -3), (7, 4, 3))])
def test_too_thick_or_too_short_for_a_band(corners: tuple) -> None:
    signs = signs_of(FINE, box(FINE, *corners)).patient
    assert signs["periependymal_lateral_ventricle"].truth is Truth.FALSE
    assert signs["periventricular_ovoid"].truth is Truth.TRUE


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
@pytest.mark.parametrize("radius", [3.0, 5.0])
def test_a_ball_at_the_wall_is_ovoid(grid: Grid, radius: float) -> None:
    signs = signs_of(grid, ball_mm(grid, (4 + radius, 0, 1.5), radius)).patient
    assert signs["periventricular_ovoid"].truth is Truth.TRUE
    assert signs["periependymal_lateral_ventricle"].truth is Truth.FALSE


def test_the_steps_of_voxels_leave_smooth_ellipsoids_convex_enough() -> None:
    """Where the threshold of solidity comes from."""
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(0)
    grid = grid_of(half_mm=(12.0, 12.0, 12.0))
    for length in (5.0, 8.0, 20.0):
        radii = np.array([length, length / 2.5, length / 2.5]) / 2
        found = []
        for _ in range(40):
            turn = Rotation.random(random_state=rng).as_matrix()
            local = (positions(grid) + rng.uniform(-0.5, 0.5, 3)) @ turn
            inside = np.linalg.norm(local / radii, axis=-1) <= 1
            found.append(np.count_nonzero(inside) / hull_extent(inside, grid)[1])
        assert np.quantile(found, 0.05) >= 0.55, length


def test_a_cross_is_not_ovoid() -> None:
    cross = box(FINE, (4, -10, -2), (20, -7, 2)) | box(FINE, (4, -10, -2), (7, 14, 2))
    assert signs_of(FINE, cross).patient["periventricular_ovoid"].truth is Truth.FALSE


def test_slices_of_5_mm_show_no_band() -> None:
    grid = grid_of((1.0, 1.0, 5.0))
    signs = signs_of(grid, box(grid, (4, -15, -10), (7, 15, 10))).patient
    for name in ("periependymal_lateral_ventricle", "periventricular_ovoid"):
        assert signs[name].unknown is not None
        assert signs[name].unknown.reason is Reason.LOW_RESOLUTION


def test_a_wall_that_is_off_by_3_mm_shows_no_band() -> None:
    blurred = anatomy_with_parts(FINE, error_mm=3.0)
    signs = signs_of(FINE, box(FINE, (4, -15, -6), (7, 15, 6)), blurred).patient
    band = signs["periependymal_lateral_ventricle"]
    assert band.unknown is not None
    assert band.unknown.reason is Reason.LOW_QUALITY


def test_without_a_scale_a_finger_is_unknown_and_a_flat_one_is_not() -> None:
    steep, flat = (signs_of(FINE, finger(FINE, a), space="mni").patient for a in (0, 90))
    assert steep["dawson_fingers"].unknown.reason is Reason.SCALE_UNKNOWN
    assert flat["dawson_fingers"].truth is Truth.FALSE


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_distance_and_share_at_the_body(grid: Grid) -> None:
    half = grid.spacing_mm[0] / 2
    row = table_of(grid, box(grid, (6, -3, -6), (12, 3, 6))).lesions[1]
    assert number(row["distance_ventricle_body_mm"]) == pytest.approx(2 + half)
    assert number(row["ventricle_body_fraction"]) == pytest.approx(1 / 6)
    horn = table_of(grid, box(grid, (4, 14, -6), (10, 20, 6))).lesions[1]
    assert number(horn["distance_ventricle_body_mm"]) > 3
    inside = table_of(grid, box(grid, (0, -3, -6), (4, 3, 6))).lesions[1]
    assert number(inside["distance_ventricle_body_mm"]) == 0


@pytest.mark.parametrize("off_mm", [0.0, 1.0])
def test_a_band_whose_wall_the_map_puts_off_is_still_thin(off_mm: float) -> None:
    """Twice the mean distance to the wall grows by 2 mm; the lesion's own depth does not."""
    low, high = (4 + off_mm, -16, -8), (6 + off_mm, 16, 8)
    row = table_of(FINE, box(FINE, low, high)).lesions[1]
    assert number(row["wall_thickness_mm"]) == pytest.approx(2 + 2 * off_mm)
    # Two voxels, each half a voxel deep, as is every voxel at the rim.
    assert number(row["mean_thickness_mm"]) == pytest.approx(2)
    assert number(row["wall_length_ratio"]) == pytest.approx(np.sqrt(2**2 + 32**2 + 16**2) / 2)
    signs = signs_of(FINE, box(FINE, low, high)).patient
    assert signs["periependymal_lateral_ventricle"].truth is Truth.TRUE
    assert signs["periventricular_ovoid"].truth is Truth.FALSE


def test_a_thin_finger_is_no_band() -> None:
    thin = box(FINE, (4, -2, -1), (24, 2, 1))
    signs = signs_of(FINE, thin).patient
    assert signs["periependymal_lateral_ventricle"].truth is Truth.FALSE
    assert signs["periventricular_ovoid"].truth is Truth.TRUE


def test_few_voxels_have_no_direction() -> None:
    row = table_of(FINE, box(FINE, (4, 0, 0), (8, 1, 1))).lesions[1]
    assert row["wall_normal_angle_deg"].reason is Reason.TOO_FEW_VOXELS


def test_two_opposite_walls_have_no_common_normal() -> None:
    row = table_of(FINE, box(FINE, (-9, -3, 0), (9, 3, 6))).lesions[1]
    assert row["wall_normal_angle_deg"].reason is Reason.DEGENERATE_SHAPE


@pytest.mark.parametrize("flips", [(1, 1, -1), (-1, 1, 1), (-1, -1, -1)])
def test_the_order_of_voxels_leaves_no_trace(flips: tuple[int, ...]) -> None:
    affine = FINE.affine.copy()
    affine[:3, :3] *= flips
    affine[:3, 3] *= flips
    other = Grid(FINE.shape, affine)
    one, two = (table_of(grid, finger(grid, 25)).lesions[1] for grid in (FINE, other))
    for spec in WALL_SPECS:
        assert number(two[spec.name]) == pytest.approx(number(one[spec.name]), abs=1e-4), spec.name


def test_a_turned_grid_measures_the_same_angle() -> None:
    turn = np.radians(20)
    affine = FINE.affine.copy()
    rotation = np.array(
        [[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]]
    )
    affine[:3] = rotation @ affine[:3]
    oblique = Grid(FINE.shape, affine)
    row = table_of(oblique, finger(oblique, 25)).lesions[1]
    assert number(row["wall_normal_angle_deg"]) == pytest.approx(25, abs=3)


def test_a_lesion_that_leaves_the_map_has_no_thickness() -> None:
    anatomy = anatomy_with_parts(FINE)
    distance = anatomy.distances_mm["lateral_ventricle"].copy()
    distance[positions(FINE)[..., 0] > 20] = np.inf
    distances = {**anatomy.distances_mm, "lateral_ventricle": distance}
    anatomy = replace(anatomy, distances_mm=distances)
    row = table_of(FINE, box(FINE, (4, -3, -3), (24, 3, 3)), anatomy).lesions[1]
    assert row["wall_thickness_mm"].reason is Reason.ANATOMY_MISSING
    assert number(row["wall_normal_angle_deg"]) == pytest.approx(0, abs=1)
    signs = signs_of(FINE, box(FINE, (4, -3, -3), (24, 3, 3)), anatomy).patient
    # Neither is measured; a finger is ovoid and no band by definition.
    assert signs["periventricular_ovoid"].truth is Truth.TRUE
    assert signs["periependymal_lateral_ventricle"].truth is Truth.FALSE


def test_no_anatomy_no_ventricle_no_lesions() -> None:
    lesions = lesions_of(FINE, ball_mm(FINE, (12, 0, 0), 3))
    around = about(lesions, FINE)
    empty = dict.fromkeys(("lateral_ventricle", "cortex"), np.full(FINE.shape, np.inf, np.float32))
    for anatomy in (None, replace(phantom_anatomy(FINE), distances_mm=empty)):
        row = wall_measurements(lesions, around, anatomy, SizeScale(), 1.0)[1]
        assert list(row) == [spec.name for spec in WALL_SPECS]
        assert {value.reason for value in row.values()} == {Reason.ANATOMY_MISSING}
    nothing = lesions_of(FINE, np.zeros(FINE.shape))
    anatomy = anatomy_with_parts(FINE)
    rows = wall_measurements(nothing, about(nothing, FINE), anatomy, SizeScale(), 1.0)
    assert rows == {}
    coarse = grid_of((3.0, 3.0, 3.0))
    tiny = lesions_of(FINE, ball_mm(FINE, (0.5, 0.5, 0.5), 0.6))
    anatomy = anatomy_with_parts(coarse)
    row = wall_measurements(tiny, about(tiny, coarse), anatomy, SizeScale(), 1.0)[1]
    assert all(isinstance(value, Unknown) for value in row.values())
