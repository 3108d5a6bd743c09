"""Patterns of enhancement with answers in closed form, without a brain about them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.anatomy.distances import signed_distance_mm
from lesionaid.features.enhancement_pattern import PATTERN_NAMES, pattern_of
from lesionaid.features.enhancement_ring import HotLesion
from lesionaid.geometry import Grid
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Category, Quantity, Reason, Unknown, Value

FINE = (1.0, 1.0, 1.0)
THICK = (1.0, 1.0, 3.0)


def grid_of(spacing: tuple[float, ...] = FINE, half_mm: float = 24.0) -> Grid:
    shape = tuple(2 * round(half_mm / step) for step in spacing)
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [-(n - 1) / 2 * step for n, step in zip(shape, spacing, strict=True)]
    return Grid((shape[0], shape[1], shape[2]), affine)


def positions(grid: Grid) -> NDArray[np.float64]:
    return grid.to_mm(np.indices(grid.shape).reshape(3, -1).T).reshape(*grid.shape, 3)


def radius_from(grid: Grid, centre: tuple[float, float, float] = (0, 0, 0)) -> NDArray[np.float64]:
    return np.linalg.norm(positions(grid) - np.asarray(centre), axis=-1)


def pattern(
    grid: Grid,
    lesion: NDArray[np.bool_],
    hot: NDArray[np.bool_],
    gained: NDArray[np.float64] | None = None,
    noise: float = 1.0,
    scale: SizeScale | None = None,
) -> dict[str, Value]:
    """The wall of a ventricle is the plane x = -10, the cortex begins at x = 14."""
    distance = signed_distance_mm(lesion, grid).ravel()
    index = np.flatnonzero(distance <= 8.0)
    gain = 50.0 * hot if gained is None else gained
    x = positions(grid)[..., 0].ravel()[index]
    made = pattern_of(
        HotLesion(
            grid=grid,
            index=index,
            signed_mm=distance[index],
            inside=lesion.ravel()[index],
            hot=(hot & lesion).ravel()[index],
            gained=gain.ravel()[index].astype(float),
            noise=noise,
            voxel_mm=max(grid.spacing_mm),
            ventricle_mm=(x + 10.0).astype(np.float32),
            cortex_mm=(14.0 - x).astype(np.float32),
        ),
        scale or SizeScale(),
    )
    assert tuple(made) == PATTERN_NAMES
    return made


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


def unknown(value: Value) -> Reason:
    assert isinstance(value, Unknown), value
    return value.reason


def shell(grid: Grid, inner: float = 6.0, outer: float = 9.0) -> NDArray[np.bool_]:
    far = radius_from(grid)
    return (far >= inner) & (far <= outer)


def opened(
    grid: Grid, toward: tuple[float, float, float], half_angle_deg: float
) -> NDArray[np.bool_]:
    """A shell without the cone about a direction."""
    direction = np.asarray(toward) / np.linalg.norm(toward)
    cosine = positions(grid) @ direction / radius_from(grid)
    return shell(grid) & (cosine < np.cos(np.radians(half_angle_deg)))


@pytest.mark.parametrize("spacing", [FINE, THICK], ids=str)
def test_a_ball_is_solid_and_closed(spacing: tuple[float, ...]) -> None:
    grid = grid_of(spacing)
    ball = radius_from(grid) <= 7
    made = pattern(grid, radius_from(grid) <= 10, ball)
    assert number(made["enhancing_part_count"]) == 1
    assert number(made["enhancing_part_diameter_mm"]) == pytest.approx(14, rel=0.03)
    assert number(made["enhancement_ring_closure"]) == 1
    assert number(made["enhancement_core_fraction"]) == 1
    assert number(made["enhancement_elongation"]) == pytest.approx(1, abs=0.06)
    assert number(made["enhancement_solidity"]) > 0.7
    assert made["enhancement_opening"] == Category("none")


@pytest.mark.parametrize("spacing", [FINE, THICK], ids=str)
def test_a_closed_shell_has_a_dark_core(spacing: tuple[float, ...]) -> None:
    grid = grid_of(spacing)
    made = pattern(grid, radius_from(grid) <= 10, shell(grid))
    assert number(made["enhancement_ring_closure"]) == 1
    assert number(made["enhancement_core_fraction"]) == 0
    assert number(made["enhancement_gap_unity"]) == 0
    assert made["enhancement_opening"] == Category("none")


@pytest.mark.parametrize(
    ("toward", "side"),
    [((1, 0, 0), "cortex"), ((-1, 0, 0), "ventricle"), ((0, 1, 0), "white_matter")],
)
@pytest.mark.parametrize("half_angle", [45.0, 60.0, 75.0])
@pytest.mark.parametrize("spacing", [FINE, THICK], ids=str)
def test_an_opening_has_its_size_and_its_side(
    spacing: tuple[float, ...], half_angle: float, toward: tuple[float, float, float], side: str
) -> None:
    grid = grid_of(spacing)
    made = pattern(grid, radius_from(grid) <= 10, opened(grid, toward, half_angle))
    # A hot voxel closes the directions up to 0.75 voxel beside it, which narrows the gap.
    seen = np.radians(half_angle) - np.arctan2(max(spacing) * 0.75, 7.5)
    exact = (1 + np.cos(seen)) / 2
    assert number(made["enhancement_ring_closure"]) == pytest.approx(exact, abs=0.06)
    assert number(made["enhancement_gap_unity"]) == pytest.approx(np.cos(seen / 2) ** 2, abs=0.08)
    assert number(made["enhancement_gap_deg"]) == pytest.approx(np.degrees(seen), abs=6)
    assert number(made["enhancement_core_fraction"]) <= 0.05
    assert made["enhancement_opening"] == Category(side)


def test_two_gaps_are_not_one() -> None:
    grid = grid_of()
    both = opened(grid, (1, 0, 0), 50) & opened(grid, (-1, 0, 0), 50)
    made = pattern(grid, radius_from(grid) <= 10, both)
    assert number(made["enhancement_gap_unity"]) < 0.2


@pytest.mark.parametrize(("spacing", "radius"), [(FINE, 2.9), (THICK, 5.5)], ids=str)
def test_a_small_lesion_has_no_room_for_a_ring(spacing: tuple[float, ...], radius: float) -> None:
    grid = grid_of(spacing)
    ball = radius_from(grid) <= radius
    made = pattern(grid, ball, ball)
    for name in ("enhancement_ring_closure", "enhancement_core_fraction", "enhancement_opening"):
        assert unknown(made[name]) is Reason.TOO_FEW_VOXELS


def test_a_rod_is_long_and_thin() -> None:
    grid = grid_of()
    xyz = np.abs(positions(grid))
    rod = (xyz[..., 0] < 8) & (xyz[..., 1] < 1.5) & (xyz[..., 2] < 1.5)
    rod &= positions(grid)[..., 1] > -1
    made = pattern(grid, radius_from(grid) <= 12, rod)
    assert number(made["enhancement_elongation"]) == pytest.approx(2 / 16, abs=1e-6)
    assert number(made["enhancement_length_mm"]) == pytest.approx(np.sqrt(16**2 + 2 * 2**2))
    assert number(made["enhancement_solidity"]) == pytest.approx(1)


def test_dots_are_counted_and_measured() -> None:
    grid = grid_of()
    places = [(0, 0, 0), (7, 2, 0), (-6, 3, 3), (1, -7, -3)]
    dots = np.any([radius_from(grid, place) <= 1.9 for place in places], axis=0)
    made = pattern(grid, radius_from(grid) <= 12, dots)
    assert number(made["enhancing_part_count"]) == 4
    assert number(made["enhancing_dot_fraction"]) == 1
    big = dots | (radius_from(grid, (0, 7, -6)) <= 4)
    share = number(pattern(grid, radius_from(grid) <= 13, big)["enhancing_dot_fraction"])
    assert share == pytest.approx(dots.sum() / big.sum())


def test_dots_are_not_sized_in_thick_slices_nor_without_a_scale() -> None:
    grid = grid_of(THICK)
    lesion = radius_from(grid) <= 12
    made = pattern(grid, lesion, radius_from(grid) <= 2)
    assert unknown(made["enhancing_dot_fraction"]) is Reason.LOW_RESOLUTION
    assert unknown(made["enhancement_edge_width_mm"]) is Reason.LOW_RESOLUTION
    assert unknown(made["enhancement_wall_thickness_mm"]) is Reason.LOW_RESOLUTION
    fine = grid_of()
    made = pattern(fine, radius_from(fine) <= 12, radius_from(fine) <= 2, scale=SizeScale("mni"))
    assert unknown(made["enhancing_dot_fraction"]) is Reason.SCALE_UNKNOWN


def test_enhancement_at_the_border() -> None:
    grid = grid_of()
    lesion = radius_from(grid) <= 10
    made = pattern(grid, lesion, lesion & (radius_from(grid) > 8.5))
    assert number(made["enhancement_border_fraction"]) > 0.95
    share = 1 - 0.8**3  # of a ball's volume in the outer fifth of its radius
    excess = number(made["enhancement_border_excess"])
    assert excess == pytest.approx(1 / share, rel=0.12)
    made = pattern(grid, lesion, radius_from(grid) <= 5)
    assert number(made["enhancement_border_fraction"]) == 0
    small = radius_from(grid) <= 5
    made = pattern(grid, small, small)
    assert unknown(made["enhancement_border_excess"]) is Reason.TOO_FEW_VOXELS


@pytest.mark.parametrize("thickness", [1.0, 2.0, 3.0])
def test_a_sheet_on_the_wall(thickness: float) -> None:
    grid = grid_of()
    xyz = positions(grid)
    lesion = (xyz[..., 0] > -10) & (xyz[..., 0] < 0) & (np.abs(xyz[..., 1:]) < 10).all(axis=-1)
    made = pattern(grid, lesion, lesion & (xyz[..., 0] < -10 + thickness))
    assert number(made["enhancement_wall_fraction"]) == 1
    assert number(made["enhancement_wall_thickness_mm"]) == pytest.approx(thickness)
    length = np.sqrt(thickness**2 + 2 * 20**2)
    assert number(made["enhancement_wall_length_mm"]) == pytest.approx(length)


@pytest.mark.parametrize("ramp", [2.0, 5.0, 7.0])
def test_width_of_a_linear_edge(ramp: float) -> None:
    grid = grid_of()
    far = radius_from(grid)
    gained = 60.0 * np.clip((9.0 + ramp / 2 - far) / ramp, 0, 1)
    made = pattern(grid, far <= 14, gained > 4.0, gained)
    assert number(made["enhancement_edge_width_mm"]) == pytest.approx(0.8 * ramp, abs=0.5)


def test_a_faint_edge_is_within_the_noise() -> None:
    grid = grid_of()
    ball = radius_from(grid) <= 7
    made = pattern(grid, radius_from(grid) <= 10, ball, 5.0 * ball, noise=1.0)
    assert unknown(made["enhancement_edge_width_mm"]) is Reason.BELOW_NOISE


def test_variation_of_even_and_of_half_enhancement() -> None:
    grid = grid_of()
    lesion = radius_from(grid) <= 10
    rng = np.random.default_rng(0)
    even = 40.0 + rng.normal(0, 2, grid.shape)
    made = pattern(grid, lesion, lesion, even, noise=2.0)
    assert number(made["enhancement_variation"]) < 0.03
    half = 40.0 * (positions(grid)[..., 1] > 0)
    made = pattern(grid, lesion, lesion & (half > 0), half, noise=0.0)
    assert number(made["enhancement_variation"]) == pytest.approx(1, abs=0.02)


def test_specks_of_noise_are_no_parts() -> None:
    grid = grid_of()
    hot = np.zeros(grid.shape, dtype=bool)
    hot[24, 24, 24] = hot[20, 24, 24:26] = True
    made = pattern(grid, radius_from(grid) <= 10, hot)
    assert {unknown(value) for value in made.values()} == {Reason.TOO_FEW_VOXELS}
