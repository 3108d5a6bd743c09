"""The anatomy of a study: from its labels, from MNI152, or by registration to the template."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.brain import Brain, find_brain
from lesionaid.anatomy.distances import bounding_box, signed_distance_mm
from lesionaid.anatomy.labels import read_labels
from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.anatomy.regions import load_regions
from lesionaid.anatomy.to_template import Registered, register_to_template, scan_to_register
from lesionaid.errors import AnalysisError
from lesionaid.geometry import Grid, resample
from lesionaid.quantity import Quantity, Unit, Value
from lesionaid.study.scan import Study

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


def build_anatomy(
    study: Study, brain: Brain | None = None, registered: Registered | None = None
) -> AnatomyMap:
    """Find sites, lobes and distances on the study's reference grid.

    Parameters
    ----------
    study : Study
        Aligned: every scan on `reference`. Without scans (a mask in MNI152, or a mask beside
        anatomy labels) the mask's own grid serves as reference.
    brain, registered : optional
        What :func:`~lesionaid.anatomy.prepare.prepare` has found already; otherwise found here.

    Returns
    -------
    AnatomyMap

    Raises
    ------
    AnalysisError
        ``A01`` no brain found in a whole head, ``A03`` registration failed, ``A04`` nothing
        to register, ``A05`` labels not recognised.
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
    return _from_template(study, grid, brain, registered)


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
        parts=labels.parts,
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


def _from_template(
    study: Study, grid: Grid, brain: Brain | None, registered: Registered | None
) -> AnatomyMap:
    if registered is None:
        scan = scan_to_register(study.scans)
        brain = brain or find_brain(study, scan)
        registered = register_to_template(scan, brain.mask, study.lesions)
    if brain is None:
        raise ValueError("a registration is given together with its brain")
    mni = registered.warp.moving_mm(grid)
    sites, lobes, parts, zones = _look_up(mni, brain.mask)
    return AnatomyMap(
        grid,
        sites,
        lobes,
        structure_distances(sites, grid),
        mni_mm=mni,
        source="template",
        error_mm=TEMPLATE_ERROR_MM,
        quality=_figures(brain, registered),
        notes=registered.notes,
        parts=parts,
        zones=zones,
    )


def _figures(brain: Brain, registered: Registered) -> dict[str, Value]:
    """What the search for the brain and the registration measured of themselves."""
    figures = {**registered.quality, **brain.quality}
    return {
        name: Quantity(value, Unit.ML if name.endswith("_ml") else Unit.NONE)
        for name, value in figures.items()
    }


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
