"""Veins, bands and rims on phantoms whose answers are closed forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.features.central_vein import central_vein_measurements
from lesionaid.features.focality import focality_measurements
from lesionaid.features.intensity import references
from lesionaid.features.phase_rim import phase_rim_measurements
from lesionaid.features.phase_sign import phase_sign
from lesionaid.features.reference_tissue import normal_white_matter
from lesionaid.features.resolution import too_coarse
from lesionaid.features.shape import shape_measurements
from lesionaid.features.surroundings import Surroundings, surroundings
from lesionaid.features.susceptibility import SUSCEPTIBILITY_SPECS, susceptibility_measurements
from lesionaid.features.swi_band import swi_band_measurements
from lesionaid.features.vessels import SIGMA_MM, dark_lines, line_curvature, second_derivatives
from lesionaid.features.voxels import Rows, lesion_voxels, merge
from lesionaid.geometry import Grid
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unknown, Value
from lesionaid.study.scan import Contrast, Study
from tests.signs.phantoms_susceptibility import shell_phase
from tests.unit.anatomy_phantom import (
    ball_mm,
    grid_of,
    lesions_of,
    phantom_anatomy,
    positions,
    scan_of,
    source_of,
    study_of,
)
from tests.unit.lesion_phantoms import affine, number

CENTRE = np.array([14.5, 12.5, 0.5])
SPACINGS = [(1.0, 1.0, 1.0), (0.8, 0.8, 1.2), (0.6, 0.6, 1.5)]


def cylinder(
    grid: Grid, point: Sequence[float], direction: Sequence[float], radius: float
) -> NDArray[np.float64]:
    """Share of each voxel inside a cylinder of 24 mm, by 4 x 4 x 4 points."""
    unit = np.asarray(direction, dtype=float) / np.linalg.norm(direction)
    steps = (np.arange(4) + 0.5) / 4 - 0.5
    near = ball_mm(grid, point, 12.0)
    xyz = positions(grid)[near] - np.asarray(point)
    inside = np.zeros(len(xyz))
    for step in np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3):
        at = xyz + step * np.asarray(grid.spacing_mm)
        inside += np.linalg.norm(at - (at @ unit)[:, None] * unit, axis=-1) <= radius
    share = np.zeros(grid.shape)
    share[near] = inside / 64
    return share


def beside(offset: float) -> NDArray[np.float64]:
    """The centre of the lesion, moved along y."""
    return np.array([CENTRE[0], CENTRE[1] + offset, CENTRE[2]])


def around_of(lesions: LesionMap, grid: Grid) -> Surroundings:
    return surroundings(lesion_voxels(lesions, grid))


def rows_of(lesions: LesionMap) -> Rows:
    shape = {lesion: dict(row) for lesion, row in shape_measurements(lesions).items()}
    return merge(shape, focality_measurements(lesions, SizeScale()))


def veins_of(study: Study, grid: Grid, mask: NDArray[np.bool_]) -> tuple[Rows, dict[str, Value]]:
    anatomy = phantom_anatomy(grid)
    lesions = lesions_of(grid, mask)
    voxels = lesion_voxels(lesions, grid)
    white = references(study, anatomy, normal_white_matter(anatomy, voxels))[Contrast.SWI]
    return central_vein_measurements(study, lesions, surroundings(voxels), rows_of(lesions), white)


def one_lesion(
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
    radii: float | Sequence[float] = 4.0,
    vein: NDArray[np.float64] | None = None,
    contrast: float = 0.4,
    noise: float = 3.0,
    seed: int = 0,
) -> dict[str, Value]:
    """Vein measurements of an ellipsoid, a fifth brighter than white matter, with a dark vein."""
    grid = grid_of(spacing)
    mask = np.linalg.norm((positions(grid) - CENTRE) / np.broadcast_to(radii, 3), axis=-1) <= 1
    image = np.where(mask, 120.0, 100.0)
    if vein is not None:
        image *= 1 - contrast * vein
    image += np.random.default_rng(seed).normal(0, noise, grid.shape)
    rows, _ = veins_of(study_of(grid, {Contrast.SWI: image}), grid, mask)
    return rows[1]


# ---- dark lines


@pytest.mark.parametrize("spacing", [*SPACINGS, (2.0, 1.0, 0.7)])
def test_the_derivatives_of_a_quadratic_are_exact(spacing: tuple[float, float, float]) -> None:
    matrix = np.array([[2.0, 0.3, -0.7], [0.3, -1.0, 0.4], [-0.7, 0.4, 0.5]])
    x = (np.indices((13, 13, 13)).reshape(3, -1).T - 6) * np.asarray(spacing)
    values = 5 + x @ [1.0, -2.0, 3.0] + np.einsum("ni,ij,nj->n", x, matrix, x) / 2
    found = second_derivatives(values.reshape(13, 13, 13), spacing)[:, 6, 6, 6]
    xx, yy, zz, xy, xz, yz = found
    assert np.allclose([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]], matrix)


@pytest.mark.parametrize("direction", [(0, 0, 1), (1, 0, 0), (1, 1, 1), (2, -1, 3)])
def test_curvature_at_the_axis_of_a_cylinder(direction: Sequence[float]) -> None:
    grid = grid_of((0.5, 0.5, 0.5), (6, 6, 6))
    centre = np.array([0.25, 0.25, 0.25])
    image = 100.0 - 40.0 * cylinder(grid, centre, direction, 1.0)
    voxels = lesion_voxels(lesions_of(grid, ball_mm(grid, centre, 5.0)), grid)
    lines = dark_lines(image, voxels, np.array([100.0]))
    middle = np.argmin(
        np.linalg.norm(grid.to_mm(np.argwhere(ball_mm(grid, centre, 5.0))) - centre, axis=1)
    )
    along, lesser, greater = lines.curvature[middle]
    expected = line_curvature(40.0, 1.0, SIGMA_MM)
    assert lesser == pytest.approx(expected, rel=0.1)
    assert greater == pytest.approx(expected, rel=0.1)
    assert abs(along) < 0.05 * expected


def test_a_dark_sheet_is_no_line() -> None:
    grid = grid_of((1, 1, 1), (8, 8, 8))
    mask = ball_mm(grid, (0.5, 0.5, 0.5), 6.0)
    image = np.where(np.abs(positions(grid)[..., 0] - 0.5) < 0.6, 60.0, 100.0)
    lines = dark_lines(image, lesion_voxels(lesions_of(grid, mask), grid), np.array([100.0]))
    assert not lines.line_like(0.5, 0.35).any()


# ---- central vein


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("direction", [(0, 0, 1), (1, 0, 0), (1, 1, 1)])
def test_a_vein_through_the_middle_is_central(
    spacing: tuple[float, float, float], direction: Sequence[float]
) -> None:
    vein = cylinder(grid_of(spacing), CENTRE, direction, 0.5)
    row = one_lesion(spacing, vein=vein)
    assert row["central_vein_class"] == Category("central")
    assert number(row["vein_share"]) > 0.7
    assert number(row["vein_depth"]) > 0.9
    assert number(row["vein_width_mm"]) < 2


@pytest.mark.parametrize(("offset", "expected"), [(1.0, "central"), (3.2, "off_centre")])
@pytest.mark.parametrize("spacing", SPACINGS)
def test_a_vein_beside_the_middle(
    spacing: tuple[float, float, float], offset: float, expected: str
) -> None:
    vein = cylinder(grid_of(spacing), beside(offset), (1, 0, 0), 0.5)
    row = one_lesion(spacing, radii=5.0, vein=vein)
    assert (row["central_vein_class"] == Category("central")) is (expected == "central")
    if expected == "central":
        assert number(row["vein_depth"]) == pytest.approx(1 - offset / 5.0, abs=0.2)


def test_a_vein_across_the_end_of_a_long_lesion_is_not_central() -> None:
    grid = grid_of()
    radii = (4.0, 9.0, 4.0)
    middle = one_lesion(radii=radii, vein=cylinder(grid, CENTRE, (1, 0, 0), 0.5))
    end = one_lesion(radii=radii, vein=cylinder(grid, beside(5.0), (1, 0, 0), 0.5))
    assert middle["central_vein_class"] == Category("central")
    assert end["central_vein_class"] != Category("central")


def test_a_broad_band_is_no_vein() -> None:
    vein = cylinder(grid_of(), CENTRE, (0, 0, 1), 2.0)
    row = one_lesion(radii=6.0, vein=vein)
    assert row["central_vein_class"] == Category("wide")
    assert number(row["vein_width_mm"]) == pytest.approx(4.0, abs=0.5)


def test_crossing_veins_are_excluded() -> None:
    grid = grid_of()
    cross = np.maximum(
        cylinder(grid, CENTRE, (1, 0, 0), 0.5), cylinder(grid, CENTRE, (0, 1, 0), 0.5)
    )
    row = one_lesion(radii=5.0, vein=cross)
    assert row["central_vein_exclusion"] == Category("several_veins")
    assert isinstance(row["central_vein_class"], Unknown)


def test_noise_alone_makes_no_vein() -> None:
    found = [one_lesion(noise=4.0, seed=seed)["central_vein_class"] for seed in range(3)]
    assert set(found) == {Category("none")}


def test_a_dark_rim_is_no_vein() -> None:
    grid = grid_of()
    mask = ball_mm(grid, CENTRE, 6.0)
    image = np.where(mask, np.where(ball_mm(grid, CENTRE, 4.7), 120.0, 70.0), 100.0)
    image += np.random.default_rng(1).normal(0, 3, grid.shape)
    rows, _ = veins_of(study_of(grid, {Contrast.SWI: image}), grid, mask)
    assert rows[1]["central_vein_class"] == Category("none")


def test_small_and_confluent_lesions_are_excluded() -> None:
    grid = grid_of()
    small, peanut = ball_mm(grid, (14.5, -20.5, 0.5), 1.8), ball_mm(grid, CENTRE, 4.0)
    peanut |= ball_mm(grid, beside(8.0), 4.0)
    image = np.random.default_rng(0).normal(100, 2, grid.shape)
    rows, whole = veins_of(study_of(grid, {Contrast.SWI: image}), grid, small | peanut)
    assert rows[1]["central_vein_exclusion"] == Category("confluent")
    assert rows[2]["central_vein_exclusion"] == Category("small")
    assert number(whole["central_vein_assessable"]) == 0
    assert isinstance(whole["central_vein_fraction"], Unknown)


def test_the_share_is_of_lesions_that_count() -> None:
    grid = grid_of()
    centres = [CENTRE, CENTRE * [-1, 1, 1], CENTRE * [1, -1, 1], CENTRE * [-1, -1, 1]]
    mask = np.any([ball_mm(grid, centre, 4.0) for centre in centres], axis=0)
    image = np.where(mask, 120.0, 100.0)
    for centre in centres[:3]:
        near = ball_mm(grid, centre, 4.0)
        image[near] *= (1 - 0.4 * cylinder(grid, centre, (1, 0, 0), 0.5))[near]
    mask |= ball_mm(grid, (14.5, 0.5, 20.5), 1.8)
    image += np.random.default_rng(2).normal(0, 2, grid.shape)
    _, whole = veins_of(study_of(grid, {Contrast.SWI: image}), grid, mask)
    assert number(whole["central_vein_count"]) == 3
    assert number(whole["central_vein_assessable"]) == 4
    assert number(whole["central_vein_fraction"]) == 0.75


def test_noise_that_hides_veins_makes_them_unknown() -> None:
    row = one_lesion(noise=25.0)
    why = row["central_vein_class"]
    assert isinstance(why, Unknown)
    assert why.reason is Reason.BELOW_NOISE


# ---- resolution


@pytest.mark.parametrize(
    ("spacing", "coarse"),
    [
        ((0.65, 0.65, 0.65), False),
        ((1.2, 1.2, 1.5), False),
        ((1, 1, 3), True),
        ((1, 1.3, 1.3), True),
    ],
)
def test_voxels_too_thick_for_veins(spacing: tuple[float, float, float], coarse: bool) -> None:
    grid = Grid((4, 4, 4), affine(spacing))
    scan = scan_of(grid, Contrast.SWI, np.zeros((4, 4, 4)))
    assert (too_coarse(scan, 1.2, 1.5) is not None) is coarse


def test_a_thick_scan_stays_thick_on_a_fine_grid() -> None:
    fine, thick = Grid((4, 4, 4), affine()), Grid((4, 4, 4), affine((1, 1, 3)))
    scan = replace(scan_of(fine, Contrast.SWI, np.zeros((4, 4, 4))), source=source_of(thick))
    assert too_coarse(scan, 1.2, 1.5) is not None


# ---- band


def band_of(dark: NDArray[np.bool_], lesion: NDArray[np.bool_], grid: Grid) -> dict[str, Value]:
    anatomy = phantom_anatomy(grid)
    image = np.where(dark, 70.0, 100.0) + np.random.default_rng(0).normal(0, 2, grid.shape)
    study = study_of(grid, {Contrast.SWI: image})
    lesions = lesions_of(grid, lesion)
    voxels = lesion_voxels(lesions, grid)
    white = references(study, anatomy, normal_white_matter(anatomy, voxels))[Contrast.SWI]
    rows = swi_band_measurements(study, anatomy, lesions, surroundings(voxels), white, SizeScale())
    return rows[1]


@pytest.mark.parametrize("length", [6.0, 14.0, 20.0])
def test_length_of_a_band_under_the_cortex(length: float) -> None:
    grid = grid_of()
    x, y, z = np.moveaxis(positions(grid), -1, 0)
    lesion = (x > 14) & (x < 24) & (np.abs(y) < 12) & (np.abs(z) < 2)
    dark = (x > 22) & (x < 24) & (np.abs(y) < length / 2) & (np.abs(z) < 2)
    row = band_of(dark, lesion, grid)
    # The diagonal of a block of length x 2 x 4 mm.
    expected = np.sqrt(length**2 + 2**2 + 4**2)
    assert number(row["swi_band_length_mm"]) == pytest.approx(expected, abs=2.5)
    assert number(row["swi_white_edge_share"]) < 0.1


def test_a_lesion_far_from_cortex_has_no_band() -> None:
    grid = grid_of()
    lesion = ball_mm(grid, (11.5, 12.5, 0.5), 4.0)
    row = band_of(lesion, lesion, grid)
    share = (4**3 - 2**3) / (5**3 - 2**3)
    assert number(row["swi_band_length_mm"]) == 0
    assert number(row["swi_band_share"]) == 0
    assert number(row["swi_white_edge_share"]) == pytest.approx(share, abs=0.15)


# ---- rim

RIM_CENTRE = np.array([13.5, 12.5, 0.5])


def rim_share(
    phase: NDArray[np.float64], mask: NDArray[np.bool_], grid: Grid, swi: NDArray[np.float64]
) -> Value:
    anatomy = phantom_anatomy(grid)
    study = study_of(grid, {Contrast.SWI: swi, Contrast.PHASE: phase})
    lesions = lesions_of(grid, mask)
    voxels = lesion_voxels(lesions, grid)
    white = references(study, anatomy, normal_white_matter(anatomy, voxels))[Contrast.SWI]
    rows = phase_rim_measurements(study, anatomy, lesions, surroundings(voxels), white)
    return rows[1]["phase_rim_share"]


def rim_phantom(
    inner: float,
    *,
    sign: int = 1,
    slope: float = 0.0,
    spacing: tuple[float, float, float] = (1, 1, 1),
) -> Value:
    """Share of the rim of a shell of 6.5 mm, with two veins along the field elsewhere."""
    grid = grid_of(spacing)
    xyz = positions(grid) - RIM_CENTRE
    mask = np.linalg.norm(xyz, axis=-1) <= 6.5
    phase = shell_phase(xyz, inner, 6.5)
    away = np.abs(positions(grid))
    column = (np.abs(away[..., 0] - 12.5) < 0.6) & (np.abs(away[..., 1] - 20.5) < 0.6)
    column &= (away[..., 2] < 14) & ~mask & (positions(grid)[..., 1] < 0)
    phase[column] = 1 / 3
    phase = sign * phase + slope * positions(grid) @ np.array([1.0, -1.0, 0.5])
    phase += np.random.default_rng(3).normal(0, 0.02, grid.shape)
    swi = np.where(column, 60.0, 100.0) + np.random.default_rng(4).normal(0, 2, grid.shape)
    return rim_share(phase, mask, grid, swi)


def test_the_shift_of_a_shell() -> None:
    equator = shell_phase(np.array([[5.8, 0, 0], [3.0, 0, 0], [0, 0, 5.8]]), 5.0, 6.5)
    ratio = (5.0 / 5.8) ** 3 / 3
    assert np.allclose(equator, [ratio, 0.0, -2 * ratio])


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("slope", [0.0, 0.02])
def test_a_shell_is_a_rim_whatever_the_sign_and_slope(sign: int, slope: float) -> None:
    assert number(rim_phantom(5.0, sign=sign, slope=slope)) >= 0.9


def test_a_shell_in_voxels_of_a_swi() -> None:
    assert number(rim_phantom(5.0, spacing=(0.8, 0.8, 1.6))) >= 0.9


def test_a_ball_is_no_rim() -> None:
    assert number(rim_phantom(0.0)) == 0


def test_a_diamagnetic_shell_is_no_paramagnetic_rim() -> None:
    grid = grid_of()
    xyz = positions(grid) - RIM_CENTRE
    mask = np.linalg.norm(xyz, axis=-1) <= 6.5
    column = (np.abs(positions(grid)[..., 0] + 12.5) < 0.6) & (
        np.abs(np.abs(positions(grid)[..., 1]) - 20.5) < 0.6
    )
    column &= np.abs(positions(grid)[..., 2]) < 14
    phase = -shell_phase(xyz, 5.0, 6.5)
    phase[column] = 1 / 3
    phase += np.random.default_rng(3).normal(0, 0.02, grid.shape)
    swi = np.where(column, 60.0, 100.0) + np.random.default_rng(4).normal(0, 2, grid.shape)
    assert number(rim_share(phase, mask, grid, swi)) == 0


def test_small_lesions_and_wrapped_phase_are_unknown() -> None:
    grid = grid_of()
    swi = np.random.default_rng(4).normal(100, 2, grid.shape)
    small = ball_mm(grid, RIM_CENTRE, 2.5)
    why = rim_share(positions(grid)[..., 0], small, grid, swi)
    assert isinstance(why, Unknown)
    assert why.reason is Reason.TOO_FEW_VOXELS
    ramp = np.angle(np.exp(1j * positions(grid)[..., 0] * 1.2))
    wrapped = rim_share(ramp, ball_mm(grid, RIM_CENTRE, 6.5), grid, swi)
    assert isinstance(wrapped, Unknown)
    assert "wrapped" in wrapped.detail


def test_no_vein_no_sign() -> None:
    grid = grid_of()
    anatomy = phantom_anatomy(grid)
    swi = scan_of(grid, Contrast.SWI, np.random.default_rng(0).normal(100, 2, grid.shape))
    phase = scan_of(grid, Contrast.PHASE, np.zeros(grid.shape))
    study = Study(scans={Contrast.SWI: swi}, reference=grid, aligned=True)
    voxels = lesion_voxels(lesions_of(grid, ball_mm(grid, CENTRE, 4.0)), grid)
    white = references(study, anatomy, normal_white_matter(anatomy, voxels))[Contrast.SWI]
    assert isinstance(phase_sign(phase, swi, anatomy, white), Unknown)
    assert isinstance(phase_sign(phase, None, anatomy, white), Unknown)


# ---- everything together


def test_a_study_without_swi_and_phase_says_so() -> None:
    grid = grid_of()
    lesions = lesions_of(grid, ball_mm(grid, CENTRE, 4.0))
    study = Study(scans={}, reference=grid, aligned=True)
    around = around_of(lesions, grid)
    anatomy = phantom_anatomy(grid)
    tissue = normal_white_matter(anatomy, lesion_voxels(lesions, grid))
    rows, whole = susceptibility_measurements(
        study, anatomy, tissue, lesions, around, rows_of(lesions), SizeScale()
    )
    values = {**rows[1], **whole}
    assert set(values) == {spec.name for spec in SUSCEPTIBILITY_SPECS}
    for value in values.values():
        assert isinstance(value, Unknown)
        assert value.reason is Reason.IMAGE_MISSING


def test_nothing_of_this_is_validated() -> None:
    assert not any(spec.validated for spec in SUSCEPTIBILITY_SPECS)


def test_units_are_those_of_the_catalogue() -> None:
    row = one_lesion(vein=cylinder(grid_of(), CENTRE, (0, 0, 1), 0.5))
    units = {spec.name: spec.unit for spec in SUSCEPTIBILITY_SPECS}
    for name, value in row.items():
        assert (value.unit if isinstance(value, Quantity) else None) == units[name]
