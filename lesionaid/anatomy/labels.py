"""A user's anatomy labels: FreeSurfer, FastSurfer and SynthSeg, which share one numbering.

The table ``data/freesurfer_sites.tsv`` gives a site and a lobe for each number of FreeSurfer's
colour table (aseg, aparc+aseg, wmparc; FastSurfer's DKT atlas and SynthSeg's parcellation are
subsets). Lobes follow the Desikan-Killiany gyri (Desikan et al. 2006,
doi 10.1016/j.neuroimage.2006.01.021) grouped as in Klein & Tourville 2012
(doi 10.3389/fnins.2012.00171): anterior cingulate frontal, posterior and isthmus parietal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.distances import bounding_box
from lesionaid.anatomy.map import LOBES, SITES
from lesionaid.errors import AnalysisError, Note
from lesionaid.geometry import Grid, resample
from lesionaid.study.scan import LabelMap

__all__ = ["SitedLabels", "read_labels", "site_table"]

LEAST_RECOGNISED = 0.95
"""Share of the labelled volume whose numbers must be in the table (proposed)."""
LEAST_IN_VIEW = 0.5
"""Share of the labelled volume that must lie on the reference grid (proposed)."""
NEEDED = ("white_matter", "cortex", "lateral_ventricle")


@dataclass(frozen=True, slots=True, eq=False)
class SitedLabels:
    """A label image as sites and lobes on the reference grid.

    Parameters
    ----------
    sites, lobes : ndarray, uint8
        Keys of :data:`~lesionaid.anatomy.map.SITES` and :data:`~lesionaid.anatomy.map.LOBES`.
    recognised : float
        Share of the labelled voxels whose number is in the table.
    notes : tuple of Note
    """

    sites: NDArray[np.uint8]
    lobes: NDArray[np.uint8]
    recognised: float
    notes: tuple[Note, ...] = ()


@lru_cache(maxsize=1)
def site_table() -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.bool_]]:
    """Site and lobe of each label number, and which numbers are known."""
    text = (files("lesionaid.anatomy") / "data" / "freesurfer_sites.tsv").read_text()
    rows = [line.split("\t") for line in text.splitlines()[1:]]
    size = 1 + max(int(row[0]) for row in rows)
    sites, lobes = np.zeros(size, dtype=np.uint8), np.zeros(size, dtype=np.uint8)
    known = np.zeros(size, dtype=bool)
    site_codes = {name: code for code, name in SITES.items()}
    lobe_codes = {name: code for code, name in LOBES.items()} | {"n/a": 0}
    for label, _, site, lobe in rows:
        sites[int(label)] = site_codes[site]
        lobes[int(label)] = lobe_codes[lobe]
        known[int(label)] = True
    return sites, lobes, known


def read_labels(labels: LabelMap, grid: Grid) -> SitedLabels:
    """Turn a label image into sites and lobes on `grid`, by nearest neighbour.

    White matter takes the lobe of the nearest labelled gyrus.

    Raises
    ------
    AnalysisError
        ``A05`` when the numbers are not FreeSurfer's, when cortex, white matter or lateral
        ventricles are missing, or when the labels lie elsewhere than the scan.
    """
    sites_of, lobes_of, known_of = site_table()
    name = labels.source.name
    given = labels.data
    listed = (given >= 0) & (given < known_of.size)
    index = np.where(listed, given, 0)
    labelled = np.count_nonzero(given)
    recognised = np.count_nonzero(known_of[index]) / labelled if labelled else 0.0
    if recognised < LEAST_RECOGNISED:
        value = f"{100 * recognised:.0f} % of the labelled voxels carry a known number"
        raise AnalysisError("A05", file=name, value=value)
    native = sites_of[index]
    absent = [site for site in NEEDED if not (native == _code(site)).any()]
    if absent:
        raise AnalysisError("A05", file=name, value=f"no {', '.join(absent)} in it")
    sites = resample(native, labels.grid, grid, order=0)
    whole = np.count_nonzero(native) * labels.grid.voxel_volume_mm3
    in_view = np.count_nonzero(sites) * grid.voxel_volume_mm3 / whole
    if in_view < LEAST_IN_VIEW:
        value = f"{100 * in_view:.0f} % of the labelled volume lies in the scan's field of view"
        raise AnalysisError("A05", file=name, value=value)
    native_lobes = lobes_of[index]
    cortex = native == _code("cortex")
    if not native_lobes[cortex].any():
        lobes = np.zeros(grid.shape, dtype=np.uint8)
        return SitedLabels(sites, lobes, recognised, (Note("W36", name),))
    spread = _spread_lobes(native, native_lobes, labels.grid)
    return SitedLabels(sites, resample(spread, labels.grid, grid, order=0), recognised)


def _code(site: str) -> int:
    return next(code for code, name in SITES.items() if name == site)


def _spread_lobes(
    sites: NDArray[np.uint8], lobes: NDArray[np.uint8], grid: Grid
) -> NDArray[np.uint8]:
    """Give cerebral white matter and unnamed cortex the lobe of the nearest named cortex."""
    from scipy.ndimage import distance_transform_edt

    box = bounding_box(sites > 0, grid)
    site, lobe = sites[box], lobes[box]
    named = (site == _code("cortex")) & (lobe > 0)
    nearest = distance_transform_edt(
        ~named, sampling=grid.spacing_mm, return_distances=False, return_indices=True
    )
    unnamed = np.isin(site, [_code("cortex"), _code("white_matter")]) & (lobe == 0)
    result = lobes.copy()
    result[box] = np.where(unnamed, lobe[tuple(nearest)], lobe)
    return result
