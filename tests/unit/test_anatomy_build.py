"""The anatomy of a study: phantoms with known answers, and real scans."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lesionaid.anatomy.build import build_anatomy
from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.anatomy.regions import load_regions
from lesionaid.anatomy.template import load_template
from lesionaid.errors import AnalysisError
from lesionaid.geometry import Grid, resample, to_ras
from lesionaid.quantity import Quantity
from lesionaid.study.scan import Contrast, LabelMap, LesionMask, Scan, Source, Study
from tests.shared_data import shared_data

CODE = {name: code for code, name in SITES.items()}


def source(grid: Grid, name: str = "scan.nii.gz") -> Source:
    return Source(name, "0", "RAS", grid)


def study_of(data: NDArray[Any], grid: Grid, contrast: Contrast, **more: Any) -> Study:
    scan = Scan(np.asarray(data, dtype=np.float32), grid, contrast, source(grid))
    return Study({contrast: scan}, grid, aligned=True, **more)


def load(path: Path, contrast: Contrast, **more: Any) -> Study:
    import nibabel as nib

    image = nib.nifti1.load(path)
    data, affine = to_ras(np.asarray(image.dataobj, dtype=np.float32), image.affine)
    return study_of(
        data, Grid((data.shape[0], data.shape[1], data.shape[2]), affine), contrast, **more
    )


TO_MNI = np.eye(4)
TO_MNI[:3, :3] = 1.12 * np.array(
    [[1, 0, 0], [0, np.cos(0.15), -np.sin(0.15)], [0, np.sin(0.15), np.cos(0.15)]]
)
TO_MNI[:3, 3] = (4.0, 6.0, -8.0)
"""A patient's mm to MNI mm: a smaller head, nodding by 9 degrees."""


@pytest.fixture(scope="module")
def phantom() -> Study:
    """The template as a patient, on 3 mm voxels."""
    template = load_template()
    affine = np.linalg.inv(TO_MNI) @ template.grid.affine @ np.diag([2.7, 2.7, 2.7, 1.0])
    grid = Grid((73, 87, 70), affine)
    data = resample(
        template.t1w,
        Grid(template.grid.shape, np.linalg.inv(TO_MNI) @ template.grid.affine),
        grid,
        order=1,
    )
    return study_of(data, grid, Contrast.T1W)


@pytest.fixture(scope="module")
def found(phantom: Study) -> AnatomyMap:
    return build_anatomy(phantom)


def true_mm(grid: Grid) -> NDArray[np.float64]:
    voxels = np.moveaxis(np.indices(grid.shape), 0, -1)
    return grid.to_mm(voxels) @ TO_MNI[:3, :3].T + TO_MNI[:3, 3]


def test_registration_finds_the_phantom(found: AnatomyMap) -> None:
    assert found.source == "template"
    assert found.mni_mm is not None
    error = np.linalg.norm(found.mni_mm - true_mm(found.grid), axis=-1)[found.brain]
    assert np.median(error) < 0.6
    assert np.percentile(error, 99) < 3.0


def test_sites_of_the_phantom(found: AnatomyMap) -> None:
    regions = load_regions()
    index = np.rint(regions.grid.to_voxel(true_mm(found.grid))).astype(int)
    inside = ((index >= 0) & (index < regions.grid.shape)).all(axis=-1) & found.brain
    expected = np.zeros(found.grid.shape, dtype=np.uint8)
    expected[inside] = regions.sites[tuple(index[inside].T)]
    for site in ("lateral_ventricle", "white_matter", "cerebellum", "brainstem", "cortex"):
        ours, theirs = found.sites == CODE[site], expected == CODE[site]
        dice = 2 * np.count_nonzero(ours & theirs) / (ours.sum() + theirs.sum())
        assert dice > 0.85, site


def test_quality_is_stated(found: AnatomyMap) -> None:
    values = {
        name: value.value for name, value in found.quality.items() if isinstance(value, Quantity)
    }
    assert values["brain_overlap_dice"] > 0.97
    assert values["registration_correlation"] > 0.9
    assert values["jacobian_min"] > 0
    assert found.error_mm == 2.1
    assert not found.notes


def test_distances_fit_the_sites(found: AnatomyMap) -> None:
    for structure in ("lateral_ventricle", "cortex"):
        distance = found.distances_mm[structure]
        inside = found.sites == CODE[structure]
        assert (distance[inside] < 0).all()
        assert (distance[found.brain & ~inside] > 0).all()
        assert np.isfinite(distance[found.brain]).all()


def test_half_a_brain_is_refused(phantom: Study) -> None:
    scan = phantom.scans[Contrast.T1W]
    data = scan.data.copy()
    data[:, :, 38:] = 0
    data[30:] = 0
    with pytest.raises(AnalysisError, match="A03"):
        build_anatomy(replace(phantom, scans={Contrast.T1W: replace(scan, data=data)}))


def test_a_better_stripped_contrast_lends_its_brain(phantom: Study, found: AnatomyMap) -> None:
    scan = phantom.scans[Contrast.T1W]
    rng = np.random.default_rng(0)
    noisy = scan.data + rng.gamma(2.0, 1.0, scan.data.shape).astype(np.float32)
    stripped = replace(scan, contrast=Contrast.FLAIR)
    both = {Contrast.T1W: replace(scan, data=noisy), Contrast.FLAIR: stripped}
    lent = build_anatomy(replace(phantom, scans=both))
    common = lent.brain & found.brain
    assert (lent.sites == found.sites)[common].mean() > 0.9


def test_brain_mask_opens_a_whole_head(phantom: Study, found: AnatomyMap) -> None:
    scan = phantom.scans[Contrast.T1W]
    brain = LabelMap((scan.data > 0).astype(np.int32), scan.grid, source(scan.grid, "brain.nii.gz"))
    rng = np.random.default_rng(0)
    noisy = scan.data + rng.gamma(2.0, 1.0, scan.data.shape).astype(np.float32)
    given = replace(phantom, scans={Contrast.T1W: replace(scan, data=noisy)}, brain=brain)
    with_mask = build_anatomy(given)
    both = with_mask.brain & found.brain
    assert (with_mask.sites == found.sites)[both].mean() > 0.9


def test_mni_is_taken_as_it_is() -> None:
    regions = load_regions()
    mask = LesionMask(
        np.zeros(regions.grid.shape, dtype=np.int32), regions.grid, source(regions.grid)
    )
    anatomy = build_anatomy(Study({}, None, lesions=mask, space="mni", aligned=True))
    np.testing.assert_array_equal(anatomy.sites, regions.sites)
    np.testing.assert_array_equal(anatomy.lobes, regions.lobes)
    assert anatomy.mni_mm is not None
    np.testing.assert_allclose(anatomy.mni_mm[3, 5, 7], regions.grid.to_mm(np.array([3, 5, 7])))
    assert anatomy.source == "mni"
    assert anatomy.error_mm == 3.0


def test_mask_alone_in_native_space_is_refused() -> None:
    grid = Grid((10, 10, 10), np.eye(4))
    mask = LesionMask(np.zeros(grid.shape, dtype=np.int32), grid, source(grid))
    with pytest.raises(AnalysisError, match="A04"):
        build_anatomy(Study({}, None, lesions=mask, aligned=True))
    with pytest.raises(AnalysisError, match="A04"):
        build_anatomy(Study({}, None, aligned=True))


def test_labels_go_before_registration() -> None:
    grid = Grid((20, 20, 20), np.diag([2.0, 2.0, 2.0, 1.0]))
    labels = np.zeros(grid.shape, dtype=np.int32)
    labels[2:18, 2:18, 2:18] = 1028
    labels[4:16, 4:16, 4:16] = 2
    labels[8:12, 8:12, 8:12] = 4
    given = study_of(
        np.ones(grid.shape),
        grid,
        Contrast.FLAIR,
        anatomy=LabelMap(labels, grid, source(grid, "aseg.nii.gz")),
    )
    anatomy = build_anatomy(given)
    assert anatomy.source == "labels"
    assert anatomy.mni_mm is None
    assert anatomy.error_mm == 1.0
    # Five voxels of 2 mm before a ventricle that begins at 15 mm, half a voxel before voxel 8.
    assert anatomy.distances_mm["lateral_ventricle"][4, 10, 10] == pytest.approx(7.0)
    assert anatomy.distances_mm["cortex"][4, 10, 10] == pytest.approx(1.0)


def test_thick_t1w_yields_to_a_fine_flair() -> None:
    from lesionaid.anatomy.to_template import scan_to_register

    fine, thick = (Grid((4, 4, 4), np.diag([1, 1, step, 1.0])) for step in (1.0, 5.0))
    ones = np.ones((4, 4, 4), dtype=np.float32)
    flair = Scan(ones, fine, Contrast.FLAIR, source(fine))
    t1w = Scan(ones, fine, Contrast.T1W, source(thick))
    assert scan_to_register({Contrast.FLAIR: flair, Contrast.T1W: t1w}) is flair
    t1w = replace(t1w, source=source(fine))
    assert scan_to_register({Contrast.FLAIR: flair, Contrast.T1W: t1w}) is t1w
    adc = Scan(ones, fine, Contrast.ADC, source(fine))
    with pytest.raises(AnalysisError, match="A04"):
        scan_to_register({Contrast.ADC: adc})


@pytest.mark.real
@pytest.mark.slow
@pytest.mark.parametrize(("name", "contrast"), [("t1w", Contrast.T1W), ("flair", Contrast.FLAIR)])
def test_heavily_lesioned_brain_registers(name: str, contrast: Contrast) -> None:
    folder = shared_data() / "open_ms" / "patient19"
    drawn = load(folder / "lesions.nii.gz", Contrast.FLAIR).scans[Contrast.FLAIR]
    mask = LesionMask((drawn.data > 0).astype(np.int32), drawn.grid, drawn.source)
    given = load(folder / f"{name}.nii.gz", contrast, lesions=mask)
    first = build_anatomy(given)
    overlap = first.quality["brain_overlap_dice"]
    assert isinstance(overlap, Quantity)
    assert overlap.value > 0.93
    lesion_sites = first.sites[mask.data > 0]
    assert np.mean(lesion_sites > 0) > 0.99
    assert np.mean(np.isin(lesion_sites, [CODE["cerebellum"], CODE["brainstem"]])) < 0.1
    if contrast is Contrast.T1W:
        again = build_anatomy(given)
        assert first.mni_mm is not None
        assert again.mni_mm is not None
        assert again.mni_mm.tobytes() == first.mni_mm.tobytes()
        assert again.sites.tobytes() == first.sites.tobytes()


@pytest.mark.real
@pytest.mark.slow
def test_storage_order_leaves_no_trace() -> None:
    results = []
    for code in ("RAS", "LPI", "SAL"):
        given = load(shared_data() / "orientation" / f"{code}.nii.gz", Contrast.T1W)
        anatomy = build_anatomy(given)
        assert anatomy.mni_mm is not None
        results.append((anatomy.mni_mm, anatomy.sites, anatomy.lobes))
    for other in results[1:]:
        for one, two in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(one, two)
