"""Hot structures about lesions: what explains them, and what lies beside them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.features.enhancement_beside import BESIDE_SPECS, beside_measurements
from lesionaid.features.enhancement_outside import KINDS, explain
from lesionaid.features.subtraction import Difference
from lesionaid.features.surroundings import Surroundings, surroundings
from lesionaid.features.voxels import lesion_voxels
from lesionaid.lesions.scale import SizeScale
from lesionaid.quantity import Quantity, Reason, Unknown, Value
from tests.unit.anatomy_phantom import (
    ball_mm,
    grid_of,
    lesions_of,
    phantom_anatomy,
    positions,
)

Mask = NDArray[np.bool_]

GRID = grid_of()
ANATOMY = phantom_anatomy(GRID)
XYZ = positions(GRID)


def box(low: tuple[float, ...], high: tuple[float, ...]) -> Mask:
    middle, half = (np.add(low, high) / 2, np.subtract(high, low) / 2)
    return np.asarray((np.abs(XYZ - middle) <= half).all(axis=-1))


def around(mask: Mask) -> Surroundings:
    return surroundings(lesion_voxels(lesions_of(GRID, mask), GRID))


def explained(mask: Mask, hot: Mask, gained: NDArray[np.float64] | None = None) -> dict[str, int]:
    """Hot voxels of the lesion by what explains them."""
    near = around(mask)
    gain = 50.0 * hot if gained is None else gained
    kind = explain(near, near.voxels.take(hot), near.voxels.take(gain), ANATOMY)
    own = kind[near.inside & near.voxels.take(hot)]
    return {name: int(np.count_nonzero(own == code)) for code, name in enumerate(KINDS)}


LESION = ball_mm(GRID, (14, 14, 4), 6)


def test_a_tube_that_crosses_is_a_vessel() -> None:
    tube = box((12.6, -10, 2.6), (15.4, 28, 5.4))
    found = explained(LESION, tube)
    assert found["vessel"] == np.count_nonzero(tube & LESION)
    assert found["none"] == 0


def test_a_rod_that_stays_inside_is_no_vessel() -> None:
    rod = box((12.6, 9, 2.6), (15.4, 19, 5.4))
    assert explained(LESION, rod)["none"] == np.count_nonzero(rod & LESION)


def test_a_nodule_with_a_vein_stays_a_nodule() -> None:
    nodule, vein = ball_mm(GRID, (14, 14, 4), 4.5), box((13, 14, 3), (15, 29, 5))
    found = explained(LESION, nodule | vein)
    assert found["none"] > 0.9 * nodule.sum()


def test_a_ring_that_touches_a_vein_stays_a_ring() -> None:
    ring = ball_mm(GRID, (14, 14, 4), 6) & ~ball_mm(GRID, (14, 14, 4), 4)
    vein = box((13, 19, 3), (15, 29, 5))
    assert explained(LESION, ring | vein)["none"] > 0.9 * ring.sum()


def test_a_faint_lesion_keeps_what_a_bright_vein_does_not_explain() -> None:
    tube = box((12.6, -10, 2.6), (15.4, 28, 5.4))
    gained = np.where(tube, 120.0, 20.0 * LESION)
    found = explained(LESION, tube | LESION, gained)
    assert found["vessel"] >= np.count_nonzero(tube & LESION)
    assert found["none"] > 0.4 * LESION.sum()


def test_a_lesion_that_spills_over_its_mask_is_not_its_own_vessel() -> None:
    hot = ball_mm(GRID, (14, 14, 4), 7.5)
    assert explained(LESION, hot)["none"] == LESION.sum()


def test_plexus_explains_what_lies_close_to_it() -> None:
    lesion = ball_mm(GRID, (9, 14, 4), 5.5)
    plexus = box((-3, 6, -4), (4.5, 22, 12))
    found = explained(lesion, plexus)
    assert found["none"] == 0
    nodule = ball_mm(GRID, (11.5, 14, 4), 2)
    assert explained(lesion, plexus | nodule)["none"] > 0


def test_sheets_on_both_walls_are_not_each_others_plexus() -> None:
    both = box((4, -10, -8), (12, 10, 8)) | box((-12, -10, -8), (-4, 10, 8))
    # Blur carries each a voxel into the ventricle, which is 8 mm wide.
    hot = box((3, -10, -8), (6, 10, 8)) | box((-6, -10, -8), (-3, 10, 8))
    found = explained(both, hot)
    assert found["choroid_plexus"] == 0
    assert found["none"] == np.count_nonzero(both & hot)


def test_dura_explains_the_outer_cortex() -> None:
    lesion = box((16, -8, -4), (27, 8, 12))
    dura = XYZ[..., 0] > 26
    found = explained(lesion, dura)
    assert found["dura"] == np.count_nonzero(dura & lesion)


def beside(
    mask: Mask, hot: Mask, voxel_mm: float = 1.0
) -> tuple[dict[int, dict[str, Value]], dict[str, Value]]:
    percent = (50.0 * hot).astype(np.float32)
    lesions = lesions_of(GRID, mask)
    near = surroundings(lesion_voxels(lesions, GRID))
    everywhere = tuple(slice(0, size) for size in GRID.shape)
    gain = Difference(percent, 2.5, np.ones(GRID.shape, dtype=bool), everywhere, GRID.shape)
    return beside_measurements(gain, 10.0, ANATOMY, near, lesions, SizeScale(), voxel_mm)


def number(value: Value) -> float:
    assert isinstance(value, Quantity), value
    return value.value


def test_foci_are_counted_once_and_near_the_lesion_apart() -> None:
    places = [(14, 14, 12), (20, 18, 4), (12, -14, 4), (-14, 0, -10)]
    foci = np.any([ball_mm(GRID, place, 1.6) for place in places], axis=0)
    vein = box((16, -18, 0), (30, -16, 2))  # runs on into the fluid: no focus
    rows, study = beside(ball_mm(GRID, (14, 14, 4), 4), foci | vein)
    assert number(study["enhancing_focus_count"]) == 4
    assert number(rows[1]["enhancing_focus_near_count"]) == 2
    assert number(rows[1]["enhancing_focus_ratio"]) > 5


def test_a_hot_sulcus_has_its_share_and_its_width() -> None:
    lesion = box((18, -3, 0), (27, 3, 6))
    sheet = box((27, -8, -5), (30, 8, 11))
    row = beside(lesion, sheet)[0][1]
    assert number(row["enhancement_sulcal_fraction"]) > 0.6
    assert number(row["enhancement_sulcal_width_mm"]) == pytest.approx(16, abs=1.5)
    row = beside(lesion, box((27, -8, 2), (30, 8, 4)))[0][1]
    assert number(row["enhancement_sulcal_fraction"]) < 0.2
    assert number(row["enhancement_sulcal_width_mm"]) == pytest.approx(3, abs=0.01)


def test_where_all_sulci_are_hot_none_stands_out() -> None:
    row = beside(box((18, -3, 0), (27, 3, 6)), np.abs(XYZ[..., 0]) > 27)[0][1]
    value = row["enhancement_sulcal_excess"]
    assert isinstance(value, Unknown)
    assert value.reason is Reason.BELOW_NOISE


def test_satellites_that_gain_are_counted() -> None:
    main = ball_mm(GRID, (13, 4, -2), 5)
    dots = [ball_mm(GRID, place, 1.7) for place in ((13, 14, -2), (13, -6, -2), (21, 4, 4))]
    rows, _ = beside(main | np.any(dots, axis=0), dots[0] | dots[2])
    assert number(rows[1]["enhancing_satellite_count"]) == 2
    assert isinstance(rows[2]["enhancing_satellite_count"], Unknown)


def test_thick_slices_show_nothing_beside() -> None:
    rows, study = beside(LESION, LESION, voxel_mm=3.0)
    names = [spec.name for spec in BESIDE_SPECS if spec.level == "lesion"]
    assert sorted(rows[1]) == sorted(names)
    for name, value in {**rows[1], **study}.items():
        if name != "enhancing_satellite_count":
            assert isinstance(value, Unknown)
            assert value.reason is Reason.LOW_RESOLUTION
