"""Unevenness, mismatch, holes and rings, in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from lesionaid.quantity import Quantity, Reason, Unknown
from lesionaid.study.scan import Contrast
from tests.unit.anatomy_phantom import ball_mm, grid_of, positions, scan_of, study_of
from tests.unit.signal_phantom import (
    ANATOMY,
    CENTRE,
    GRID,
    T2W_FLUID,
    number,
    row_of,
    scan_signal,
    signal_of,
    stored_on,
    word,
)

BALL = ball_mm(GRID, CENTRE, 8)
RADIUS = np.linalg.norm(positions(GRID) - np.asarray(CENTRE), axis=-1)
FLUID = {Contrast.T2W: T2W_FLUID, Contrast.FLAIR: 20.0, Contrast.T1W: 30.0}
TISSUE = {Contrast.T2W: 160.0, Contrast.FLAIR: 160.0, Contrast.T1W: 80.0}
THREE = (Contrast.T2W, Contrast.FLAIR, Contrast.T1W)


def lesion(contrast: Contrast, *holes: np.ndarray, fill: float = 1.0) -> np.ndarray:
    image = scan_signal(contrast)
    image[BALL] = TISSUE[contrast]
    for hole in holes:
        image[hole] = TISSUE[contrast] + fill * (FLUID[contrast] - TISSUE[contrast])
    return image


def off(dx: float, dy: float, dz: float, radius: float) -> np.ndarray:
    return ball_mm(GRID, (CENTRE[0] + dx, CENTRE[1] + dy, CENTRE[2] + dz), radius)


def with_holes(*holes: np.ndarray, fill: float = 1.0) -> dict:
    return row_of({contrast: lesion(contrast, *holes, fill=fill) for contrast in THREE}, BALL)


# Unevenness


@pytest.mark.parametrize("sd", [0.0, 12.0, 30.0])
def test_unevenness_is_spread_over_contrast(sd: float) -> None:
    image = lesion(Contrast.T2W)
    image[BALL] += np.random.default_rng(3).normal(0, np.hypot(sd, 2.0), BALL.sum())
    row = row_of({Contrast.T2W: image}, BALL)
    assert number(row["t2w_unevenness"]) == pytest.approx(sd / 60, abs=0.02)


def test_a_fading_lesion_is_even() -> None:
    image = lesion(Contrast.FLAIR)
    image[BALL] = 190 - 8 * RADIUS[BALL]  # spread 12 as a whole
    row = row_of({Contrast.FLAIR: image}, BALL)
    assert number(row["flair_unevenness"]) < 0.05


def test_unevenness_of_small_or_faint_lesions_is_unknown() -> None:
    image = lesion(Contrast.T2W)
    small = row_of({Contrast.T2W: image}, ball_mm(GRID, CENTRE, 3))["t2w_unevenness"]
    assert isinstance(small, Unknown)
    assert small.reason is Reason.TOO_FEW_VOXELS
    image[BALL] = 103.0
    faint = row_of({Contrast.T2W: image}, BALL)["t2w_unevenness"]
    assert isinstance(faint, Unknown)
    assert faint.reason is Reason.BELOW_NOISE


@pytest.mark.parametrize(("core", "share"), [(125.0, 1.0), (135.0, 0.0)])
def test_mismatch(core: float, share: float) -> None:
    image = lesion(Contrast.FLAIR)
    image[RADIUS < 5.5] = core
    row = row_of({Contrast.FLAIR: image, Contrast.T2W: lesion(Contrast.T2W)}, BALL)
    assert number(row["t2_flair_mismatch_share"]) == share


# Holes


def test_microcysts_are_counted_and_measured() -> None:
    holes = [off(4, 0, 0, 0.9), off(-4, 0, 0, 1.2), off(0, 4, 0, 1.2)]
    row = with_holes(*holes)
    assert number(row["microcyst_count"]) == 3
    assert number(row["microcyst_volume_mm3"]) == sum(hole.sum() for hole in holes)
    assert number(row["microcyst_limit_mm"]) == pytest.approx(np.cbrt(3 / np.pi))
    assert number(row["cavity_volume_mm3"]) == 0


@pytest.mark.parametrize(("count", "found"), [(0, "none"), (2, "possible"), (3, "likely")])
def test_microcysts_by_class(count: int, found: str) -> None:
    holes = [off(4, 0, 0, 0.9), off(-4, 0, 0, 1.2), off(0, 4, 0, 1.2)][:count]
    assert word(with_holes(*holes)["microcyst_class"]) == found


@pytest.mark.parametrize(("fill", "count"), [(0.6, 1), (0.4, 0)])
def test_half_filled_voxels_are_the_limit(fill: float, count: int) -> None:
    assert number(with_holes(off(0, 0, 0, 1.2), fill=fill)["microcyst_count"]) == count


def test_holes_bright_on_flair_are_none() -> None:
    images = {contrast: lesion(contrast) for contrast in THREE}
    images[Contrast.T2W] = lesion(Contrast.T2W, off(0, 0, 0, 1.2))
    assert number(row_of(images, BALL)["microcyst_count"]) == 0


def test_holes_open_to_the_outside_are_none() -> None:
    outside = off(0, 8.5, 0, 2.5)
    row = with_holes(outside)
    assert number(row["microcyst_count"]) == 0
    assert number(row["cavity_volume_mm3"]) == 0


def test_a_cavity_is_no_microcyst() -> None:
    hole = off(0, 0, 0, 3.0)
    row = with_holes(hole)
    assert number(row["cavity_volume_mm3"]) == hole.sum()
    assert number(row["cavity_fraction"]) == pytest.approx(hole.sum() / BALL.sum())
    assert number(row["microcyst_count"]) == 0


def test_a_cavity_of_most_of_the_lesion_is_found() -> None:
    hole = off(0, 0, 0, 6.4)
    row = with_holes(hole)
    assert number(row["cavity_volume_mm3"]) == hole.sum()
    like_fluid = row["microcyst_count"]
    assert isinstance(like_fluid, Unknown)
    assert like_fluid.reason is Reason.BELOW_NOISE


def test_holes_are_not_seen_in_thick_slices() -> None:
    thick = grid_of((1, 1, 5))
    study = study_of(GRID, {contrast: lesion(contrast) for contrast in THREE})
    scans = {contrast: stored_on(scan, thick) for contrast, scan in study.scans.items()}
    from dataclasses import replace

    row = signal_of(replace(study, scans=scans), BALL)[1]
    for name in ("microcyst_count", "cavity_volume_mm3", "t2_dark_rim_completeness"):
        why = row[name]
        assert isinstance(why, Unknown), name
        assert why.reason is Reason.LOW_RESOLUTION


def test_a_hole_in_the_scan_is_not_finite() -> None:
    from dataclasses import replace

    study = study_of(GRID, {contrast: lesion(contrast) for contrast in THREE})
    valid = np.ones(GRID.shape, dtype=bool)
    valid[tuple(np.argwhere(BALL)[0])] = False
    scans = {c: scan_of(GRID, c, study.scans[c].data, valid) for c in THREE}
    row = signal_of(replace(study, scans=scans), BALL)[1]
    for name in ("microcyst_count", "cavity_fraction", "t2w_unevenness", "t1w_grade"):
        why = row[name]
        assert isinstance(why, Unknown), name
        assert why.reason is Reason.NOT_FINITE


# Rings


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_completeness_of_a_dark_line(share: float) -> None:
    mask = ball_mm(GRID, CENTRE, 7)
    image = scan_signal(Contrast.T2W)
    image[mask] = 160.0
    # On a sphere, areas are as heights.
    height = (positions(GRID)[..., 2] - CENTRE[2]) / RADIUS
    line = (RADIUS > 7) & (RADIUS <= 8.6) & (height <= 2 * share - 1)
    image[line] = 70.0
    row = row_of({Contrast.T2W: image}, mask)
    assert number(row["t2_dark_rim_completeness"]) == pytest.approx(share, abs=0.13)


def test_dark_tissue_on_one_side_is_no_line() -> None:
    mask = ball_mm(GRID, CENTRE, 7)
    image = scan_signal(Contrast.T2W)
    image[(RADIUS > 7) & (RADIUS < 14)] = 70.0  # all about it, and no darker than beyond
    image[mask] = 160.0
    value = row_of({Contrast.T2W: image}, mask)["t2_dark_rim_completeness"]
    assert isinstance(value, Quantity)
    assert value.value < 0.1


@pytest.mark.parametrize("bands", [0, 1, 2])
def test_dark_bands(bands: int) -> None:
    mask = ball_mm(GRID, CENTRE, 9)
    image = scan_signal(Contrast.T2W)
    image[mask] = 160.0
    for low, high in ((6.0, 7.5), (2.0, 4.0))[:bands]:
        image[(low <= RADIUS) & (high > RADIUS)] = 110.0
    assert number(row_of({Contrast.T2W: image}, mask)["t2_dark_bands"]) == bands


def test_a_dark_core_is_no_band() -> None:
    mask = ball_mm(GRID, CENTRE, 9)
    image = scan_signal(Contrast.T2W)
    image[mask] = 160.0
    image[RADIUS < 5] = 110.0
    assert number(row_of({Contrast.T2W: image}, mask)["t2_dark_bands"]) == 0


def test_anatomy_is_needed() -> None:
    study = study_of(GRID, {contrast: lesion(contrast) for contrast in THREE})
    row = signal_of(study, BALL, anatomy=None)[1]
    assert signal_of(study, BALL, anatomy=ANATOMY)[1].keys() == row.keys()
    for name in ("t2_dark_bands", "microcyst_count", "cavity_fraction", "flair_unevenness"):
        why = row[name]
        assert isinstance(why, Unknown)
        assert why.reason is Reason.ANATOMY_MISSING
