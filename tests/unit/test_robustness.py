"""Disturbances with known effects: what stands at a threshold flips, what stands far does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from lesionaid.anatomy.align import AlignedPrior
from lesionaid.assessment import Assessment, provenance
from lesionaid.change.match import match
from lesionaid.cli.summary import summary
from lesionaid.geometry import Grid
from lesionaid.lesions.components import lesion_map
from lesionaid.pipeline import Knowledge, conclude, measured, read_knowledge
from lesionaid.quantity import Quantity
from lesionaid.report.page import report_html
from lesionaid.report.schemas import schema_text
from lesionaid.report.tables import write_outputs
from lesionaid.robustness.borders import border_level_mm, moved_border, noisy_border
from lesionaid.robustness.flips import Flips
from lesionaid.robustness.output import robustness_files, robustness_lines
from lesionaid.robustness.perturb import Baseline, Perturbation, perturbations
from lesionaid.robustness.run import Robustness, disturbed_assessment, with_verdict
from lesionaid.robustness.slices import coarse_grid, thick_mask, thick_scan
from lesionaid.rules_path import rules_dir
from lesionaid.study.scan import Contrast, LesionMask, Scan, Source, Study
from lesionaid.truth import Truth
from lesionaid.verdict.fragility import VerdictFlips
from tests.unit.lesion_phantoms import affine, ball, lesion_mask
from tests.unit.report_phantom import assessment as drawn

SHAPE = (56, 48, 48)


@pytest.fixture(scope="module")
def knowledge() -> Knowledge:
    return read_knowledge()


def assessed(mask: LesionMask, knowledge: Knowledge, prior: AlignedPrior | None = None):
    """A study of a mask alone, assessed without any anatomy."""
    study = Study({}, None, lesions=mask, aligned=True)
    lesions = lesion_map(mask)
    prior = prior or AlignedPrior()
    table = measured(study, None, lesions, prior)
    signs, verdict = conclude(table, knowledge, study)
    used = provenance(study, rules_dir())
    return Assessment(study, None, lesions, table, signs, verdict, (), {}, used, prior)


def some(*names: str) -> list[Perturbation]:
    return [one for one in perturbations() if one.name in names]


def flips_of(found: Robustness, name: str, level: str) -> Flips:
    return next(one for one in found.flips if (one.id, one.level) == (name, level))


def made(mask: LesionMask, name: str):
    case = Baseline.of(Study({}, None, lesions=mask), lesion_map(mask), AlignedPrior())
    assert case is not None
    return next(one for one in perturbations() if one.name == name).make(case)


# ---- borders


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (1.0, 1.0, 3.0)])
@pytest.mark.parametrize("radius", [5.0, 10.0])
def test_half_a_voxel_takes_and_gives_the_shell_of_a_ball(spacing, radius) -> None:
    matrix = affine(spacing)
    shape = tuple(int(2 * (radius + 4) / edge) for edge in spacing)
    centre = [(size - 1) / 2 for size in shape]
    mask = ball(shape, centre, radius, matrix)
    grid = Grid(shape, matrix)
    half = 0.5 * min(spacing)
    level = border_level_mm(mask, grid)
    assert np.array_equal(level < 0, mask)
    shell = mask.sum() * (1 - (1 - half / radius) ** 3)
    lost = mask.sum() - moved_border(level, -half).sum()
    gained = moved_border(level, half).sum() - mask.sum()
    if max(spacing) > min(spacing):  # half of 1 mm cannot move the face of a 3 mm slice
        assert 0 < lost < 1.5 * shell
        assert 0 < gained < 1.5 * shell
    else:
        assert lost == pytest.approx(shell, rel=0.3)
        assert gained == pytest.approx(shell, rel=0.3)


def test_a_flat_face_stays_where_it_is() -> None:
    mask = np.zeros((24, 24, 24), dtype=bool)
    mask[6:18, 6:18, 6:18] = True
    level = border_level_mm(mask, Grid(mask.shape, np.eye(4)))
    for by in (-0.5, 0.5):
        moved = moved_border(level, by)
        assert np.array_equal(moved[:, 9:15, 9:15], mask[:, 9:15, 9:15])


def test_noise_is_seeded_and_strays_both_ways() -> None:
    mask = ball((32, 32, 32), (15.5, 15.5, 15.5), 9)
    grid = Grid(mask.shape, np.eye(4))
    level = border_level_mm(mask, grid)
    first, again, other = (noisy_border(level, grid, 0.5, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert (first & ~mask).any()
    assert (mask & ~first).any()
    assert first.sum() == pytest.approx(mask.sum(), rel=0.05)


# ---- slices


def test_thick_slices_keep_level_volume_and_place() -> None:
    grid = Grid((20, 20, 30), affine())
    coarse = coarse_grid(grid, 2, 3.0)
    assert coarse.shape == (20, 20, 10)
    assert coarse.spacing_mm == pytest.approx((1, 1, 3))
    assert coarse.to_mm(np.array([0, 0, 0])) == pytest.approx(grid.to_mm(np.array([0, 0, 1])))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[5:12, 5:12, 9:21] = True
    thick, on = thick_mask(mask, grid, 3.0)
    assert thick.sum() * on.voxel_volume_mm3 == pytest.approx(mask.sum())


def test_a_scan_is_averaged_along_its_slices_only() -> None:
    grid = Grid((12, 12, 30), affine())
    data = np.zeros(grid.shape, dtype=np.float32)
    data[:, :, 13] = 30.0
    data[:6] += 100.0
    scan = Scan(data, grid, Contrast.FLAIR, Source("flair.nii.gz", "", "RAS", grid))
    thick = thick_scan(scan, 3.0)
    assert thick.grid is grid
    assert max(thick.source.grid.spacing_mm) == pytest.approx(3.0)
    assert thick.data[0, 0, 0] == pytest.approx(100.0, rel=1e-5)
    assert thick.data[8, 3, 13] == pytest.approx(10.0, rel=1e-5)  # one of three thin slices
    assert thick.data.sum() == pytest.approx(data.sum(), rel=1e-4)
    assert thick_scan(thick, 3.0) is thick


def test_five_millimetres_that_do_not_divide_the_field_of_view() -> None:
    grid = Grid((8, 8, 23), affine())
    data = np.full(grid.shape, 7.0, dtype=np.float32)
    valid = np.ones(grid.shape, dtype=bool)
    valid[:, :, :4] = False
    source = Source("flair.nii.gz", "", "RAS", grid)
    thick = thick_scan(Scan(data, grid, Contrast.FLAIR, source, valid), 5.0)
    assert np.allclose(thick.data, 7.0)
    assert thick.valid is not None
    assert not thick.valid[:, :, :5].any()
    assert thick.valid[:, :, 8:].all()


# ---- disturbed cases


def test_a_shift_moves_lesions_by_a_millimetre_and_nothing_else() -> None:
    mask = lesion_mask(ball(SHAPE, (20, 20, 20), 5) | ball(SHAPE, (42, 30, 30), 3))
    before = lesion_map(mask)
    after = made(mask, "shift_left").lesions
    assert np.array_equal(after.labels, before.labels)
    for old, new in zip(before.lesions, after.lesions, strict=True):
        moved = np.subtract(new.centroid_mm, old.centroid_mm)
        assert moved == pytest.approx([-1.0, 0.0, 0.0])
        assert after.grid.to_mm(np.argwhere(after.labels == new.id)).mean(0) == pytest.approx(
            new.centroid_mm
        )


def test_lesions_keep_their_ids_when_their_order_by_size_changes() -> None:
    small, flat = ball(SHAPE, (12, 24, 24), 4.4), np.zeros(SHAPE, dtype=bool)
    flat[28:46, 20:29, 23:25] = True  # two voxels thick
    mask = lesion_mask(small | flat)
    before = lesion_map(mask)
    for one in ("erosion", "dilation", "noise_1", "slices_3mm"):
        after = made(mask, one).lesions
        for lesion in after.lesions:
            if lesion.id in before.by_id:
                at = before.by_id[lesion.id].centroid_mm
                assert np.linalg.norm(np.subtract(lesion.centroid_mm, at)) < 3


def test_instances_that_touch_stay_apart() -> None:
    data = np.zeros(SHAPE, dtype=np.int32)
    data[10:20, 10:30, 10:30] = 5
    data[20:30, 10:30, 10:30] = 9
    mask = lesion_mask(data, kind="instances")
    for one in ("erosion", "dilation", "noise_2", "slices_3mm"):
        assert len(made(mask, one).lesions.lesions) == 2, one


def test_slices_that_are_there_already_are_left_out(knowledge: Knowledge) -> None:
    matrix = affine((1.0, 1.0, 3.0))
    mask = lesion_mask(ball((40, 40, 16), (20, 20, 8), 9, matrix), matrix)
    under = some("erosion", "slices_3mm", "slices_5mm")
    found = disturbed_assessment(assessed(mask, knowledge), knowledge, under)
    assert found is not None
    assert [one.name for one in found.left_out] == ["slices_3mm"]
    assert len(found.tested) == len(found.outcomes) == 2


# ---- known flips


def test_a_lesion_at_the_threshold_flips_and_one_far_from_it_does_not(knowledge) -> None:
    def size_flips(radius: float) -> tuple[float, Flips]:
        centre = (27.5, 23.5, 23.5)
        one = assessed(lesion_mask(ball(SHAPE, centre, radius)), knowledge)
        assert one.measurements is not None
        length = one.measurements.lesions[1]["diameter_max_mm"]
        assert isinstance(length, Quantity)
        found = disturbed_assessment(one, knowledge, some("erosion", "dilation", "shift_left"))
        assert found is not None
        return length.value, flips_of(found, "size_over_20mm", "lesion")

    length, near = size_flips(9.6)
    assert 20 < length < 21  # half a voxel on each side takes it below 20 mm
    assert near.baseline == "1 of 1"
    assert "erosion" in near.changed_under
    assert near.true_to_false >= 1
    assert near.flip_rate is not None
    assert 0 < near.flip_rate < 1
    assert not any(name.startswith("shift") for name in near.changed_under)
    for radius in (5.0, 14.0):
        _, far = size_flips(radius)
        assert far.flips == 0
        assert far.flip_rate == 0.0


def test_a_lesion_that_erosion_takes_away_is_gone_and_no_flip(knowledge: Knowledge) -> None:
    data = ball(SHAPE, (20, 20, 20), 8)
    data[40:42, 30:32, 30:32] = True
    under = some("erosion", "noise_1")
    found = disturbed_assessment(assessed(lesion_mask(data), knowledge), knowledge, under)
    assert found is not None
    size = flips_of(found, "size_over_20mm", "lesion")
    assert size.comparisons == 2 * len(found.tested)
    assert size.vanished >= 1
    assert size.both_known == size.comparisons - size.vanished
    assert size.flips == 0


def test_known_and_unknown_are_counted_apart() -> None:
    flips = Flips("sign", "a", "patient", "true", 10, 2, 1, 3, 1, 1, 0, ("erosion",))
    assert (flips.flips, flips.both_known, flips.flip_rate) == (3, 5, 0.6)
    assert flips.unknown_rate == 0.4
    never = Flips("sign", "a", "patient", "unknown", 4, 0, 0, 0, 0, 4, 0, ())
    assert never.flip_rate is None
    assert never.unknown_rate == 0.0


def test_the_prior_moves_with_the_grid(knowledge: Knowledge) -> None:
    mask = lesion_mask(ball(SHAPE, (20, 20, 20), 6) | ball(SHAPE, (42, 30, 30), 6))
    prior = AlignedPrior(ball(SHAPE, (20, 20, 20), 6), np.ones(SHAPE, dtype=bool))
    found = disturbed_assessment(
        assessed(mask, knowledge, prior), knowledge, some("shift_left", "slices_3mm")
    )
    assert found is not None
    novelty = flips_of(found, "new_or_enlarging", "lesion")
    assert novelty.baseline == "1 of 2"
    assert novelty.flips == 0


def test_ids_with_gaps_are_matched_with_a_prior(knowledge: Knowledge) -> None:
    small = np.zeros(SHAPE, dtype=bool)
    small[30:32, 38:40, 20:22] = True  # erosion takes it and leaves the id of the third alone
    mask = lesion_mask(ball(SHAPE, (14, 14, 14), 6) | ball(SHAPE, (42, 30, 30), 6) | small)
    prior = AlignedPrior(ball(SHAPE, (14, 14, 14), 6), np.ones(SHAPE, dtype=bool))
    one = assessed(mask, knowledge, prior)
    renamed = {1: 4, 2: 9, 3: 2}
    lesions = one.lesions
    assert lesions is not None
    table = np.array([0, *renamed.values()], dtype=np.int32)
    moved = replace(
        lesions,
        labels=table[lesions.labels],
        lesions=tuple(replace(x, id=renamed[x.id]) for x in lesions.lesions),
        groups=(),
    )
    change = match(moved, prior.mask, prior_seen=prior.seen)
    assert set(change.lesions) == {2, 4, 9}
    novel = {n: row["prior_overlap_fraction"] for n, row in change.lesions.items()}
    assert sorted(value.value for value in novel.values())[:2] == [0.0, 0.0]  # type: ignore[union-attr]
    assert disturbed_assessment(one, knowledge, some("erosion", "noise_1")) is not None


def test_nothing_to_disturb_is_not_tested(knowledge: Knowledge) -> None:
    empty = assessed(lesion_mask(np.zeros(SHAPE)), knowledge)
    assert disturbed_assessment(empty, knowledge) is None
    assert with_verdict(empty, None) is empty
    assert empty.verdict.robustness is None


def test_same_case_same_bytes_and_schema(knowledge: Knowledge) -> None:
    one = assessed(lesion_mask(ball(SHAPE, (20, 20, 20), 9.6)), knowledge)
    under = some("noise_1", "slices_5mm")
    runs = [disturbed_assessment(one, knowledge, under) for _ in range(2)]
    first, second = (robustness_files(run) for run in runs if run is not None)
    assert first == second
    document = json.loads(first["robustness.json"])
    jsonschema.Draft202012Validator(json.loads(schema_text("robustness"))).validate(document)
    assert len(first["robustness.tsv"].decode().splitlines()) == 1 + len(document["rows"])
    text = "\n".join(robustness_lines(runs[0]))  # type: ignore[arg-type]
    assert "size_over_20mm" in text


# ---- the verdict


def test_fragile_over_a_tenth_and_not_at_it() -> None:
    def flips(changed: int, of: int) -> VerdictFlips:
        names = {f"noise_{n}": "ms_like" for n in range(of - changed)}
        return VerdictFlips("ms_like", names | {f"shift_{n}": "pml_like" for n in range(changed)})

    assert not flips(0, 14).fragile
    assert not flips(1, 10).fragile
    assert flips(2, 14).fragile
    assert flips(2, 14).to_another == 2
    lost = VerdictFlips("ms_like", {"erosion": "indeterminate"})
    assert (lost.fragile, lost.to_another) == (True, 0)


def test_fragile_is_shown_everywhere_and_untested_is_said(tmp_path: Path) -> None:
    plain = drawn()
    patterns = dict.fromkeys(("erosion", "dilation"), plain.verdict.pattern)
    for changed in (False, True):
        told = patterns | ({"slices_3mm": "no_lesions"} if changed else {})
        flips = VerdictFlips(plain.verdict.pattern, told)
        verdict = replace(plain.verdict, fragile=flips.fragile, robustness=flips)
        write_outputs(replace(plain, verdict=verdict), tmp_path, html=False)
        document = json.loads((tmp_path / "verdict.json").read_text())
        jsonschema.Draft202012Validator(json.loads(schema_text("verdict"))).validate(document)
        assert document["fragile"] is changed
        assert document["robustness"]["changed"] == int(changed)
        page = report_html(replace(plain, verdict=verdict)).decode()
        assert ('id="fragile"' in page) is changed
        assert ("slices 3mm" in page) is changed
        assert "not tested" not in page.split("</header>")[0].split("Robustness", 1)[-1]
        shown = summary(replace(plain, verdict=verdict), tmp_path)
        assert ("FRAGILE" in shown) is changed
    untested = report_html(plain).decode()
    assert "Robustness: not tested" in untested
    write_outputs(plain, tmp_path, html=False)
    assert json.loads((tmp_path / "verdict.json").read_text())["robustness"] is None


def test_an_assessment_removes_the_robustness_of_an_earlier_one(tmp_path: Path) -> None:
    write_outputs(drawn(), tmp_path, html=False, beside={"robustness.tsv": b"kind\n"})
    assert (tmp_path / "robustness.tsv").exists()
    write_outputs(drawn(), tmp_path, html=False)
    assert not (tmp_path / "robustness.tsv").exists()


def test_what_is_unknown_throughout_has_no_flip_rate(knowledge: Knowledge) -> None:
    found = disturbed_assessment(
        assessed(lesion_mask(ball(SHAPE, (20, 20, 20), 6)), knowledge), knowledge, some("erosion")
    )
    assert found is not None
    site = flips_of(found, "touches_cortical", "lesion")  # no anatomy: unknown throughout
    assert site.both_unknown == site.comparisons
    assert site.flip_rate is None
    assert all(
        one.signs.lesions[1]["touches_cortical"].truth is Truth.UNKNOWN for one in found.outcomes
    )
