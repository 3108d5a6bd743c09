"""The anatomy of a study: from its labels, from MNI152, or by registration to the template."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.brain import find_brain
from lesionaid.anatomy.distances import bounding_box, signed_distance_mm
from lesionaid.anatomy.labels import read_labels
from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.anatomy.regions import load_regions
from lesionaid.anatomy.register import Warp, warp_onto
from lesionaid.anatomy.template import Template, load_template
from lesionaid.anatomy.volume import Volume, coarsen
from lesionaid.errors import AnalysisError, Note
from lesionaid.geometry import Grid, resample
from lesionaid.quantity import Quantity, Unit
from lesionaid.study.scan import Contrast, Scan, Study

__all__ = ["build_anatomy", "structure_distances"]

STRUCTURES = ("lateral_ventricle", "cortex")
MARGIN_MM = 10.0
"""Distances are kept this far around the brain."""

TEMPLATE_ERROR_MM = 2.1
"""Median difference of a ventricle distance between the warped map and the patient's own tissue:
1.0 to 2.1 mm in three open MS brains (p90 3.1 to 4.0), cortex 0.7 to 1.0 (p90 1.7 to 2.8); the
worst median is stated. Project's own measurement; agreement, not accuracy."""

MNI_ERROR_MM = 3.0
"""The same without registration: on two affinely normalised open scans, identity and registration
differed by 1.1 and 1.9 mm (median, ventricle) and 1.2 mm (cortex); added in quadrature to the
template's own error and rounded up. Project's own measurement."""

REGISTERED_FROM = (Contrast.T1W, Contrast.FLAIR, Contrast.T1W_CE, Contrast.T2W)
"""Contrasts to register, the best first: T1w is what the template was made from."""
THICK_MM = 3.0
"""A T1w of thicker slices than this yields to a FLAIR of finer ones (proposed)."""

LEAST_OVERLAP, WEAK_OVERLAP = 0.90, 0.95
LEAST_SIMILARITY, WEAK_SIMILARITY = 0.30, 0.50
"""Dice of the two brains, and correlation inside them, under which a registration has failed or
is weak. Proposed: good ones measured 0.97 to 0.99 and 0.70 to 0.83 (a heavily lesioned brain
among them); an affine alone 0.96 and 0.60."""


def build_anatomy(study: Study) -> AnatomyMap:
    """Find sites, lobes and distances on the study's reference grid.

    Parameters
    ----------
    study : Study
        Aligned: every scan on `reference`. Without scans (a mask in MNI152, or a mask beside
        anatomy labels) the mask's own grid serves as reference.

    Returns
    -------
    AnatomyMap

    Raises
    ------
    AnalysisError
        ``A01`` whole head without a brain mask, ``A03`` registration failed, ``A04`` nothing to
        register, ``A05`` labels not recognised.
    """
    grid = study.reference
    if grid is None and study.lesions is not None:
        grid = study.lesions.grid
    if grid is None:
        raise AnalysisError("A04")
    if study.anatomy is not None:
        return _from_labels(study, grid)
    if study.space == "mni":
        return _from_mni(grid)
    return _from_template(study, grid)


def _from_labels(study: Study, grid: Grid) -> AnatomyMap:
    assert study.anatomy is not None
    labels = read_labels(study.anatomy, grid)
    return AnatomyMap(
        grid,
        labels.sites,
        labels.lobes,
        structure_distances(labels.sites, grid),
        mni_mm=None,
        source="labels",
        error_mm=0.5 * max(study.anatomy.grid.spacing_mm),  # labels end at voxel borders
        quality={"labels_recognised": Quantity(labels.recognised, Unit.NONE)},
        notes=labels.notes,
    )


def _from_mni(grid: Grid) -> AnatomyMap:
    """Inputs already in MNI152: the region map as it is."""
    regions = load_regions()
    sites, lobes, parts, zones = (
        resample(volume, regions.grid, grid, order=0)
        for volume in (regions.sites, regions.lobes, regions.parts, regions.zones)
    )
    mm = np.stack(_coordinates(grid), axis=-1)
    return AnatomyMap(
        grid,
        sites,
        lobes,
        structure_distances(sites, grid),
        mni_mm=mm,
        source="mni",
        error_mm=MNI_ERROR_MM,
        quality={},
        parts=parts,
        zones=zones,
    )


def _from_template(study: Study, grid: Grid) -> AnatomyMap:
    scan = _scan_to_register(study.scans)
    brain = _brain(scan, study)
    template = load_template()
    fixed = coarsen(Volume(scan.data, grid, brain))
    moving = coarsen(Volume(_template_like(template, scan.contrast), template.grid, template.brain))
    warp = warp_onto(fixed, moving, _lesions_on(study, fixed.grid))
    if warp is None:
        raise AnalysisError("A03", file=scan.source.name, value="greedy found no alignment")
    quality = _quality(warp, fixed, moving)
    notes = _judge(quality, scan)
    mni = warp.moving_mm(grid)
    sites, lobes, parts, zones = _look_up(mni, brain)
    return AnatomyMap(
        grid,
        sites,
        lobes,
        structure_distances(sites, grid),
        mni_mm=mni,
        source="template",
        error_mm=TEMPLATE_ERROR_MM,
        quality={name: Quantity(value, Unit.NONE) for name, value in quality.items()},
        notes=notes,
        parts=parts,
        zones=zones,
    )


def _brain(scan: Scan, study: Study) -> NDArray[np.bool_]:
    """Brain mask for a scan: its own, or that of a contrast beside it that was stripped better.

    Strippers leave a piece of skull base in one contrast and not in another; all lie on one grid.
    """
    try:
        return find_brain(scan, study.brain)
    except AnalysisError as error:
        for other in study.scans.values():
            if other is scan or other.grid.shape != scan.grid.shape:
                continue
            try:
                return find_brain(other, None)
            except AnalysisError:
                continue
        raise error


def _scan_to_register(scans: Mapping[Contrast, Scan]) -> Scan:
    present = [scans[contrast] for contrast in REGISTERED_FROM if contrast in scans]
    if not present:
        raise AnalysisError("A04")
    first = present[0]
    if max(first.source.grid.spacing_mm) > THICK_MM:
        return min(present, key=lambda scan: max(scan.source.grid.spacing_mm))
    return first


def _template_like(template: Template, contrast: Contrast) -> NDArray[np.float32]:
    if contrast in (Contrast.T1W, Contrast.T1W_CE):
        return template.t1w
    return template.flair if contrast is Contrast.FLAIR else template.t2w


def _lesions_on(study: Study, grid: Grid) -> NDArray[np.bool_] | None:
    """Lesions on the working grid, for the similarity to leave out."""
    if study.lesions is None or not study.lesions.data.any():
        return None
    lesions = (study.lesions.data > 0).astype(np.float32)
    return resample(lesions, study.lesions.grid, grid, order=1) > 0.3


def _quality(warp: Warp, fixed: Volume, moving: Volume) -> dict[str, float]:
    """Correlation and overlap of the brains on the working grid, range of the Jacobian."""
    from scipy.ndimage import map_coordinates

    assert fixed.mask is not None
    assert moving.mask is not None
    where = np.moveaxis(moving.grid.to_voxel(warp.moving_mm(fixed.grid)), -1, 0)
    image = map_coordinates(moving.data, where, order=1)
    brain = map_coordinates(moving.mask.astype(np.float32), where, order=1) > 0.5
    both = brain & fixed.mask
    total = np.count_nonzero(brain) + np.count_nonzero(fixed.mask)
    jacobian = warp.jacobian()[fixed.mask]
    correlation = np.corrcoef(image[both], fixed.data[both])[0, 1] if both.sum() > 2 else 0.0
    return {
        "registration_correlation": float(np.nan_to_num(correlation)),
        "brain_overlap_dice": float(2.0 * np.count_nonzero(both) / total),
        "jacobian_min": float(jacobian.min()),
        "jacobian_max": float(jacobian.max()),
    }


def _judge(quality: Mapping[str, float], scan: Scan) -> tuple[Note, ...]:
    """Refuse a failed registration, note a weak one."""
    overlap, similarity = quality["brain_overlap_dice"], quality["registration_correlation"]
    told = (
        f"brain overlap {overlap:.2f}, correlation {similarity:.2f}, "
        f"smallest Jacobian {quality['jacobian_min']:.2f}"
    )
    if overlap < LEAST_OVERLAP or similarity < LEAST_SIMILARITY:
        raise AnalysisError("A03", file=scan.source.name, value=told)
    folded = quality["jacobian_min"] <= 0
    if overlap < WEAK_OVERLAP or similarity < WEAK_SIMILARITY or folded:
        return (Note("W34", scan.source.name, told),)
    return ()


def _look_up(mni: NDArray[np.float32], brain: NDArray[np.bool_]) -> tuple[NDArray[np.uint8], ...]:
    """Site, lobe, part and zone of every voxel of the brain, from its MNI coordinates.

    A voxel of the patient's brain that falls just outside the map's takes the nearest site: the
    patient's mask, not the template's, says where the brain ends.
    """
    from scipy.ndimage import distance_transform_edt

    regions = load_regions()
    nearest = distance_transform_edt(
        regions.sites == 0, return_distances=False, return_indices=True
    )
    ijk = np.rint(regions.grid.to_voxel(mni[brain])).astype(np.int64)
    ijk = np.clip(ijk, 0, np.asarray(regions.grid.shape) - 1).T
    found = tuple(nearest[(slice(None), *ijk)])
    volumes = []
    for volume in (regions.sites, regions.lobes, regions.parts, regions.zones):
        here = np.zeros(brain.shape, dtype=np.uint8)
        here[brain] = volume[found]
        volumes.append(here)
    return tuple(volumes)


def structure_distances(sites: NDArray[np.uint8], grid: Grid) -> dict[str, NDArray[np.float32]]:
    """Signed distance in mm to every structure of :data:`STRUCTURES`."""
    box = bounding_box(sites > 0, grid, MARGIN_MM)
    codes = {name: code for code, name in SITES.items()}
    return {name: signed_distance_mm(sites == codes[name], grid, box) for name in STRUCTURES}


def _coordinates(grid: Grid) -> list[NDArray[np.float32]]:
    """RAS+ mm of every voxel, one volume an axis."""
    i, j, k = np.ix_(*(np.arange(size) for size in grid.shape))
    rows = grid.affine[:3]
    return [(row[0] * i + row[1] * j + row[2] * k + row[3]).astype(np.float32) for row in rows]
