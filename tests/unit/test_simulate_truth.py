from __future__ import annotations

from dataclasses import fields, replace
from itertools import permutations, product

import numpy as np
import pytest

from lesionaid.geometry import Grid
from lesionaid.simulate.brain import BrainSettings
from lesionaid.simulate.contact import caliper_mm, contact_with, longest_part_mm
from lesionaid.simulate.diseases import FAMILIES
from lesionaid.simulate.sign_definitions import LESION_SIGNS
from lesionaid.simulate.study import dates
from lesionaid.simulate.truth import Before, LesionTruth, resolved_truth, truth_of
from lesionaid.simulate.truth_columns import DESCRIPTIONS, sidecar
from lesionaid.simulate.truth_signs import lesion_signs, signs_of
from tests.unit.truth_phantom import BALL_MM, CORTEX_MM, PLAIN, ball, block, flat_brain, lesion_of

THICK = (1.0, 1.0, 3.0)


def one(brain, mask, look=None, before=None, **parts):
    lesion = lesion_of(mask, **parts)
    looks = None if look is None else [look]
    (row,) = truth_of(brain, mask.astype(np.int32), [lesion], looks, before)
    return row


@pytest.fixture(scope="module")
def brain():
    return flat_brain(block())


@pytest.fixture(scope="module")
def slab():
    return flat_brain(block(), "slab")


@pytest.mark.parametrize(
    ("spacing", "volume", "length"), [((1.0, 1.0, 1.0), 0.03, 0.8), (THICK, 0.06, 1.5)]
)
@pytest.mark.parametrize("radius", [4.0, 6.0, 8.0])
def test_a_ball_has_its_volume_diameter_and_distance(spacing, volume, length, radius):
    brain = flat_brain(block(spacing))
    centre = (0.31, 18.83, -0.47)  # no plane of symmetry of the voxels
    row = one(brain, ball(brain.grid, centre, radius))
    exact = 4 / 3 * np.pi * radius**3
    assert row.volume_mm3 == row.n_voxels * np.prod(spacing)
    assert row.volume_mm3 == pytest.approx(exact, rel=volume)
    assert row.equivalent_diameter_mm == pytest.approx(2 * radius, rel=volume)
    assert 2 * radius - length <= row.diameter_mm <= 2 * radius
    # Centres lie inside the ball, the nearest within two thirds of a voxel's diagonal.
    deepest = np.linalg.norm(spacing) * 2 / 3
    assert 0 <= row.ventricle_mm - (np.linalg.norm(centre) - radius - BALL_MM) <= deepest
    assert 0 <= row.cortex_mm - (CORTEX_MM - centre[2] - radius) <= deepest
    extent = (row.extent_right_mm, row.extent_anterior_mm, row.extent_superior_mm)
    for found, step in zip(extent, spacing, strict=True):
        assert abs(found - 2 * radius) <= step + 1e-6


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), THICK])
def test_a_wall_is_covered_by_the_area_and_length_that_lie_on_it(spacing):
    brain = flat_brain(block(spacing), "slab")
    right, anterior, up = np.moveaxis(
        brain.grid.to_mm(np.moveaxis(np.indices(brain.grid.shape), 0, -1)), -1, 0
    )
    mask = (right > 6) & (right < 11) & (np.abs(anterior) < 5) & (np.abs(up) < 6)
    row = one(brain, mask)
    assert row.ventricle_contact_mm2 == pytest.approx(10 * 12, rel=1e-3)
    between_centres = np.hypot(10 - spacing[1], 12 - spacing[2])
    assert row.ventricle_contact_mm == pytest.approx(between_centres, abs=1e-3)
    assert row.ventricle_mm == pytest.approx(0.5, abs=1e-5)
    assert row.periventricular_mm3 == pytest.approx(3 * 10 * 12)


@pytest.mark.parametrize(("centre", "radius"), [(11.0, 6.0), (12.0, 8.0), (8.0, 6.0)])
def test_a_ball_that_overlaps_a_ball_covers_a_cap(brain, centre, radius):
    mask = ball(brain.grid, (0.0, centre, 0.0), radius) & (brain.ventricle_mm > 0)
    row = one(brain, mask)
    cosine = (centre**2 + BALL_MM**2 - radius**2) / (2 * centre * BALL_MM)
    rim = BALL_MM * np.sqrt(1 - cosine**2)
    # The rim of the cap is known to little better than half a voxel.
    assert row.ventricle_contact_mm2 == pytest.approx(
        2 * np.pi * BALL_MM**2 * (1 - cosine), abs=1.2 * np.pi * rim
    )
    assert row.ventricle_contact_mm == pytest.approx(2 * rim, abs=1.5)


@pytest.mark.parametrize(("spacing", "error"), [((1.0, 1.0, 1.0), 0.04), (THICK, 0.10)])
def test_the_whole_surface_of_a_ball_is_counted(spacing, error):
    brain = flat_brain(block(spacing))
    inside = brain.ventricle_mm < 0
    found = contact_with(~inside, inside, brain.ventricle_mm, brain.grid)
    assert found.area_mm2 == pytest.approx(4 * np.pi * BALL_MM**2, rel=error)


def test_no_contact_across_a_gap(slab):
    row = one(slab, ball(slab.grid, (12.5, 0.0, 0.0), 5.0))
    assert row.ventricle_mm == pytest.approx(2.0, abs=0.6)
    assert (row.ventricle_contact_mm2, row.ventricle_contact_mm) == (0.0, 0.0)
    assert not lesion_signs(row)["touches_periventricular"]


def test_a_plate_under_the_cortex_lies_in_the_band_of_u_fibres(brain):
    right, anterior, up = np.moveaxis(
        brain.grid.to_mm(np.moveaxis(np.indices(brain.grid.shape), 0, -1)), -1, 0
    )
    wide = (np.abs(right) < 10) & (np.abs(anterior) < 4)
    row = one(brain, wide & (up > 14) & (up < 18))
    assert row.subcortical_mm3 == 20 * 8 * 3
    assert row.share_subcortical == 0.75
    assert row.subcortical_mm == pytest.approx(np.sqrt(19**2 + 7**2 + 2**2), abs=1e-3)
    assert row.cortex_contact_mm2 == pytest.approx(20 * 8, rel=1e-3)
    assert row.cortex_contact_mm == pytest.approx(np.hypot(19, 7), abs=1e-3)
    assert (row.share_cortex, row.cortex_mm) == (0.0, 0.5)
    half = one(brain, wide & (up > 16) & (up < 20))
    assert (half.share_cortex, half.share_subcortical) == (0.5, 0.5)
    assert half.cortex_mm == pytest.approx(-1.5)
    assert half.cortex_contact_mm2 == pytest.approx(20 * 8, rel=1e-3)


def test_the_outer_surface_of_the_cortex_is_no_contact(brain):
    right, anterior, up = np.moveaxis(
        brain.grid.to_mm(np.moveaxis(np.indices(brain.grid.shape), 0, -1)), -1, 0
    )
    row = one(brain, (np.abs(right) < 5) & (np.abs(anterior) < 5) & (up > 20) & (up < 21))
    assert (row.share_cortex, row.cortex_contact_mm2) == (1.0, 0.0)


def test_the_posterior_fossa_is_counted_by_share(brain):
    row = one(brain, ball(brain.grid, (0.0, -20.0, 0.0), 5.0))
    assert row.share_infratentorial == pytest.approx(0.5, abs=0.01)
    assert lesion_signs(row)["infratentorial"]


ORIENTATIONS = [
    (order, flips) for order in permutations(range(3)) for flips in product((1, -1), repeat=3)
]


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), THICK])
def test_the_truth_does_not_depend_on_how_voxels_are_stored(spacing):
    brain = flat_brain(block(spacing))
    mask = ball(brain.grid, (3.0, 8.0, 9.0), 9.6)
    row = one(brain, mask)
    assert row.ventricle_contact_mm2 > 0
    assert row.cortex_contact_mm2 > 0
    for order, flips in ORIENTATIONS:
        turn = [slice(None, None, flip) for flip in flips]
        turned = _turned(brain, order, flips)
        again = one(turned, np.ascontiguousarray(mask.transpose(order)[tuple(turn)]))
        for name in (field.name for field in fields(LesionTruth)):
            expected = getattr(row, name)
            if isinstance(expected, float):
                assert getattr(again, name) == pytest.approx(expected, rel=1e-4, abs=0.011), name
            elif isinstance(expected, tuple):
                assert getattr(again, name) == pytest.approx(expected, abs=0.002), name
            else:
                assert getattr(again, name) == expected, name


def _turned(brain, order, flips):
    shape = brain.grid.shape
    affine = np.eye(4)
    affine[:3, 3] = brain.grid.affine[:3, 3]
    for new, (old, flip) in enumerate(zip(order, flips, strict=True)):
        affine[:3, new] = flip * brain.grid.affine[:3, old]
        if flip < 0:
            affine[:3, 3] += (shape[old] - 1) * brain.grid.affine[:3, old]
    turn = tuple(slice(None, None, flip) for flip in flips)
    volumes = {
        name: np.ascontiguousarray(getattr(brain, name).transpose(order)[turn])
        for name in ("white", "gray", "csf", "ventricle_mm", "cortex_mm", "infratentorial")
    }
    grid = Grid(tuple(shape[old] for old in order), affine)
    return replace(brain, grid=grid, **volumes)


def test_labels_and_neighbours_change_nothing(brain):
    masks = [ball(brain.grid, (0.0, y, 12.0), 4.0) for y in (-12.0, 0.0, 12.0)]
    lesions = [lesion_of(mask) for mask in masks]
    alone = [one(brain, mask) for mask in masks]
    for order in permutations(range(3)):
        labels = np.zeros(brain.grid.shape, dtype=np.int32)
        for number, n in enumerate(order, start=1):
            labels[masks[n]] = number
        rows = truth_of(brain, labels, [lesions[n] for n in order])
        assert [row.label for row in rows] == [1, 2, 3]
        for row, n in zip(rows, order, strict=True):
            assert replace(row, label=1) == alone[n]


def test_a_moved_head_moves_the_centroid_only(brain):
    mask = ball(brain.grid, (2.0, 11.0, 3.0), 5.0)
    angle, affine = np.deg2rad(7), np.eye(4)
    affine[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    affine[:3, 3] = [5, -3, 2]
    moved = replace(brain, grid=Grid(brain.grid.shape, affine @ brain.grid.affine))
    here, there = one(brain, mask), one(moved, mask)
    exact = affine[:3, :3] @ here.centroid_mm + affine[:3, 3]
    assert there.centroid_mm == pytest.approx(tuple(exact), abs=0.002)
    free = {"centroid_mm", "extent_right_mm", "extent_anterior_mm", "extent_superior_mm"}
    for name in {field.name for field in fields(LesionTruth)} - free:
        assert getattr(there, name) == pytest.approx(getattr(here, name), abs=0.002), name


def test_what_the_brain_cannot_say_is_none(brain):
    far = np.full(brain.grid.shape, np.inf, dtype=np.float32)
    bare = replace(brain, ventricle_mm=far, cortex_mm=far, infratentorial=brain.gray > 2)
    row = one(bare, ball(brain.grid, (0.0, 10.0, 0.0), 5.0))
    unknown = {
        "ventricle_mm", "ventricle_contact_mm2", "ventricle_contact_mm", "periventricular_mm3",
        "cortex_mm", "cortex_contact_mm2", "cortex_contact_mm", "subcortical_mm3",
        "subcortical_mm", "share_subcortical", "share_cortex", "share_callosum",
        "share_deep_gray", "share_infratentorial", "lobe", "side", "touches_third_ventricle",
        "touches_fourth_ventricle", "enhancement", "enhancing_mm3", "central_vein",
        "paramagnetic_rim", "change", "prior_label", "prior_volume_mm3",
        "growth_percent_per_month",
    }  # fmt: skip
    assert {field.name for field in fields(row) if getattr(row, field.name) is None} == unknown
    signs = lesion_signs(row)
    assert signs["periventricular"] is None
    assert signs["corpus_callosum"] is None
    assert signs["size_over_3mm"] is True


def test_a_lesion_that_another_covers_has_no_voxel(brain):
    mask = ball(brain.grid, (0.0, 12.0, 0.0), 5.0)
    rows = truth_of(brain, mask.astype(np.int32), [lesion_of(mask), lesion_of(mask)])
    assert (rows[1].n_voxels, rows[1].volume_mm3, rows[1].diameter_mm) == (0, 0.0, None)
    assert signs_of(rows)["multifocal"] is False


def test_uptake_is_counted_where_it_is(brain):
    mask = ball(brain.grid, (0.0, 13.0, 0.0), 5.0)
    assert one(brain, mask, PLAIN).enhancement == "none"
    assert one(brain, mask, PLAIN).enhancing_mm3 == 0.0
    whole = one(brain, mask, replace(PLAIN, enhances=1.0))
    assert (whole.enhancement, whole.enhancing_mm3) == ("nodular", whole.volume_mm3)
    core = ball(brain.grid, (0.0, 13.0, 0.0), 3.0)
    lesion = lesion_of(mask)
    shell = (mask & ~core)[lesion.box].astype(np.float32)
    ring = replace(lesion, rim=shell)
    look = replace(PLAIN, enhances=0.6, enhancement="ring", vein=True)
    (row,) = truth_of(brain, mask.astype(np.int32), [ring], [look])
    assert (row.enhancement, row.enhancing_mm3) == ("ring", np.count_nonzero(shell))
    assert (row.central_vein, row.paramagnetic_rim) == (True, False)
    (own,) = truth_of(brain, mask.astype(np.int32), [replace(ring, uptake=1 - shell)], [look])
    assert own.enhancing_mm3 == np.count_nonzero(core)


def test_change_is_that_of_the_voxels(brain):
    grid = brain.grid
    new, grown, same, gone = (-15.0, 0, 0), (15.0, 0, 0), (0, 15.0, 0), (0, -15.0, 0)
    now, then = np.zeros(grid.shape, np.int32), np.zeros(grid.shape, np.int32)
    masks = [ball(grid, new, 3.0), ball(grid, grown, 5.0), ball(grid, same, 4.0)]
    for label, mask in enumerate(masks, start=1):
        now[mask] = label
    earlier = [ball(grid, same, 4.0), ball(grid, gone, 3.0), ball(grid, grown, 4.0)]
    for label, mask in enumerate(earlier, start=1):
        then[mask] = label
    before = Before(then, 2.0)
    rows = truth_of(brain, now, [lesion_of(mask) for mask in masks], before=before)
    assert [row.change for row in rows] == ["new", "grown", "unchanged"]
    assert [row.prior_label for row in rows] == [None, 3, 1]
    assert [row.prior_volume_mm3 for row in rows] == [
        0.0, np.count_nonzero(then == 3), np.count_nonzero(then == 1),
    ]  # fmt: skip
    assert rows[0].growth_percent_per_month is None
    assert rows[2].growth_percent_per_month == 0.0
    factor = (1 + rows[1].growth_percent_per_month / 100) ** 2
    assert factor == pytest.approx(rows[1].volume_mm3 / rows[1].prior_volume_mm3, rel=1e-3)
    assert factor == pytest.approx((5 / 4) ** 3, rel=0.05)
    (left,) = resolved_truth(before, now, [lesion_of(mask) for mask in earlier], 1.0)
    assert (left.change, left.prior_label, left.label, left.n_voxels) == ("resolved", 2, 0, 0)
    assert left.prior_volume_mm3 == np.count_nonzero(then == 2)
    signs = signs_of([*rows, left])
    assert signs["resolved"]
    assert signs["new_vs_prior"]
    assert not signs["regressing"]


def test_lesions_that_merged_are_summed_and_one_that_broke_up_is_shared_out(brain):
    grid = brain.grid
    apart = ball(grid, (-4.5, 14, 0), 4.0).astype(np.int32) + 2 * ball(grid, (4.5, 14, 0), 4.0)
    fused = (ball(grid, (0, 14, 0), 9.0)).astype(np.int32)
    (row,) = truth_of(brain, fused, [lesion_of(fused > 0)], before=Before(apart, None))
    assert row.prior_volume_mm3 == np.count_nonzero(apart)
    assert (row.change, row.growth_percent_per_month) == ("grown", None)
    pieces = [lesion_of(apart == 1), lesion_of(apart == 2)]
    rows = truth_of(brain, apart, pieces, before=Before(fused, 1.0))
    assert [row.change for row in rows] == ["shrunk", "unchanged"]
    assert rows[0].prior_volume_mm3 == np.count_nonzero(fused)


def test_lengths_run_between_voxel_centres(brain):
    grid = brain.grid
    assert caliper_mm(np.zeros((0, 3), int), grid) == 0.0
    assert caliper_mm(np.array([[4, 4, 4]]), grid) == 0.0
    line = np.stack([np.arange(8), np.zeros(8, int), np.zeros(8, int)], axis=1)
    assert caliper_mm(line, grid) == 7.0
    plate = np.argwhere(np.ones((4, 5, 1)))
    assert caliper_mm(plate, grid) == pytest.approx(5.0)
    two = np.zeros(grid.shape, dtype=bool)
    two[2:5, 2, 2] = two[10:18, 2, 2] = True
    assert longest_part_mm(two, grid) == 7.0


def test_signs_by_size_and_number(brain):
    masks = [ball(brain.grid, (x, 14.0, 0.0), r) for x, r in ((-15.0, 8.0), (8.0, 3.0))]
    labels = sum(n * mask.astype(np.int32) for n, mask in enumerate(masks, start=1))
    rows = truth_of(brain, labels, [lesion_of(mask) for mask in masks])
    signs = signs_of(rows)
    assert signs["multifocal"]
    assert signs["fewer_than_ten_lesions"]
    assert signs["size_over_3mm"]
    assert not signs["size_over_20mm"]
    assert signs["bilateral"] is None
    assert signs["punctate_satellites"] is False
    assert set(LESION_SIGNS) <= set(signs)
    assert signs_of([])["multifocal"] is False


def test_every_value_is_described():
    names = [field.name for field in fields(LesionTruth) if field.name != "centroid_mm"]
    assert sorted(names) == sorted(DESCRIPTIONS)
    for name, (unit, text) in DESCRIPTIONS.items():
        assert text.endswith("."), name
        lengths = {"_mm": "mm", "_mm2": "mm2", "_mm3": "mm3"}
        assert unit == lengths.get(f"_{name.rsplit('_', 1)[-1]}", unit), name
    assert set(sidecar()) == {"participant_id", "session_id", *DESCRIPTIONS}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "disease"), [(family, name) for family in FAMILIES for name in FAMILIES[family]]
)
def test_declared_signs_hold_by_definition(family, disease):
    made = 0
    for seed in range(3):
        try:
            study = FAMILIES[family][disease](seed, settings=BrainSettings(spacing_mm=2.0))
        except ValueError:  # no room in this brain
            continue
        made += 1
        for date in dates(study):
            found = signs_of((*date.truth, *date.resolved))
            for sign, declared in date.signs.items():
                if not isinstance(declared, bool):
                    continue
                assert found.get(sign) in (None, declared), (seed, sign)
    assert made
