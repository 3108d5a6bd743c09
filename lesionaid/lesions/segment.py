"""Lesion candidates from FLAIR, without weights.

Seeds and growth on locally standardised FLAIR (:mod:`lesionaid.lesions.standard`), inside what
the template expects to be white matter, blurred by the error of the registration. A large
candidate then grows on into the cortex, and small ones beside it are held to a looser prior: a
tool that is cut to white matter loses the cortical part and the satellites, which are what tells
PML from new MS lesions (Wijburg et al. 2017, J Neurol Neurosurg Psychiatry 88:1138). T1w serves
the registration alone: a local regression of FLAIR on T1w did not improve the mean Dice of three
real scans. Whatever is found is a *candidate*, to be looked at by a reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.errors import AnalysisError, Note, UsageError
from lesionaid.geometry import Grid
from lesionaid.lesions.candidates import Evidence, Rejected, choose
from lesionaid.lesions.components import bounding_box
from lesionaid.lesions.priors import tissue_priors, traps
from lesionaid.lesions.standard import standardise
from lesionaid.study.scan import Contrast, LesionMask, Source, Study

__all__ = ["Extent", "SegmentSettings", "Segmentation", "segment"]

Extent = Literal["auto", "white_matter", "cortical"]

LOW_LOAD_ML = 5.0
"""Under this load a list of candidates is warned about: with a plain threshold 15 false ones stood
beside 1.3 ml of true lesions in one open scan (project's groundwork); the limit is proposed."""

SEED_RANGE = (1.5, 6.0)


@dataclass(frozen=True, slots=True)
class SegmentSettings:
    """How lesions are looked for.

    Parameters
    ----------
    seed : float
        Local standard deviations of FLAIR from which a candidate may start; lower finds more and
        errs more. 2.5 is the default of the project's groundwork, 2 to 3.5 its useful range.
    extent : {"auto", "white_matter", "cortical"}
        Whether candidates may grow out of white matter: only large ones (``"auto"``), none,
        or all.

    Raises
    ------
    UsageError
        ``U30`` for a seed outside 1.5 to 6 or an unknown extent.
    """

    seed: float = 2.5
    extent: Extent = "auto"

    def __post_init__(self) -> None:
        low, high = SEED_RANGE
        if not low <= self.seed <= high:
            raise UsageError("U30", value=f"seed {self.seed:g}")
        if self.extent not in ("auto", "white_matter", "cortical"):
            raise UsageError("U30", value=f"extent {self.extent!r}")

    @property
    def text(self) -> str:
        """The settings in words, for notes."""
        return f"seed {self.seed:g} local standard deviations, extent {self.extent}"


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """Candidates of one study.

    Parameters
    ----------
    mask : LesionMask
        Binary, ``origin="segmented"``, on the reference grid.
    z : ndarray of float32
        FLAIR in local standard deviations, on the same grid.
    rejected : tuple of Rejected
        What was seeded and thrown out again, and why.
    settings : SegmentSettings
    notes : tuple of Note
    """

    mask: LesionMask
    z: NDArray[np.float32]
    rejected: tuple[Rejected, ...]
    settings: SegmentSettings
    notes: tuple[Note, ...]


def segment(
    study: Study, anatomy: AnatomyMap, settings: SegmentSettings | None = None
) -> Segmentation:
    """Find lesion candidates.

    Parameters
    ----------
    study : Study
        Aligned; needs a FLAIR.
    anatomy : AnatomyMap
        Of that study, on its reference grid.
    settings : SegmentSettings, optional

    Returns
    -------
    Segmentation
        An empty mask says that nothing passed these settings, never that no lesion is there.

    Raises
    ------
    AnalysisError
        ``A21`` without FLAIR, or where FLAIR holds no brain signal to stand on.
    """
    settings = settings or SegmentSettings()
    flair = study.scans.get(Contrast.FLAIR)
    if flair is None:
        raise AnalysisError("A21", value="no FLAIR")
    grid = anatomy.grid
    brain = anatomy.brain if flair.valid is None else anatomy.brain & flair.valid
    box = bounding_box(brain)
    if box is None:
        raise AnalysisError("A21", file=flair.source.name, value="no brain in the FLAIR")
    priors = tissue_priors(anatomy)
    part = _crop(grid, box)
    image = np.where(brain, flair.data, np.float32(0))
    tissues = (priors.white[box], priors.gray[box], priors.fluid[box])
    found = standardise(image[box], brain[box], *tissues, part)
    if found is None:
        raise AnalysisError("A21", file=flair.source.name, value="no signal in the brain")
    wall = anatomy.distances_mm.get("lateral_ventricle")
    evidence = Evidence(
        found.z,
        found.fluid,
        priors.white_blurred[box],
        brain[box],
        part,
        traps(anatomy)[box],
        np.full(brain[box].shape, np.inf, np.float32) if wall is None else wall[box],
    )
    chosen, rejected = choose(evidence, settings.seed, settings.extent)
    labels = np.zeros(brain.shape, dtype=np.int32)
    labels[box] = chosen
    z = np.zeros(brain.shape, dtype=np.float32)
    z[box] = found.z
    mask = LesionMask(labels, grid, _source(flair.source), origin="segmented")
    return Segmentation(mask, z, rejected, settings, _notes(labels, grid, settings))


def _crop(grid: Grid, box: tuple[slice, slice, slice]) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_mm(np.array([side.start for side in box]))
    return Grid((*(side.stop - side.start for side in box),), affine)


def _source(flair: Source) -> Source:
    """Candidates are written where the FLAIR lies, in its stored orientation."""
    return Source(f"candidates on {flair.name}", "", flair.orientation, flair.grid)


def _notes(labels: NDArray[np.int32], grid: Grid, settings: SegmentSettings) -> tuple[Note, ...]:
    millilitres = np.count_nonzero(labels) * grid.voxel_volume_mm3 / 1000
    if millilitres == 0:
        return ()
    told = Note("W40", value=f"{millilitres:.1f} ml; {settings.text}")
    if millilitres >= LOW_LOAD_ML:
        return (told,)
    return told, Note("W41", value=f"{millilitres:.1f} ml, under {LOW_LOAD_ML:g} ml")
