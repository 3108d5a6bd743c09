"""A user's anatomy labels: FreeSurfer, FastSurfer and SynthSeg, which share one numbering.

The table ``data/freesurfer_sites.tsv`` gives a site, a lobe and a part, where the label names
one, for each number of FreeSurfer's colour table (aseg, aparc+aseg, wmparc; FastSurfer's DKT atlas
and SynthSeg's parcellation are subsets). Lobes follow the Desikan-Killiany gyri (Desikan et al.
2006, doi 10.1016/j.neuroimage.2006.01.021) grouped as in Klein & Tourville 2012
(doi 10.3389/fnins.2012.00171): anterior cingulate frontal, posterior and isthmus parietal. The
foremost and the hindmost fifth of the callosum stand for genu and splenium; the gyri below the
superior temporal sulcus are inferior temporal. What no label names (midbrain, pons, medulla,
internal capsule, hypothalamus, peduncles, the ventricle's body) stays unnamed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.distances import bounding_box
from lesionaid.anatomy.map import LOBES, PARTS, SITES
from lesionaid.errors import AnalysisError, Note
from lesionaid.geometry import Grid, resample
from lesionaid.study.scan import LabelMap

__all__ = ["LabelTable", "SitedLabels", "label_table", "read_labels"]

LEAST_RECOGNISED = 0.95
"""Share of the labelled volume whose numbers must be in the table (proposed)."""
LEAST_IN_VIEW = 0.5
"""Share of the labelled volume that must lie on the reference grid (proposed)."""
NEEDED = ("white_matter", "cortex", "lateral_ventricle")


@dataclass(frozen=True, slots=True, eq=False)
class SitedLabels:
    """A label image as sites, lobes and parts on the reference grid.

    Parameters
    ----------
    sites, lobes, parts : ndarray, uint8
        Keys of :data:`~lesionaid.anatomy.map.SITES`, :data:`~lesionaid.anatomy.map.LOBES` and
        :data:`~lesionaid.anatomy.map.PARTS`; of the parts, those that the labels name.
    recognised : float
        Share of the labelled voxels whose number is in the table.
    notes : tuple of Note
    """

    sites: NDArray[np.uint8]
    lobes: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    recognised: float
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class LabelTable:
    """What each label number means, by number; `known` says which numbers are listed."""

    sites: NDArray[np.uint8]
    lobes: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    known: NDArray[np.bool_]


@lru_cache(maxsize=1)
def label_table() -> LabelTable:
    """Site, lobe and part of each label number."""
    text = (files("lesionaid.anatomy") / "data" / "freesurfer_sites.tsv").read_text()
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    size = 1 + max(int(row[0]) for row in rows)
    sites, lobes, parts = (np.zeros(size, dtype=np.uint8) for _ in range(3))
    known = np.zeros(size, dtype=bool)
    site_codes, lobe_codes, part_codes = (
        {"n/a": 0} | {name: code for code, name in names.items()} for names in (SITES, LOBES, PARTS)
    )
    for label, _, site, lobe, part in rows:
        sites[int(label)] = site_codes[site]
        lobes[int(label)] = lobe_codes[lobe]
        parts[int(label)] = part_codes[part]
        known[int(label)] = True
    return LabelTable(sites, lobes, parts, known)


def read_labels(labels: LabelMap, grid: Grid) -> SitedLabels:
    """Turn a label image into sites, lobes and parts on `grid`, by nearest neighbour.

    White matter takes the lobe, and the part of the temporal lobe, of the nearest labelled gyrus.

    Raises
    ------
    AnalysisError
        ``A05`` when the numbers are not FreeSurfer's, when cortex, white matter or lateral
        ventricles are missing, or when the labels lie elsewhere than the scan.
    """
    table = label_table()
    name = labels.source.name
    given = labels.data
    listed = (given >= 0) & (given < table.known.size)
    index = np.where(listed, given, 0)
    labelled = np.count_nonzero(given)
    recognised = np.count_nonzero(table.known[index]) / labelled if labelled else 0.0
    if recognised < LEAST_RECOGNISED:
        value = f"{100 * recognised:.0f} % of the labelled voxels carry a known number"
        raise AnalysisError("A05", file=name, value=value)
    native = table.sites[index]
    absent = [site for site in NEEDED if not (native == _code(site)).any()]
    if absent:
        raise AnalysisError("A05", file=name, value=f"no {', '.join(absent)} in it")
    sites = resample(native, labels.grid, grid, order=0)
    whole = np.count_nonzero(native) * labels.grid.voxel_volume_mm3
    in_view = np.count_nonzero(sites) * grid.voxel_volume_mm3 / whole
    if in_view < LEAST_IN_VIEW:
        value = f"{100 * in_view:.0f} % of the labelled volume lies in the scan's field of view"
        raise AnalysisError("A05", file=name, value=value)
    lobes, parts = table.lobes[index], table.parts[index]
    if not lobes[native == _code("cortex")].any():
        unnamed = np.zeros(grid.shape, dtype=np.uint8)
        here = resample(parts, labels.grid, grid, order=0)
        return SitedLabels(sites, unnamed, here, recognised, (Note("W36", name),))
    lobes, parts = _spread(native, lobes, parts, labels.grid)
    return SitedLabels(
        sites,
        resample(lobes, labels.grid, grid, order=0),
        resample(parts, labels.grid, grid, order=0),
        recognised,
    )


def _code(site: str) -> int:
    return next(code for code, name in SITES.items() if name == site)


def _spread(
    sites: NDArray[np.uint8],
    lobes: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    grid: Grid,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Give cerebral white matter and unnamed cortex lobe and part of the nearest named cortex."""
    from scipy.ndimage import distance_transform_edt

    box = bounding_box(sites > 0, grid)
    site, lobe, part = sites[box], lobes[box], parts[box]
    named = (site == _code("cortex")) & (lobe > 0)
    nearest = distance_transform_edt(
        ~named, sampling=grid.spacing_mm, return_distances=False, return_indices=True
    )
    unnamed = np.isin(site, [_code("cortex"), _code("white_matter")]) & (lobe == 0)
    lobes, parts = lobes.copy(), parts.copy()
    lobes[box] = np.where(unnamed, lobe[tuple(nearest)], lobe)
    parts[box] = np.where(unnamed & (part == 0), part[tuple(nearest)], part)
    return lobes, parts
