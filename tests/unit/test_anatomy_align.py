"""Contrasts and priors on the reference grid."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.anatomy import align
from lesionaid.anatomy.align import align_prior, align_study
from lesionaid.anatomy.template import load_template
from lesionaid.anatomy.volume import coarsen
from lesionaid.errors import AnalysisError
from lesionaid.geometry import Grid, resample
from lesionaid.study.scan import Contrast, LesionMask, Scan, Source, Study

STEP = 3.0
SHAPE = (65, 77, 63)
TURN = np.eye(4)
TURN[:3, 3] = (9.0, -6.0, 4.0)
TURN[:2, :2] = [[np.cos(0.1), -np.sin(0.1)], [np.sin(0.1), np.cos(0.1)]]


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register on 4 mm voxels: what is decided here does not hang on the last half millimetre."""
    monkeypatch.setattr(align, "coarsen", partial(coarsen, spacing_mm=4.0))


@lru_cache(maxsize=1)
def coarse() -> tuple[Grid, dict[str, NDArray[np.float32]]]:
    """The template's contrasts on 3 mm voxels."""
    source = load_template()
    affine = source.grid.affine @ np.diag([STEP, STEP, STEP, 1.0])
    grid = Grid(SHAPE, affine)
    names = ("t1w", "flair", "t2w")
    return grid, {
        name: resample(getattr(source, name), source.grid, grid, order=1) for name in names
    }


def scan(data: NDArray[Any], grid: Grid, contrast: Contrast) -> Scan:
    source = Source(f"{contrast}.nii.gz", "0", "RAS", grid)
    return Scan(data.astype(np.float32), grid, contrast, source)


def study(scans: dict[Contrast, Scan], reference: Grid, **more: Any) -> Study:
    return Study(scans, reference, **more)


def shifted(grid: Grid, matrix: NDArray[np.float64]) -> Grid:
    """The grid of a head that moved: the same voxels, elsewhere in the scanner."""
    return Grid(grid.shape, matrix @ grid.affine)


def flair_and_t1(t1_grid: Grid, **more: Any) -> Study:
    grid, images = coarse()
    return study(
        {
            Contrast.FLAIR: scan(images["flair"], grid, Contrast.FLAIR),
            Contrast.T1W: scan(images["t1w"], t1_grid, Contrast.T1W),
        },
        grid,
        **more,
    )


def test_same_grid_is_taken_as_aligned() -> None:
    grid, images = coarse()
    aligned = align_study(flair_and_t1(grid))
    assert aligned.aligned
    assert not aligned.notes
    np.testing.assert_array_equal(aligned.scans[Contrast.T1W].data, images["t1w"])


def test_moved_contrast_is_brought_back() -> None:
    grid, images = coarse()
    aligned = align_study(flair_and_t1(shifted(grid, TURN)))
    t1w = aligned.scans[Contrast.T1W]
    assert [note.code for note in aligned.notes] == ["W30"]
    assert "registered" in aligned.notes[0].value
    assert t1w.grid is aligned.reference
    inside = (images["t1w"] > 0) & (True if t1w.valid is None else t1w.valid)
    assert np.corrcoef(t1w.data[inside], images["t1w"][inside])[0, 1] > 0.97


def test_header_is_kept_where_it_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(align, "coarsen", coarsen)
    grid, _images = coarse()
    finer = Grid((130, 154, 126), grid.affine @ np.diag([0.5, 0.5, 0.5, 1.0]))
    source = load_template()
    t1w = resample(source.t1w, source.grid, finer, order=1)
    given = flair_and_t1(grid)
    scans = {**given.scans, Contrast.T1W: scan(t1w, finer, Contrast.T1W)}
    aligned = align_study(replace(given, scans=scans))
    assert "by the headers" in aligned.notes[0].value
    np.testing.assert_allclose(
        aligned.scans[Contrast.T1W].data, resample(t1w, finer, grid, order=1)
    )


def test_outside_its_field_of_view_a_contrast_is_not_valid() -> None:
    grid, images = coarse()
    low = shifted(Grid((65, 77, 40), grid.affine), np.eye(4))
    given = flair_and_t1(grid)
    cut = scan(images["t1w"][:, :, :40], low, Contrast.T1W)
    aligned = align_study(replace(given, scans={**given.scans, Contrast.T1W: cut}))
    valid = aligned.scans[Contrast.T1W].valid
    assert valid is not None
    assert valid[:, :, :38].all()
    assert not valid[:, :, 42:].any()
    assert np.isfinite(aligned.scans[Contrast.T1W].data[valid]).all()


def test_invalid_voxels_stay_invalid() -> None:
    grid, _ = coarse()
    given = flair_and_t1(shifted(grid, TURN))
    t1w = given.scans[Contrast.T1W]
    data, valid = t1w.data.copy(), np.ones(grid.shape, dtype=bool)
    data[28:34, 28:34, 28:34] = np.nan
    valid[28:34, 28:34, 28:34] = False
    holed = replace(t1w, data=data, valid=valid)
    aligned = align_study(replace(given, scans={**given.scans, Contrast.T1W: holed}))
    moved = aligned.scans[Contrast.T1W]
    assert moved.valid is not None
    assert np.isfinite(moved.data).all()
    assert np.count_nonzero(~moved.valid) >= 6**3


def test_contrast_of_something_else_is_left_out() -> None:
    grid, _ = coarse()
    rng = np.random.default_rng(3)
    noise = rng.gamma(2.0, 50.0, grid.shape)
    given = flair_and_t1(grid)
    other = scan(noise, shifted(grid, TURN), Contrast.T1W)
    aligned = align_study(replace(given, scans={**given.scans, Contrast.T1W: other}))
    assert set(aligned.scans) == {Contrast.FLAIR}
    assert [note.code for note in aligned.notes] == ["W31"]


def test_in_mni_headers_decide() -> None:
    grid, _ = coarse()
    aligned = align_study(flair_and_t1(shifted(grid, TURN), space="mni"))
    assert "MNI152" in aligned.notes[0].value


def test_reference_without_scan_is_refused() -> None:
    grid, _ = coarse()
    given = flair_and_t1(shifted(grid, TURN))
    scans = {Contrast.T1W: given.scans[Contrast.T1W]}
    with pytest.raises(AnalysisError, match="A04"):
        align_study(replace(given, scans=scans))


def test_mask_alone_is_aligned() -> None:
    grid, _ = coarse()
    assert align_study(Study({}, None)).aligned
    assert align_study(Study({}, grid)).aligned


def lesions(grid: Grid, low: tuple[int, int, int], size: int) -> LesionMask:
    data = np.zeros(grid.shape, dtype=np.int32)
    data[tuple(slice(start, start + size) for start in low)] = 1
    return LesionMask(data, grid, Source("lesions.nii.gz", "0", "RAS", grid))


def dates(matrix: NDArray[np.float64]) -> tuple[Study, Study]:
    """Two dates of one head; at the prior one it lay elsewhere in the scanner."""
    grid, images = coarse()
    before = shifted(grid, matrix)
    current = study(
        {Contrast.FLAIR: scan(images["flair"], grid, Contrast.FLAIR)},
        grid,
        lesions=lesions(grid, (26, 40, 37), 6),
    )
    prior = study(
        {Contrast.FLAIR: scan(images["flair"], before, Contrast.FLAIR)},
        before,
        lesions=lesions(before, (26, 40, 37), 5),
    )
    return current, prior


def test_prior_of_a_head_that_moved() -> None:
    current, prior = dates(TURN)
    found = align_prior(current, prior)
    assert found.mask is not None
    assert prior.lesions is not None
    before = prior.lesions.data > 0
    both = np.count_nonzero(found.mask & before)
    assert 2 * both / (np.count_nonzero(found.mask) + np.count_nonzero(before)) > 0.75
    assert [note.code for note in found.notes] == ["W33"]


def test_prior_in_place_stays_exact() -> None:
    current, prior = dates(np.eye(4))
    mask, seen, notes = align_prior(current, prior)
    assert prior.lesions is not None
    np.testing.assert_array_equal(mask, prior.lesions.data > 0)
    assert seen is not None
    assert seen.all()
    assert "by the headers" in notes[0].value


def test_prior_sees_only_its_field_of_view() -> None:
    current, prior = dates(np.eye(4))
    assert current.lesions is not None
    wide = Grid((65, 77, 80), current.lesions.grid.affine)
    found = align_prior(replace(current, lesions=lesions(wide, (26, 40, 37), 6)), prior)
    assert found.seen is not None
    assert not found.seen[:, :, 66:].any()
    assert found.seen[:, :, :61].all()


def test_prior_without_mask_is_unknown() -> None:
    current, prior = dates(np.eye(4))
    assert align_prior(current, replace(prior, lesions=None)) == (None, None, ())


def test_prior_of_noise_is_unknown() -> None:
    current, prior = dates(TURN)
    rng = np.random.default_rng(5)
    other = scan(
        rng.gamma(2.0, 50.0, prior.scans[Contrast.FLAIR].data.shape),
        prior.scans[Contrast.FLAIR].grid,
        Contrast.FLAIR,
    )
    found = align_prior(current, replace(prior, scans={Contrast.FLAIR: other}))
    assert found.mask is None
    assert [note.code for note in found.notes] == ["W32"]


def test_masks_alone_are_laid_by_their_headers() -> None:
    current, prior = dates(np.eye(4))
    found = align_prior(replace(current, scans={}), replace(prior, scans={}))
    assert found.mask is not None
    assert [note.code for note in found.notes] == ["W35"]
