"""The disturbances that signs and verdict are tested under: a list, and how each is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.align import AlignedPrior
from lesionaid.geometry import Grid, resample, same_grid
from lesionaid.lesions.components import bounding_box, lesion_map
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.stable_ids import keep_ids
from lesionaid.robustness.borders import border_level_mm, moved_border, noisy_border, uncropped
from lesionaid.robustness.slices import thick_mask, thick_scan
from lesionaid.study.scan import LesionMask, Study

__all__ = ["NOISE_REPEATS", "Baseline", "Disturbed", "Perturbation", "disturb", "perturbations"]

SHIFT_MM = 1.0
SLICES_MM = (3.0, 5.0)
NOISE_REPEATS = 4
"""Drawings of boundary noise; their number is proposed, as is the list's balance: one erosion, one
dilation, four drawings, two thicknesses, six directions."""

DIRECTIONS: Mapping[str, tuple[int, int, int]] = {
    "right": (1, 0, 0),
    "left": (-1, 0, 0),
    "anterior": (0, 1, 0),
    "posterior": (0, -1, 0),
    "superior": (0, 0, 1),
    "inferior": (0, 0, -1),
}
"""In RAS+."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """One disturbance.

    Parameters
    ----------
    name : str
        ``erosion``, ``noise_2``, ``shift_left``, ``slices_3mm`` …
    description : str
        What is done, in a sentence.
    make : callable
        From the undisturbed case to the disturbed one, or None where it changes nothing.
    """

    name: str
    description: str
    make: Callable[[Baseline], Disturbed | None]


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """The undisturbed case, and what every border is moved by.

    Parameters
    ----------
    study : Study
        Aligned.
    mask : LesionMask
    lesions : LesionMap
    prior : AlignedPrior
        On the grid of `lesions`.
    """

    study: Study
    mask: LesionMask
    lesions: LesionMap
    prior: AlignedPrior
    box: tuple[slice, slice, slice]
    level_mm: NDArray[np.float32]

    @classmethod
    def of(cls, study: Study, lesions: LesionMap, prior: AlignedPrior) -> Baseline | None:
        """The case of an assessment; None where there is no lesion to disturb."""
        box = bounding_box(lesions.labels > 0)
        if study.lesions is None or box is None:
            return None
        wide = _widened(box, lesions.labels.shape)
        level = border_level_mm(lesions.labels[wide] > 0, lesions.grid)
        return cls(study, study.lesions, lesions, prior, wide, level)

    @property
    def half_voxel_mm(self) -> float:
        """Half of the shortest voxel edge of the mask."""
        return 0.5 * min(self.lesions.grid.spacing_mm)

    @property
    def scale(self) -> float:
        """The patient's mm for one mm of the files, where it is known."""
        return self.study.native_scale or 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Disturbed:
    """A disturbed case; lesions keep the ids that they had."""

    study: Study
    lesions: LesionMap
    prior: AlignedPrior


def perturbations() -> tuple[Perturbation, ...]:
    """All disturbances, in the order of the outputs."""
    return (
        Perturbation("erosion", "mask border moved inwards by half a voxel", _moved(-1)),
        Perturbation("dilation", "mask border moved outwards by half a voxel", _moved(1)),
        *(
            Perturbation(
                f"noise_{seed}",
                f"mask border strayed at random by half a voxel (SD), drawing {seed}",
                _strayed(seed),
            )
            for seed in range(1, NOISE_REPEATS + 1)
        ),
        *(
            Perturbation(
                f"slices_{thickness:g}mm",
                f"scans and mask averaged to slices of {thickness:g} mm",
                _thickened(thickness),
            )
            for thickness in SLICES_MM
        ),
        *(
            Perturbation(
                f"shift_{name}", f"mask moved by {SHIFT_MM:g} mm to {name}", _shifted(direction)
            )
            for name, direction in DIRECTIONS.items()
        ),
    )


def disturb(case: Baseline, mask: NDArray[np.bool_], grid: Grid) -> Disturbed:
    """The case with another mask, split into lesions anew; what is left keeps its id.

    Parameters
    ----------
    case : Baseline
    mask : ndarray of bool
    grid : Grid
        Of `mask`; the prior is laid on it.
    """
    new = replace(case.mask, data=mask.astype(np.int32), grid=grid)
    if case.mask.kind == "instances":
        new = replace(new, data=_nearest_instance(case.lesions, mask, grid))
    lesions = lesion_map(new, case.study.native_scale)
    if lesions.lesions:
        lesions = keep_ids(lesions, case.lesions.labels, case.lesions.grid)
    prior = _prior_on(case.prior, case.lesions.grid, grid)
    return Disturbed(replace(case.study, lesions=new), lesions, prior)


def _moved(sign: int) -> Callable[[Baseline], Disturbed]:
    def make(case: Baseline) -> Disturbed:
        part = moved_border(case.level_mm, sign * case.half_voxel_mm)
        return disturb(case, _whole(case, part), case.lesions.grid)

    return make


def _strayed(seed: int) -> Callable[[Baseline], Disturbed]:
    def make(case: Baseline) -> Disturbed:
        part = noisy_border(case.level_mm, case.lesions.grid, case.half_voxel_mm, seed)
        return disturb(case, _whole(case, part), case.lesions.grid)

    return make


def _thickened(thickness_mm: float) -> Callable[[Baseline], Disturbed | None]:
    def make(case: Baseline) -> Disturbed | None:
        thickness = thickness_mm / case.scale
        grid = case.lesions.grid
        if max(grid.spacing_mm) >= thickness:
            return None
        scans = {name: thick_scan(scan, thickness) for name, scan in case.study.scans.items()}
        mask, coarse = thick_mask(case.lesions.labels > 0, grid, thickness)
        thick = disturb(case, mask, coarse)
        return replace(thick, study=replace(thick.study, scans=scans))

    return make


def _shifted(direction: tuple[int, int, int]) -> Callable[[Baseline], Disturbed]:
    """Move the mask's grid: no voxel is resampled, so nothing else changes."""

    def make(case: Baseline) -> Disturbed:
        step = SHIFT_MM / case.scale * np.asarray(direction, dtype=float)
        affine = case.lesions.grid.affine.copy()
        affine[:3, 3] += step
        grid = Grid(case.lesions.grid.shape, affine)
        x, y, z = (float(value) for value in step)
        lesions = replace(
            case.lesions,
            grid=grid,
            lesions=tuple(
                replace(
                    lesion,
                    centroid_mm=(
                        lesion.centroid_mm[0] + x,
                        lesion.centroid_mm[1] + y,
                        lesion.centroid_mm[2] + z,
                    ),
                )
                for lesion in case.lesions.lesions
            ),
        )
        study = replace(case.study, lesions=replace(case.mask, grid=grid))
        return Disturbed(study, lesions, _prior_on(case.prior, case.lesions.grid, grid))

    return make


def _widened(
    box: tuple[slice, slice, slice], shape: tuple[int, ...], by: int = 3
) -> tuple[slice, slice, slice]:
    i, j, k = (
        slice(max(0, side.start - by), min(size, side.stop + by))
        for side, size in zip(box, shape, strict=True)
    )
    return i, j, k


def _whole(case: Baseline, part: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return uncropped(part, case.box, case.lesions.grid.shape)


def _nearest_instance(lesions: LesionMap, mask: NDArray[np.bool_], grid: Grid) -> NDArray[np.int32]:
    """Label every voxel of a disturbed mask with the lesion that lies nearest."""
    from scipy.ndimage import distance_transform_edt

    labels = resample(lesions.labels, lesions.grid, grid, order=0)
    box = bounding_box((labels > 0) | mask)
    result = np.zeros(mask.shape, dtype=np.int32)
    if box is None or not labels.any():
        return result
    inside = labels[box]
    nearest = distance_transform_edt(
        inside == 0, sampling=grid.spacing_mm, return_distances=False, return_indices=True
    )
    result[box] = np.where(mask[box], inside[tuple(nearest)], 0)
    return result


def _prior_on(prior: AlignedPrior, grid: Grid, target: Grid) -> AlignedPrior:
    """The prior's lesions on another grid, cut at one half as when they were aligned."""
    if prior.mask is None or same_grid(grid, target, 1e-4):
        return prior
    mask = resample(prior.mask.astype(np.float32), grid, target, order=1) >= 0.5
    seen = prior.seen
    if seen is not None:
        seen = resample(seen.astype(np.float32), grid, target, order=1) > 0.5
    return AlignedPrior(mask, seen, prior.notes)
