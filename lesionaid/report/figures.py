"""All pictures of a report: which lesions are drawn, on what, and how much of the head.

A whole slice is drawn only where the brain is known, with everything outside it black: a
shared report must not show a face. Without a brain only the surroundings of a lesion are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.geometry import Grid, resample
from lesionaid.lesions.lesion_map import Lesion, LesionMap
from lesionaid.report.ground import brain_box, brain_on, cut_grid, scans_on_one_grid
from lesionaid.report.pictures import Picture, Plane, View, display_window, draw
from lesionaid.study.scan import Scan, Study

__all__ = ["LARGEST_DRAWN", "Figures", "LesionFigures", "chosen_lesions", "draw_figures"]

LARGEST_DRAWN = 12
"""Lesions drawn for their size alone; flagged and new ones come on top."""
MOST_DRAWN = 40
"""Limit of pictures in one page, so that it opens everywhere."""

WHOLE = View(pixels_per_mm=1.75)
CLOSE = View(pixels_per_mm=4.0, width_mm=60.0)
STRIP = View(pixels_per_mm=3.0, width_mm=50.0)
"""The same axial place on every other contrast."""

_SCHEMATIC = {
    "cortex": 130,
    "white_matter": 100,
    "corpus_callosum": 90,
    "deep_gray_matter": 135,
    "brainstem": 105,
    "cerebellum": 115,
    "csf": 40,
}
"""Grey levels of a drawn anatomy, in the order of FLAIR: grey above white, fluid dark."""


@dataclass(frozen=True, slots=True)
class LesionFigures:
    """Pictures of one lesion.

    Parameters
    ----------
    lesion : int
    whole : tuple of Picture
        Axial, coronal, sagittal; empty where the brain is not known.
    close : tuple of Picture
        The same planes, close by.
    contrasts : tuple of (str, Picture)
        Axial, close by, on every other contrast.
    """

    lesion: int
    whole: tuple[Picture, ...]
    close: tuple[Picture, ...]
    contrasts: tuple[tuple[str, Picture], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """All pictures, and what they are drawn on.

    Parameters
    ----------
    background : str
        ``"FLAIR"``, or ``"anatomy"`` for a schematic brain when no scan was given.
    lesions : mapping of int to LesionFigures
    """

    background: str
    lesions: Mapping[int, LesionFigures]


def chosen_lesions(lesions: LesionMap, flagged: Iterable[int]) -> tuple[int, ...]:
    """Ids of the lesions to draw: flagged ones first, then the largest, specks never."""
    known = {lesion.id for lesion in lesions.lesions}
    first = [lesion for lesion in dict.fromkeys(flagged) if lesion in known]
    by_size = sorted(
        (lesion for lesion in lesions.lesions if not lesion.speck),
        key=lambda lesion: (-lesion.volume_mm3, lesion.id),
    )
    largest = [lesion.id for lesion in by_size[:LARGEST_DRAWN]]
    return tuple(dict.fromkeys([*first, *largest]))[:MOST_DRAWN]


def draw_figures(
    study: Study, anatomy: AnatomyMap | None, lesions: LesionMap, chosen: Iterable[int]
) -> Figures:
    """Draw the chosen lesions.

    Parameters
    ----------
    study : Study
    anatomy : AnatomyMap or None
    lesions : LesionMap
    chosen : iterable of int
        From :func:`chosen_lesions`.
    """
    scans = scans_on_one_grid(study)
    grid = _grid(study, anatomy, lesions, scans)
    brain = brain_on(study, anatomy, grid)
    labels = resample(lesions.labels, lesions.grid, grid, order=0)
    corner, shape = brain_box(brain, labels > 0, grid)
    window = tuple(slice(low, low + n) for low, n in zip(corner, shape, strict=True))
    cut = cut_grid(grid, corner, shape)
    levels = {
        name: _masked(display_window(scan.data, brain), brain)[window]
        for name, scan in scans.items()
    }
    if not levels:
        levels = {"anatomy": _schematic(anatomy, grid)[window]}
    canvas = _Canvas(cut, np.ascontiguousarray(labels[window]), levels, brain is not None)
    by_id = lesions.by_id
    return Figures(next(iter(levels)), {number: canvas.lesion(by_id[number]) for number in chosen})


@dataclass(frozen=True, slots=True, eq=False)
class _Canvas:
    """Images cut to the brain, the reference contrast first."""

    grid: Grid
    labels: NDArray[np.int32]
    levels: Mapping[str, NDArray[np.uint8]]
    brain_known: bool

    def lesion(self, lesion: Lesion) -> LesionFigures:
        reference, *others = self.levels
        planes = tuple(Plane)
        return LesionFigures(
            lesion=lesion.id,
            whole=tuple(
                self._draw(lesion, reference, plane, WHOLE)
                for plane in planes
                if self.brain_known or reference == "anatomy"
            ),
            close=tuple(self._draw(lesion, reference, plane, CLOSE) for plane in planes),
            contrasts=tuple(
                (name, self._draw(lesion, name, Plane.AXIAL, STRIP)) for name in others
            ),
        )

    def _draw(self, lesion: Lesion, contrast: str, plane: Plane, view: View) -> Picture:
        return draw(
            self.levels[contrast],
            self.labels,
            self.grid,
            lesion=lesion.id,
            centre_mm=lesion.centroid_mm,
            plane=plane,
            view=view,
        )


def _grid(
    study: Study, anatomy: AnatomyMap | None, lesions: LesionMap, scans: Mapping[str, Scan]
) -> Grid:
    if scans:
        return next(iter(scans.values())).grid
    if anatomy is not None:
        return anatomy.grid
    return study.reference or lesions.grid


def _masked(levels: NDArray[np.uint8], brain: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    return levels if brain is None else np.where(brain, levels, 0).astype(np.uint8)


def _schematic(anatomy: AnatomyMap | None, grid: Grid) -> NDArray[np.uint8]:
    """A drawn brain for masks without a scan; flat black without anatomy."""
    if anatomy is None:
        return np.zeros(grid.shape, dtype=np.uint8)
    greys = np.zeros(max(SITES) + 1, dtype=np.uint8)
    for number, site in SITES.items():
        greys[number] = _SCHEMATIC.get(site, 30)  # ventricles are the darkest
    return np.asarray(resample(greys[anatomy.sites], anatomy.grid, grid, order=0))
