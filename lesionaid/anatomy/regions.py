"""The region map in MNI152: our own, built by ``scripts/build_regions.py`` and shipped.

It was made from the ICBM152 T1 and tissue maps and from landmarks read off them
(``scripts/region_landmarks.yaml``, conventions cited there), not from an atlas. Limits worth
knowing: the lateral ventricle's temporal horn is a geometric proxy (the template shows it as
partial volume only); lobes divide white matter by planes carried inwards from the sulci; the
hippocampus and the amygdala are deep grey matter here and belong to the temporal lobe, the
cingulate gyrus is frontal before the plane y = -22 mm and parietal behind it.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import LOBES, PARTS, SITES, ZONES
from lesionaid.errors import AnalysisError
from lesionaid.geometry import Grid

__all__ = ["Regions", "load_regions"]

_FILE = "regions_mni_1mm.nii.gz"


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """The region map, cropped to the brain, RAS+, 1 mm.

    Parameters
    ----------
    grid : Grid
        In MNI152 mm.
    sites, lobes, parts, zones : ndarray of shape grid.shape, uint8
        Keys of :data:`~lesionaid.anatomy.map.SITES`, :data:`~lesionaid.anatomy.map.LOBES`,
        :data:`~lesionaid.anatomy.map.PARTS` and :data:`~lesionaid.anatomy.map.ZONES`.
    version : str
    """

    grid: Grid
    sites: NDArray[np.uint8]
    lobes: NDArray[np.uint8]
    parts: NDArray[np.uint8]
    zones: NDArray[np.uint8]
    version: str


@lru_cache(maxsize=1)
def load_regions() -> Regions:
    """Load the shipped region map.

    Raises
    ------
    AnalysisError
        ``A06`` when the file is missing or does not hold the map.
    """
    import nibabel as nib
    from nibabel.filebasedimages import ImageFileError

    try:
        packed = (files("lesionaid.anatomy") / "data" / _FILE).read_bytes()
        image = nib.nifti1.Nifti1Image.from_bytes(gzip.decompress(packed))
    except (OSError, EOFError, ImageFileError) as error:
        raise AnalysisError("A06", file=_FILE) from error
    data = np.asarray(image.dataobj)
    described = bytes(image.header["descrip"]).decode().strip("\0")
    if data.ndim != 4 or data.shape[3] != 4 or not described.startswith("lesionaid regions "):
        raise AnalysisError("A06", file=_FILE)
    sites, lobes, parts, zones = (
        np.ascontiguousarray(data[..., part], dtype=np.uint8) for part in range(4)
    )
    known = ((sites, SITES), (lobes, LOBES), (parts, PARTS), (zones, ZONES))
    if any(volume.max() > max(names) for volume, names in known):
        raise AnalysisError("A06", file=_FILE)
    grid = Grid((sites.shape[0], sites.shape[1], sites.shape[2]), np.asarray(image.affine))
    version = described.removeprefix("lesionaid regions ").split(":")[0]
    return Regions(grid, sites, lobes, parts, zones, version)
