"""Focality and satellites."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from lesionaid.features.background import excess_probability
from lesionaid.features.focality import focality_measurements
from lesionaid.features.satellites import SATELLITE_SPECS, satellite_measurements
from lesionaid.geometry import Grid
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unknown, Value
from tests.unit.anatomy_phantom import (
    ball_mm,
    grid_of,
    lesions_of,
    phantom_anatomy,
    positions,
)

GRID = grid_of(half_mm=(30, 40, 30))
ANATOMY = phantom_anatomy(GRID)
MAIN = (16.5, 22.5, 0.5)


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


# --- focality -----------------------------------------------------------------------


def shape_of(grid: Grid, mask: np.ndarray, scale: SizeScale | None = None) -> dict[str, Value]:
    return focality_measurements(lesions_of(grid, mask), scale or SizeScale())[1]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (1.0, 1.0, 3.0), (0.8, 0.8, 0.8)])
@pytest.mark.parametrize("axes", [(1, 1, 1), (1, 1, 3), (2, 1, 0.7)])
@pytest.mark.parametrize("radius", [3.0, 8.0])
def test_ovoids_are_regular(
    spacing: tuple[float, ...], axes: tuple[float, ...], radius: float
) -> None:
    grid = grid_of(spacing)
    xyz = (positions(grid) - (0.3, 0.4, 0.1)) / (np.asarray(axes) * radius)
    row = shape_of(grid, np.linalg.norm(xyz, axis=-1) <= 1)
    if isinstance(row["irregularity"], Quantity):
        assert number(row["irregularity"]) <= (0.1 if radius < 5 else 0.06)
    else:
        assert spacing[2] == 3.0
        assert radius == 3.0


def test_a_brick_in_closed_form() -> None:
    grid = grid_of()
    brick = np.all(np.abs(positions(grid)) < (10, 4, 6), axis=-1)
    row = shape_of(grid, brick)
    expected = 1 - 1 / (4 / 3 * np.pi * (5 / 12) ** 1.5)
    assert number(row["irregularity"]) == pytest.approx(expected)
    assert number(row["thickness_max_mm"]) == pytest.approx(8, abs=0.5)


def test_a_bent_lesion_is_irregular_and_thin() -> None:
    grid = grid_of()
    xyz = positions(grid)
    ring = np.abs(np.hypot(xyz[..., 0], xyz[..., 1]) - 15) < 2.5
    row = shape_of(grid, ring & (np.abs(xyz[..., 2]) < 2.5) & (xyz[..., 0] > 0))
    assert number(row["irregularity"]) > 0.5
    # Four voxels high.
    assert number(row["thickness_max_mm"]) == pytest.approx(4, abs=0.5)


def test_small_lesions_have_no_irregularity_but_a_thickness() -> None:
    grid = grid_of()
    row = shape_of(grid, ball_mm(grid, (0.5, 0.5, 0.5), 0.1))
    assert row["irregularity"].reason is Reason.TOO_FEW_VOXELS
    assert number(row["thickness_max_mm"]) == pytest.approx(1.5)


@pytest.mark.parametrize("radius", [4.0, 9.0])
def test_thickness_of_a_ball(radius: float) -> None:
    grid = grid_of()
    for centre, error in (((0.5, 0.5, 0.5), 1.0), ((0, 0, 0), 2.1)):  # on a voxel, on a corner
        row = shape_of(grid, ball_mm(grid, centre, radius))
        assert number(row["thickness_max_mm"]) == pytest.approx(2 * radius, abs=error)


def test_the_body_of_a_dumbbell_is_its_larger_end() -> None:
    grid = grid_of()
    at = positions(grid)
    ends = (np.linalg.norm(at - (-12, 0, 0), axis=-1) < 7) | (
        np.linalg.norm(at - (12, 0, 0), axis=-1) < 5
    )
    bridge = np.all(np.abs(at) < (12, 1.6, 1.6), axis=-1)
    row = shape_of(grid, ends | bridge)
    assert number(row["body_diameter_mm"]) == pytest.approx(14, abs=3)


def test_a_thick_bridge_makes_one_body() -> None:
    grid = grid_of()
    brick = np.all(np.abs(positions(grid)) < (15, 4, 4), axis=-1)
    row = shape_of(grid, brick)
    assert number(row["body_diameter_mm"]) == pytest.approx(np.sqrt(30**2 + 8**2 + 8**2), abs=3)


def test_a_thread_has_no_body_but_its_thickness() -> None:
    grid = grid_of()
    thread = np.all(np.abs(positions(grid)) < (15, 1.6, 1.6), axis=-1)
    row = shape_of(grid, thread)
    assert row["body_diameter_mm"] == row["thickness_max_mm"]


def test_thickness_is_in_the_patients_mm() -> None:
    grid = grid_of()
    mask = ball_mm(grid, (0, 0, 0), 6)
    native = shape_of(grid, mask)
    scaled = shape_of(grid, mask, SizeScale("mni", 0.8))
    assert number(scaled["thickness_max_mm"]) == pytest.approx(
        0.8 * number(native["thickness_max_mm"])
    )
    assert scaled["irregularity"] == native["irregularity"]
    assert shape_of(grid, mask, SizeScale("mni"))["thickness_max_mm"].reason is (
        Reason.SCALE_UNKNOWN
    )


# --- satellites ---------------------------------------------------------------------


def dots(centres: list[tuple[float, float, float]], grid: Grid = GRID) -> np.ndarray:
    mask = np.zeros(grid.shape, dtype=bool)
    for centre in centres:
        mask |= ball_mm(grid, centre, 1.3)
    return mask


def crowd(count: int, gap: float = 6.0) -> list[tuple[float, float, float]]:
    """Dots on a circle round the main lesion (radius 5), `gap` mm from its edge."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    x, y, z = MAIN
    rim = 5 + gap
    return [(x, y + rim * np.cos(a), z + rim * np.sin(a)) for a in angle]


def scattered(count: int, seed: int = 1) -> list[tuple[float, float, float]]:
    """Dots all over the white matter, far from one another and from the main lesion."""
    rng = np.random.default_rng(seed)
    found: list[tuple[float, float, float]] = []
    while len(found) < count:
        at = (rng.uniform(6, 22) * rng.choice([-1, 1]), rng.uniform(-36, 36), rng.uniform(-18, 26))
        clear = all(np.linalg.norm(np.subtract(at, other)) > 5 for other in found)
        if clear and np.linalg.norm(np.subtract(at, MAIN)) > 9:
            found.append((float(at[0]), float(at[1]), float(at[2])))
    return found


def with_main(mask: np.ndarray, grid: Grid = GRID) -> LesionMap:
    return lesions_of(grid, mask | ball_mm(grid, MAIN, 5))


def satellites(
    mask: np.ndarray, scale: SizeScale | None = None, anatomy=ANATOMY, voxel: float = 1.0
) -> dict[int, dict[str, Value]]:
    return satellite_measurements(with_main(mask), anatomy, scale or SizeScale(), voxel)


def test_a_crowd_beside_one_lesion_in_an_empty_brain() -> None:
    row = satellites(dots(crowd(6)))[1]
    assert number(row["satellite_count"]) == 6
    assert number(row["satellite_near_count"]) == 6
    assert number(row["satellite_near_expected"]) == 0
    assert number(row["satellite_excess"]) > 1.3
    assert number(row["satellite_spacing_mm"]) == pytest.approx(11, abs=1)


def test_everyday_lesions_all_over_are_no_crowd() -> None:
    for seed in range(4):
        row = satellites(dots(scattered(45, seed)))[1]
        assert number(row["satellite_count"]) >= 3
        excess = row["satellite_excess"]
        assert isinstance(excess, Unknown) or number(excess) < 1.3


def test_a_crowd_shows_against_a_light_background() -> None:
    row = satellites(dots(crowd(9) + scattered(6, 3)))[1]
    assert number(row["satellite_excess"]) > 1.3


def test_an_excess_that_chance_could_make_is_unknown() -> None:
    row = satellites(dots(crowd(3) + scattered(12)))[1]
    value = row["satellite_excess"]
    assert isinstance(value, Unknown)
    assert value.reason is Reason.BELOW_NOISE
    assert number(row["satellite_count"]) >= 3


def test_two_are_no_pattern() -> None:
    row = satellites(dots(crowd(2)))[1]
    assert number(row["satellite_count"]) == 2
    assert number(row["satellite_excess"]) == 0


def test_reach_and_crumbs() -> None:
    x, y, z = MAIN
    near_edge = [(x, y, z - 5 - gap - 1) for gap in (1.0, 18.0, 24.0)]
    row = satellites(dots(near_edge))[1]
    assert number(row["satellite_count"]) == 1
    assert number(row["satellite_near_count"]) == 0


def test_a_lesion_of_five_mm_is_no_satellite() -> None:
    x, y, z = MAIN
    rows = satellites(ball_mm(GRID, (x, y, z - 14), 3))
    assert number(rows[1]["satellite_count"]) == 0
    assert number(rows[2]["satellite_count"]) == 0


def test_small_lesions_have_no_satellites_of_their_own() -> None:
    rows = satellites(dots(crowd(4)))
    assert {value.reason for value in rows[2].values()} == {Reason.NOT_MEASURED}


def test_subcortical_share() -> None:
    row = satellites(dots([(22, 22, 10.5), (22, 12, 0.5), (8.5, 22, 10.5), (22, 22, -9.5)]))[1]
    assert number(row["satellite_subcortical_fraction"]) == pytest.approx(0.75)


def test_thick_slices_cannot_show_satellites() -> None:
    rows = satellites(dots(crowd(6)), voxel=3.0)
    assert set(rows[1]) == {spec.name for spec in SATELLITE_SPECS}
    assert {value.reason for value in rows[1].values()} == {Reason.LOW_RESOLUTION}
    for edge in (1.2, float(np.float32(1.2))):  # as a header holds it
        assert isinstance(satellites(dots(crowd(6)), voxel=edge)[1]["satellite_count"], Quantity)


def test_sizes_need_the_scale_in_mni() -> None:
    rows = satellites(dots(crowd(6)), SizeScale("mni"))
    assert {value.reason for value in rows[1].values()} == {Reason.SCALE_UNKNOWN}


def test_without_anatomy_satellites_are_counted_and_not_judged() -> None:
    row = satellites(dots(crowd(6)), anatomy=None)[1]
    assert number(row["satellite_count"]) == 6
    assert row["satellite_excess"].reason is Reason.ANATOMY_MISSING


def test_more_main_lesions_ask_for_more() -> None:
    lonely = satellites(dots(crowd(5)))[1]["satellite_excess"]
    others = ball_mm(GRID, (-16, -30, 0), 4) | ball_mm(GRID, (-16, 30, 0), 4)
    among = satellites(dots(crowd(5)) | others)[1]["satellite_excess"]
    # The main lesion is the largest of three: its factor is 1 + 1/2 + 1/3.
    assert number(lonely) - number(among) == pytest.approx(np.log10(11 / 6), abs=0.15)


@pytest.mark.parametrize("axis", [0, 1])
def test_mirror_images_agree(axis: int) -> None:
    # The phantom is symmetric in x and y; only the lattice of tissue moves by a voxel.
    mask = dots(crowd(7) + scattered(10)) | ball_mm(GRID, MAIN, 5)
    plain, mirrored = (
        satellite_measurements(lesions_of(GRID, one), ANATOMY, SizeScale(), 1.0)[1]
        for one in (mask, np.flip(mask, axis))
    )
    assert mirrored["satellite_count"] == plain["satellite_count"]
    assert number(mirrored["satellite_excess"]) == pytest.approx(
        number(plain["satellite_excess"]), abs=0.35
    )


def test_probability_in_closed_form() -> None:
    totals, shares = np.array([10, 0]), np.array([0.2, 0.5])
    assert excess_probability(3, totals, shares, 1.0) == pytest.approx(binom.sf(2, 10, 0.2))
    # Twice the density in a fifth of the tissue: 2 x 1/5 against 4/5.
    assert excess_probability(3, totals, shares, 2.0) == pytest.approx(binom.sf(2, 10, 1 / 3))
    both = excess_probability(2, np.array([1, 1]), np.array([0.2, 0.5]), 1.0)
    assert both == pytest.approx(0.2 * 0.5)
    assert excess_probability(0, totals, shares, 2.0) == pytest.approx(1)
