"""Candidates on a phantom whose lesions are known in closed form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.errors import AnalysisError, UsageError
from lesionaid.geometry import Grid
from lesionaid.lesions.candidates import LARGE_MM3, Evidence, choose
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.search import Search, candidate_values, find_lesions
from lesionaid.lesions.segment import SegmentSettings, segment
from lesionaid.lesions.standard import shortest_half, standardise
from lesionaid.study.scan import Contrast
from tests.unit.segment_phantom import (
    NOISE,
    VENTRICLE_MM,
    WHITE,
    anatomy_of,
    ball,
    grid_of,
    radius,
    study_of,
)

GRID = grid_of()
ANATOMY = anatomy_of(GRID)


def dice(found: NDArray[np.generic], truth: NDArray[np.bool_]) -> float:
    inside = found != 0
    return float(2 * np.sum(inside & truth) / (np.sum(inside) + np.sum(truth)))


def none() -> NDArray[np.bool_]:
    return np.zeros(GRID.shape, dtype=bool)


def test_balls_in_white_matter_come_back() -> None:
    truth = ball(GRID, (28, 0, 0), 5) | ball(GRID, (-20, 15, 5), 4) | ball(GRID, (0, -28, -8), 3)
    found = segment(study_of(GRID, truth), ANATOMY)
    assert dice(found.mask.data, truth) > 0.9
    assert len(lesion_map(found.mask).lesions) == 3
    assert found.mask.origin == "segmented"
    assert [note.code for note in found.notes] == ["W40", "W41"]


def test_a_heavy_load_does_not_set_the_yardstick() -> None:
    heavy = (radius(GRID) > VENTRICLE_MM) & (radius(GRID) < 24)  # a seventh of the brain
    alone = ball(GRID, (33, 0, 0), 4)
    found = segment(study_of(GRID, heavy | alone), ANATOMY)
    assert dice(found.mask.data, heavy | alone) > 0.9
    assert found.mask.data[alone].mean() > 0.9


def test_an_uneven_field_does_not_light_up_half_the_brain() -> None:
    truth = ball(GRID, (-25, 0, 0), 5)
    study = study_of(GRID, truth)
    scan = study.scans[Contrast.FLAIR]
    x = GRID.to_mm(np.indices(GRID.shape).reshape(3, -1).T)[:, 0].reshape(GRID.shape)
    uneven = replace(scan, data=(scan.data * (1 + 0.25 * x / 45)).astype(np.float32))
    found = segment(replace(study, scans={Contrast.FLAIR: uneven}), ANATOMY)
    assert dice(found.mask.data, truth) > 0.85


def test_a_large_lesion_that_reaches_the_cortex_is_not_cut_there() -> None:
    truth = ball(GRID, (36, 0, 0), 9) & (radius(GRID) <= 44)
    assert truth.sum() > LARGE_MM3
    cortex = truth & (radius(GRID) > 41)
    shares = {
        extent: segment(study_of(GRID, truth), ANATOMY, SegmentSettings(extent=extent))
        .mask.data[cortex]
        .mean()
        for extent in ("auto", "white_matter", "cortical")
    }
    assert shares["auto"] > 0.9
    assert shares["cortical"] > 0.9
    assert shares["white_matter"] <= shares["auto"]


def test_a_small_one_in_cortex_counts_beside_a_large_lesion_only() -> None:
    large = ball(GRID, (32, 0, 0), 9)
    near, far = ball(GRID, (34, 22, 0), 2.2), ball(GRID, (-43.0, 0, 0), 2.0)
    found = segment(study_of(GRID, large | near | far), ANATOMY).mask.data
    assert found[near].mean() > 0.5
    assert found[far].mean() == 0


def test_plexus_in_the_ventricle_is_thrown_out_and_said_so() -> None:
    plexus = ball(GRID, (9, 0, 0), 3)
    plaque = ball(GRID, (0, 15, 0), 4) & (radius(GRID) > VENTRICLE_MM)
    study = study_of(GRID, plexus | plaque)
    everywhere = np.ones(GRID.shape, dtype=np.float32)
    found = segment(study, ANATOMY, SegmentSettings(extent="cortical"))
    assert found.mask.data[plaque].mean() > 0.8
    assert found.mask.data[plexus].mean() == 0
    # The same blob with white matter expected all round: fluid alone must speak against it.
    brain = ANATOMY.brain
    z = standardise(
        study.scans[Contrast.FLAIR].data, brain, everywhere, everywhere * 0, everywhere * 0, GRID
    )
    assert z is not None
    nowhere, far = np.zeros(GRID.shape, dtype=bool), np.full(GRID.shape, np.inf, np.float32)
    evidence = Evidence(z.z, z.fluid, everywhere, brain, GRID, nowhere, far)
    chosen, rejected = choose(evidence, 2.5, "auto")
    assert chosen[plexus].mean() == 0
    assert "surrounded_by_fluid" in {one.reason for one in rejected}
    where = next(one.centroid_mm for one in rejected if one.reason == "surrounded_by_fluid")
    assert np.linalg.norm(np.subtract(where, (9, 0, 0))) < 2


@pytest.mark.parametrize(
    ("peak", "wall_mm", "trapped", "reason"),
    [
        (6.0, 2.0, True, "septum_or_flow"),
        (2.8, 2.0, False, "faint_cap"),
        (6.0, 2.0, False, None),  # a bright plaque on the ventricle
        (2.8, 5.0, False, None),  # as faint, but it reaches into white matter
    ],
)
def test_caps_septum_and_flow_are_told_from_plaques(
    peak: float, wall_mm: float, trapped: bool, reason: str | None
) -> None:
    blob = ball(GRID, (20, 0, 0), 3)
    z = np.where(blob, np.float32(peak), np.float32(0))
    everywhere = np.ones(GRID.shape, dtype=np.float32)
    evidence = Evidence(
        z,
        np.zeros(GRID.shape, dtype=bool),
        everywhere,
        ANATOMY.brain,
        GRID,
        blob & trapped,
        np.full(GRID.shape, wall_mm, dtype=np.float32),
    )
    chosen, rejected = choose(evidence, 2.5, "auto")
    assert {one.reason for one in rejected} == ({reason} if reason else set())
    assert (chosen > 0).sum() == (0 if reason else blob.sum())


def test_a_band_along_the_edge_of_the_brain_is_no_lesion_and_one_under_the_cortex_is() -> None:
    sector = (np.indices(GRID.shape)[0] > 75) & ANATOMY.brain
    rim = (radius(GRID) > 42) & sector
    deep = (radius(GRID) > 36) & (radius(GRID) <= 40) & sector
    for band, kept in ((rim, False), (deep, True)):
        z = np.where(band, np.float32(6), np.float32(0))
        everywhere = np.ones(GRID.shape, dtype=np.float32)
        nowhere, far = np.zeros(GRID.shape, dtype=bool), np.full(GRID.shape, np.inf, np.float32)
        evidence = Evidence(z, nowhere, everywhere, ANATOMY.brain, GRID, nowhere, far)
        chosen, rejected = choose(evidence, 2.5, "auto")
        assert chosen.any() == kept
        assert {one.reason for one in rejected} == (set() if kept else {"brain_edge"})


def test_traps_lie_inside_the_fluid_and_between_the_ventricles() -> None:
    from lesionaid.anatomy.map import SITES, AnatomyMap
    from lesionaid.anatomy.regions import load_regions
    from lesionaid.lesions.priors import traps

    regions = load_regions()
    mm = regions.grid.to_mm(np.moveaxis(np.indices(regions.grid.shape), 0, -1))
    here = AnatomyMap(
        regions.grid, regions.sites, regions.lobes, {}, mm.astype(np.float32), "mni", 3.0, {},
        parts=regions.parts, zones=regions.zones,
    )  # fmt: skip
    where = traps(here)

    def at(*point: float) -> bool:
        return bool(where[tuple(np.rint(regions.grid.to_voxel(np.array(point))).astype(int))])

    assert at(0, 8, 12)  # septum
    assert at(0, -46, -33)  # fourth ventricle
    assert not at(0, 10, 26)  # callosum over it
    assert not at(0, -36, -33)  # floor of the fourth ventricle: a site of NMOSD
    assert not at(20, 0, 24)
    fluid = [code for code, name in SITES.items() if name == "corpus_callosum"]
    assert not where[np.isin(regions.sites, fluid)].any()


def test_nothing_found_is_said_with_its_settings_and_is_not_absence() -> None:
    study = study_of(GRID, none())
    empty = segment(study, ANATOMY, SegmentSettings(seed=6))
    assert not empty.mask.data.any()
    with pytest.raises(AnalysisError) as caught:
        find_lesions(study, ANATOMY, Search(SegmentSettings(seed=6)))
    assert caught.value.code == "A22"
    assert "seed 6" in caught.value.value


def test_a_lower_seed_finds_no_less() -> None:
    faint = ball(GRID, (25, 0, 0), 4) | ball(GRID, (-25, 0, 0), 1.5)
    study = study_of(GRID, faint, signal=WHITE + 5.5 * NOISE)
    few, many = (
        segment(study, ANATOMY, SegmentSettings(seed=seed)).mask.data for seed in (3.5, 2.0)
    )
    assert np.all(many[few != 0] != 0)


def test_no_flair_is_a_code() -> None:
    study = study_of(GRID, none())
    scan = replace(study.scans[Contrast.FLAIR], contrast=Contrast.T1W)
    with pytest.raises(AnalysisError) as caught:
        segment(replace(study, scans={Contrast.T1W: scan}), ANATOMY)
    assert caught.value.code == "A21"


def test_an_image_without_signal_is_a_code() -> None:
    study = study_of(GRID, none())
    flat = replace(study.scans[Contrast.FLAIR], data=np.zeros(GRID.shape, np.float32))
    with pytest.raises(AnalysisError) as caught:
        segment(replace(study, scans={Contrast.FLAIR: flat}), ANATOMY)
    assert caught.value.code == "A21"


def test_search_can_be_switched_off() -> None:
    with pytest.raises(AnalysisError) as caught:
        find_lesions(study_of(GRID, none()), ANATOMY, Search(off=True))
    assert caught.value.code == "A20"


@pytest.mark.parametrize("wrong", [{"seed": 0.5}, {"seed": 9.0}, {"extent": "everywhere"}])
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError) as caught:
        SegmentSettings(**wrong)  # type: ignore[arg-type]
    assert caught.value.code == "U30"


def test_same_input_same_candidates() -> None:
    study = study_of(GRID, ball(GRID, (28, 0, 0), 5))
    first, second = segment(study, ANATOMY), segment(study, ANATOMY)
    assert np.array_equal(first.mask.data, second.mask.data)
    assert np.array_equal(first.z, second.z)


@pytest.mark.parametrize("scale", [0.01, 1.0, 1000.0])
def test_the_unit_of_the_scan_does_not_matter(scale: float) -> None:
    truth = ball(GRID, (28, 0, 0), 5)
    study = study_of(GRID, truth)
    scan = study.scans[Contrast.FLAIR]
    scaled = replace(scan, data=(scan.data * scale).astype(np.float32))
    found = segment(replace(study, scans={Contrast.FLAIR: scaled}), ANATOMY)
    assert dice(found.mask.data, truth) > 0.9


def test_thick_slices() -> None:
    grid = grid_of((1.0, 1.0, 4.0))
    truth = ball(grid, (28, 0, 0), 6)
    found = segment(study_of(grid, truth), anatomy_of(grid))
    assert dice(found.mask.data, truth) > 0.9


def test_voxels_outside_the_field_of_view_are_never_candidates() -> None:
    truth = ball(GRID, (28, 0, 0), 5)
    study = study_of(GRID, truth)
    valid = np.ones(GRID.shape, dtype=bool)
    valid[GRID.shape[0] // 2 + 26 :] = False
    scan = replace(study.scans[Contrast.FLAIR], valid=valid)
    found = segment(replace(study, scans={Contrast.FLAIR: scan}), ANATOMY)
    assert not found.mask.data[~valid].any()


def test_candidates_are_named_so_in_the_table() -> None:
    study = study_of(GRID, ball(GRID, (28, 0, 0), 5))
    found = find_lesions(study, ANATOMY, Search())
    held = replace(study, lesions=found.mask)
    rows, whole = candidate_values(held, lesion_map(found.mask))
    assert str(rows[1]["candidate"]) == "yes"
    assert str(whole["lesion_origin"]) == "segmented"
    given = replace(held, lesions=replace(found.mask, origin="given"))
    rows, whole = candidate_values(given, lesion_map(found.mask))
    assert str(rows[1]["candidate"]) == "no"


def test_shortest_half_is_not_moved_by_a_third_of_outliers() -> None:
    rng = np.random.default_rng(3)
    values = np.concatenate([rng.normal(100, 5, 60000), rng.uniform(150, 300, 30000)])
    centre, spread = shortest_half(values)
    assert centre == pytest.approx(100, abs=1.5)
    assert 4 < spread < 10


def test_normal_tissue_has_unit_spread() -> None:
    grid: Grid = GRID
    noise = np.random.default_rng(5).normal(100, 8, grid.shape).astype(np.float32)
    ones = np.ones(grid.shape, dtype=np.float32)
    found = standardise(noise, ones > 0, ones, ones * 0, ones * 0, grid)
    assert found is not None
    middle = found.z[20:-20, 20:-20, 20:-20]
    assert middle.mean() == pytest.approx(0, abs=0.02)
    assert middle.std() == pytest.approx(1, abs=0.03)
