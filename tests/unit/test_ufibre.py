"""Bands along the cortex, and what only touches it, by closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.anatomy.build import structure_distances
from lesionaid.anatomy.map import AnatomyMap
from lesionaid.features.ufibre import UFIBRE_SPECS, ufibre_measurements
from lesionaid.features.voxels import lesion_voxels
from lesionaid.geometry import Grid, reorient, to_ras
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Reason, Unknown, Value
from lesionaid.truth import Truth
from tests.unit.anatomy_phantom import SITE, ball_mm, grid_of, lesions_of, positions
from tests.unit.lesion_phantoms import ORIENTATIONS, number
from tests.unit.parts_phantom import anatomy_with_parts, box, ellipsoid, signs_of

FINE, THICK = grid_of(), grid_of((1.0, 1.0, 3.0))
GRIDS = [FINE, THICK]
IDS = ["1 mm", "3 mm slices"]


def rows_of(
    grid: Grid, mask: NDArray[np.generic], anatomy: AnatomyMap | None = None
) -> dict[str, Value]:
    lesions = lesions_of(grid, mask)
    voxels = lesion_voxels(lesions, grid)
    brain = anatomy or anatomy_with_parts(grid)
    return ufibre_measurements(lesions, voxels, brain, SizeScale())[1]


def sulcus(grid: Grid, radius: float = 12.0) -> AnatomyMap:
    """A sulcus along z: cortex round a groove at x = y = 0, white matter outside `radius`."""
    xyz = positions(grid)
    from_axis = np.hypot(xyz[..., 0], xyz[..., 1])
    sites = np.full(grid.shape, SITE["white_matter"], dtype=np.uint8)
    sites[from_axis < radius] = SITE["cortex"]
    sites[from_axis < radius - 3] = SITE["csf"]
    distance = np.maximum(radius - 3 - from_axis, from_axis - radius).astype(np.float32)
    brain = anatomy_with_parts(grid)
    distances = {**brain.distances_mm, "cortex": distance}
    return replace(brain, sites=sites, distances_mm=distances)


def band_round(grid: Grid, degrees: float, thickness: float = 3.0) -> NDArray[np.bool_]:
    xyz = positions(grid)
    from_axis = np.hypot(xyz[..., 0], xyz[..., 1])
    angle = np.degrees(np.arctan2(xyz[..., 1], xyz[..., 0]))
    ring = (from_axis > 12) & (from_axis < 12 + thickness) & (np.abs(angle) < degrees / 2)
    return ring & (np.abs(xyz[..., 2]) < 6)


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
@pytest.mark.parametrize("thickness", [2.0, 3.0, 4.0, 6.0])
def test_a_plate_is_as_thick_as_it_is(grid: Grid, thickness: float) -> None:
    plate = box(grid, (24 - thickness, -12, -6), (24, 12, 6))
    row = rows_of(grid, plate)
    deep = min(thickness, 3.0)
    run = np.sqrt(deep**2 + 24**2 + 12**2)
    assert number(row["ufibre_share"]) == pytest.approx(deep / thickness)
    assert number(row["ufibre_length_ratio"]) == pytest.approx(run / thickness)
    assert number(row["ufibre_turn_deg"]) == 0


def blade(grid: Grid) -> AnatomyMap:
    """White matter of a gyrus, 6 mm wide, between banks at x = 17 and x = 23."""
    brain = anatomy_with_parts(grid)
    x = positions(grid)[..., 0]
    distance = np.maximum(14 - x, x - 17).astype(np.float32)
    distance = np.minimum(distance, np.maximum(23 - x, x - 26)).astype(np.float32)
    sites = np.full(grid.shape, SITE["white_matter"], dtype=np.uint8)
    sites[distance < 0] = SITE["cortex"]
    return replace(brain, sites=sites, distances_mm={**brain.distances_mm, "cortex": distance})


def test_a_blade_between_two_banks_is_half_as_thick() -> None:
    row = rows_of(FINE, box(FINE, (17, -10, -3), (23, 10, 3)), blade(FINE))
    assert number(row["ufibre_share"]) == pytest.approx(1)
    assert number(row["ufibre_length_ratio"]) == pytest.approx(np.sqrt(6**2 + 20**2 + 6**2) / 3)


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_run_against_the_ball_of_the_volume(grid: Grid) -> None:
    plate = rows_of(grid, box(grid, (21, -12, -6), (24, 12, 6)))
    run, ball = np.sqrt(3**2 + 24**2 + 12**2), np.cbrt(6 * 3 * 24 * 12 / np.pi)
    assert number(plate["ufibre_run_ratio"]) == pytest.approx(run / ball)
    away = rows_of(grid, box(grid, (12, 8, -3), (18, 14, 3)))
    assert number(away["ufibre_run_ratio"]) == 0


def test_a_run_ratio_has_no_scale() -> None:
    lesions = lesions_of(FINE, box(FINE, (21, -12, -6), (24, 12, 6)))
    voxels, brain = lesion_voxels(lesions, FINE), anatomy_with_parts(FINE)
    native = ufibre_measurements(lesions, voxels, brain, SizeScale())[1]
    normalised = ufibre_measurements(lesions, voxels, brain, SizeScale("mni"))[1]
    assert normalised["ufibre_run_ratio"] == native["ufibre_run_ratio"]
    assert isinstance(normalised["gyral_reach_mm"], Unknown)


def plug_of(grid: Grid, radius: float) -> NDArray[np.bool_]:
    """A ball between the banks of the blade."""
    return ball_mm(grid, (20, 0, 1.5), radius) & box(grid, (17, -20, -20), (23, 20, 20))


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
@pytest.mark.parametrize("radius", [4.0, 5.0, 6.0])
def test_what_plugs_a_gyrus_is_no_band_until_it_runs_along_it(grid: Grid, radius: float) -> None:
    gyrus = blade(grid)
    plug = plug_of(grid, radius)
    band = ellipsoid(grid, (20, 0, 1.5), (3, 3 * radius, radius))
    assert number(rows_of(grid, plug, gyrus)["ufibre_run_ratio"]) < 1.5
    assert signs_of(grid, plug, gyrus).patient["juxtacortical_ufibre"].truth is Truth.FALSE
    assert number(rows_of(grid, band, gyrus)["ufibre_run_ratio"]) > 1.5
    assert signs_of(grid, band, gyrus).patient["juxtacortical_ufibre"].truth is Truth.TRUE


def test_the_run_ratio_is_what_lets_go_of_a_plug() -> None:
    """10 mm wide: the other conditions hold."""
    row = rows_of(FINE, plug_of(FINE, 5.0), blade(FINE))
    assert number(row["ufibre_run_ratio"]) == pytest.approx(1.14, abs=0.1)
    assert number(row["ufibre_share"]) > 0.4
    assert number(row["ufibre_length_ratio"]) > 3


def test_what_reaches_into_the_cortex_is_measured_below_it() -> None:
    below = rows_of(FINE, box(FINE, (21, -10, -3), (24, 10, 3)))
    into = rows_of(FINE, box(FINE, (21, -10, -3), (26, 10, 3)))
    for name in ("ufibre_share", "ufibre_length_ratio"):
        assert number(into[name]) == pytest.approx(number(below[name]))


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
@pytest.mark.parametrize("radius", [3.0, 4.0, 5.0, 6.0, 8.0])
@pytest.mark.parametrize("overlap", [0.0, 1.0])
def test_a_ball_at_the_cortex_is_no_band(grid: Grid, radius: float, overlap: float) -> None:
    ball = ball_mm(grid, (24 - radius + overlap, 0, 1.5), radius)
    assert number(rows_of(grid, ball)["ufibre_length_ratio"]) < 2.4
    assert signs_of(grid, ball).patient["juxtacortical_ufibre"].truth is Truth.FALSE


@pytest.mark.parametrize("degrees", [0, 45, 90])
@pytest.mark.parametrize("radii", [(6, 3, 3), (8, 4, 4), (10, 5, 5), (10, 4, 4)])
def test_an_ovoid_at_the_cortex_is_no_band(degrees: float, radii: tuple) -> None:
    reach = np.hypot(radii[0] * np.cos(np.radians(degrees)), radii[1] * np.sin(np.radians(degrees)))
    mask = ellipsoid(FINE, (24 - reach, 0, 0), radii, degrees)
    assert number(rows_of(FINE, mask)["ufibre_length_ratio"]) < 2
    assert signs_of(FINE, mask).patient["juxtacortical_ufibre"].truth is Truth.FALSE


@pytest.mark.parametrize("grid", GRIDS, ids=IDS)
def test_a_band_has_the_sign_until_it_is_short_or_thick(grid: Grid) -> None:
    def truth(thickness: float, half_y: float, half_z: float) -> Truth:
        mask = box(grid, (24 - thickness, -half_y, -half_z), (24, half_y, half_z))
        return signs_of(grid, mask).patient["juxtacortical_ufibre"].truth

    assert truth(3, 10, 6) is Truth.TRUE
    assert truth(5, 15, 9) is Truth.TRUE
    assert truth(3, 3, 3) is Truth.FALSE
    assert truth(9, 10, 9) is Truth.FALSE


def test_a_long_tract_that_brushes_the_cortex_is_no_band() -> None:
    """40 mm across, 18 mm of it along the cortex: the run alone would have called it."""
    tract = box(FINE, (6, -20, -4), (21, 20, 4)) | box(FINE, (21, -9, -4), (24, 9, 4))
    signs = signs_of(FINE, tract).patient
    assert signs["juxtacortical_ufibre"].truth is Truth.FALSE


def test_reach_into_a_gyrus() -> None:
    """A stalk of white matter, 6 mm wide, runs 15 mm outwards from z = 10."""
    x, z = np.abs(positions(FINE)[..., 0]), positions(FINE)[..., 2]
    distance = np.where(z < 10, np.hypot(np.maximum(3 - x, 0), 10 - z), 3 - x)
    sites = np.full(FINE.shape, SITE["white_matter"], dtype=np.uint8)
    sites[(z > 10) & (x > 3)] = SITE["cortex"]
    brain = anatomy_with_parts(FINE)
    distances = {**brain.distances_mm, "cortex": distance.astype(np.float32)}
    gyrus = replace(brain, sites=sites, distances_mm=distances)
    foot = number(rows_of(FINE, box(FINE, (-3, -3, 10), (3, 3, 13)), gyrus)["gyral_reach_mm"])
    top = number(rows_of(FINE, box(FINE, (-3, -3, 10), (3, 3, 23)), gyrus)["gyral_reach_mm"])
    assert top - foot == pytest.approx(10, abs=0.5)
    flat = number(rows_of(FINE, box(FINE, (21, -9, -3), (24, 9, 3)))["gyral_reach_mm"])
    assert flat == pytest.approx(5)
    assert number(rows_of(FINE, box(FINE, (12, 8, -3), (18, 14, 3)))["gyral_reach_mm"]) == 0


@pytest.mark.parametrize("degrees", [60, 90, 180, 270])
def test_turn_of_a_band_round_a_sulcus(degrees: float) -> None:
    row = rows_of(FINE, band_round(FINE, degrees), sulcus(FINE))
    assert number(row["ufibre_turn_deg"]) == pytest.approx(degrees, abs=8)
    arc = np.pi * (15**2 - 12**2) * degrees / 360 * 12
    area = np.pi * (14**2 - 12**2) * degrees / 360 * 12 / 2
    chord = 2 * 15 * np.sin(np.radians(min(degrees, 180) / 2))
    run = np.hypot(max(chord, 15), 12)
    assert number(row["ufibre_length_ratio"]) == pytest.approx(run * area / arc, rel=0.12)


def test_steps_of_voxels_turn_a_flat_border_by_less_than_50() -> None:
    turned = FINE.affine.copy()
    cosine, sine = np.cos(np.radians(25)), np.sin(np.radians(25))
    turned[:3] = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]]) @ turned[:3]
    grid = Grid(FINE.shape, turned)
    brain = anatomy_with_parts(grid)
    brain = replace(brain, distances_mm=structure_distances(brain.sites, grid))
    row = rows_of(grid, box(grid, (21, -10, -6), (24, 10, 6)), brain)
    assert number(row["ufibre_turn_deg"]) < 50


@pytest.mark.parametrize("codes", ORIENTATIONS)
def test_storage_order_leaves_no_trace(codes: str) -> None:
    mask = band_round(FINE, 120) | ball_mm(FINE, (-17, 0, 0), 4)
    brain = sulcus(FINE)
    stored, affine = reorient(mask.astype(np.uint8), FINE.affine, codes)
    back, matrix = to_ras(stored, affine)
    again = Grid(back.shape, matrix)
    assert rows_of(again, back, brain) == rows_of(FINE, mask, brain)


def test_a_border_that_is_off_tells_only_who_is_clear_of_it() -> None:
    blurred = anatomy_with_parts(FINE, error_mm=3.0)
    row = rows_of(FINE, box(FINE, (21, -10, -3), (24, 10, 3)), blurred)
    assert {value.reason for value in row.values()} == {Reason.LOW_QUALITY}  # type: ignore[union-attr]
    clear = rows_of(FINE, box(FINE, (8, 8, -3), (14, 14, 3)), blurred)
    assert number(clear["ufibre_share"]) == number(clear["gyral_reach_mm"]) == 0
    signs = signs_of(FINE, box(FINE, (8, 8, -3), (14, 14, 3)), blurred).patient
    assert signs["juxtacortical_ufibre"].truth is Truth.FALSE


def test_no_anatomy_no_cortex_no_lesions() -> None:
    lesions = lesions_of(FINE, ball_mm(FINE, (12, 0, 0), 3))
    voxels = lesion_voxels(lesions, FINE)
    brain = anatomy_with_parts(FINE)
    empty = {**brain.distances_mm, "cortex": np.full(FINE.shape, np.inf, np.float32)}
    for anatomy in (None, replace(brain, distances_mm=empty)):
        row = ufibre_measurements(lesions, voxels, anatomy, SizeScale())[1]
        assert list(row) == [spec.name for spec in UFIBRE_SPECS]
        assert all(isinstance(value, Unknown) for value in row.values())
    nothing = lesions_of(FINE, np.zeros(FINE.shape))
    assert ufibre_measurements(nothing, lesion_voxels(nothing, FINE), brain, SizeScale()) == {}
