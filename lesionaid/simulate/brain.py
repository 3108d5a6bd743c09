"""Simulated brains: the tissue maps of the MNI template, smoothly deformed.

The template is an average of 152 people, so its folds are blurred; the maps are sharpened
before use. What comes out is one anatomy with known tissue shares, distances and MNI
coordinates, of the size of a living brain, and nobody's.

References
----------
Fonov V et al. Unbiased average age-appropriate atlases for pediatric studies. NeuroImage
2011;54:313 (ICBM 2009a nonlinear symmetric, as nilearn ships it).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.geometry import Grid
from lesionaid.simulate.fields import FloatArray, sample, signed_distance_mm, smooth_noise
from lesionaid.simulate.template import SharpTemplate, sharp_template

__all__ = ["Brain", "BrainSettings", "brain_from_anatomy", "make_brain", "template_brain"]


@dataclass(frozen=True, slots=True, eq=False)
class Brain:
    """Tissue shares and distances on one grid.

    Parameters
    ----------
    grid : Grid
        RAS+.
    white, gray, csf : ndarray of shape grid.shape, float32
        Shares of the voxel; they add up to 1 inside the brain and 0 outside.
    ventricle_mm, cortex_mm : ndarray of float32
        Signed distance to the surface of the lateral ventricles and of the cerebral
        cortex, negative inside; infinite where there is none.
    infratentorial : ndarray of bool
        Brainstem and cerebellum.
    mni_mm : ndarray of shape grid.shape + (3,), float32, or None
        MNI152 RAS+ mm of every voxel, known because the deformation is.
    origin : str
        Whose anatomy it is, for the files that are written.
    """

    grid: Grid
    white: FloatArray
    gray: FloatArray
    csf: FloatArray
    ventricle_mm: FloatArray
    cortex_mm: FloatArray
    infratentorial: NDArray[np.bool_]
    mni_mm: FloatArray | None = None
    origin: str = "MNI152 template, deformed."

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Voxels that are at least half brain."""
        brain: NDArray[np.bool_] = self.white + self.gray + self.csf >= 0.5
        return brain


@dataclass(frozen=True, slots=True)
class BrainSettings:
    """How a brain differs from the template.

    Parameters
    ----------
    spacing_mm : float
        Isotropic voxel size.
    native_scale : float
        Patient's mm for one mm of the template. MNI brains are large: living ones are
        reached with 0.83 to 0.92 (the open MS masks beside nilearn's template).
    warp_mm : float
        Standard deviation of the smooth random displacement, per axis.
    ventricle_mm : float
        How far the walls of the lateral ventricles move outwards.
    atrophy_mm : float
        How much thinner the cortex is, lost on its outer side: sulci widen.
    rotation_deg : float
        Standard deviation of the head's turn about each axis.
    base : Brain or None
        A brain to take as it is, such as a patient's of :func:`brain_from_anatomy`; the
        other settings then say nothing.
    """

    spacing_mm: float = 1.0
    native_scale: float = 0.90
    warp_mm: float = 2.0
    ventricle_mm: float = 0.0
    atrophy_mm: float = 0.0
    rotation_deg: float = 3.0
    base: Brain | None = None


WARP_KNOT_MM = 35.0
"""Distance between the knots of the deformation (proposed: lobes shift, folds stay)."""

MARGIN_MM = 4.0
"""Empty border of the field of view."""


def make_brain(rng: np.random.Generator, settings: BrainSettings | None = None) -> Brain:
    """Deform the template into one brain, or take the base that the settings name.

    Parameters
    ----------
    rng : numpy.random.Generator
    settings : BrainSettings, optional

    Returns
    -------
    Brain
        Cropped to the brain with a margin of 4 mm.
    """
    settings = settings or BrainSettings()
    if settings.base is not None:
        return settings.base
    template = sharp_template()
    grid = _native_grid(template, settings)
    mni = _mni_coordinates(rng, grid, template, settings)
    brain = _sampled(template, grid, mni)
    return _thinned(brain, settings.atrophy_mm) if settings.atrophy_mm else brain


def template_brain(grid: Grid, native_scale: float = 1.0) -> Brain:
    """The undeformed template on any grid in MNI152.

    Parameters
    ----------
    grid : Grid
        In MNI mm.
    native_scale : float
        Patient's mm for one mm of `grid`. The grid of the brain that comes out is scaled
        by it, so that every length is the patient's.
    """
    i, j, k = np.ogrid[tuple(slice(0, size) for size in grid.shape)]
    affine = grid.affine
    mni = [
        np.asarray(row[0] * i + row[1] * j + row[2] * k + row[3], dtype=np.float32)
        for row in affine[:3]
    ]
    return _sampled(sharp_template(), _scaled(grid, native_scale), (mni[0], mni[1], mni[2]))


def brain_from_anatomy(anatomy: AnatomyMap, native_scale: float = 1.0) -> Brain:
    """A patient's brain as its anatomy map has it: every voxel is one tissue.

    Parameters
    ----------
    anatomy : AnatomyMap
    native_scale : float
        Patient's mm for one mm of the map; every length that comes out is the patient's.
    """
    code = {name: number for number, name in SITES.items()}
    sites = anatomy.sites
    gray = np.isin(sites, [code["cortex"], code["deep_gray_matter"]])
    below = np.isin(sites, [code["brainstem"], code["cerebellum"]])
    white = np.isin(sites, [code["white_matter"], code["corpus_callosum"]]) | below
    fluid = (sites > 0) & ~gray & ~white
    scale = np.float32(native_scale)
    return Brain(
        _scaled(anatomy.grid, native_scale),
        white.astype(np.float32),
        gray.astype(np.float32),
        fluid.astype(np.float32),
        anatomy.distances_mm["lateral_ventricle"] * scale,
        anatomy.distances_mm["cortex"] * scale,
        below,
        anatomy.mni_mm,
    )


def _sampled(
    template: SharpTemplate, grid: Grid, mni: tuple[FloatArray, FloatArray, FloatArray]
) -> Brain:
    white, gray, csf = (sample(volume, template.grid, mni) for volume in template.tissues)
    return Brain(
        grid,
        white,
        gray,
        csf,
        signed_distance_mm(sample(template.ventricle, template.grid, mni) > 0.5, grid),
        signed_distance_mm(sample(template.cortex, template.grid, mni) > 0.5, grid),
        sample(template.infratentorial, template.grid, mni) > 0.5,
        np.stack(mni, axis=-1),
    )


def _thinned(brain: Brain, atrophy_mm: float) -> Brain:
    """The brain with the outer layer of its cortex turned to fluid.

    A voxel of cortex keeps the share of its grey matter that lies deeper than the loss under
    the fluid or the end of the brain. The inner surface, and so every distance from white
    matter, stays.
    """
    step = max(brain.grid.spacing_mm)
    outside = (brain.csf > 0.5) | ~brain.inside
    depth = signed_distance_mm(outside, brain.grid)
    kept = np.clip((depth - np.float32(atrophy_mm)) / np.float32(step) + np.float32(0.5), 0, 1)
    lost = np.where(brain.cortex_mm <= 0, brain.gray * (1 - kept), np.float32(0))
    gray = (brain.gray - lost).astype(np.float32)
    csf = (brain.csf + lost).astype(np.float32)
    cortex = (brain.cortex_mm <= 0) & (csf <= 0.5)
    return replace(brain, gray=gray, csf=csf, cortex_mm=signed_distance_mm(cortex, brain.grid))


def _scaled(grid: Grid, factor: float) -> Grid:
    """The same voxels, every length multiplied."""
    affine = grid.affine.copy()
    affine[:3] *= factor
    return Grid(grid.shape, affine)


def _native_grid(template: SharpTemplate, settings: BrainSettings) -> Grid:
    """A grid in the patient's mm that holds the template's brain, turned or not."""
    brain = np.argwhere(sum(template.tissues) > 0.5)
    low = template.grid.to_mm(brain.min(axis=0)) * settings.native_scale
    high = template.grid.to_mm(brain.max(axis=0)) * settings.native_scale
    margin = MARGIN_MM + 2 * settings.warp_mm
    size = np.ceil((high - low + 2 * margin) / settings.spacing_mm).astype(int)
    affine = np.diag([settings.spacing_mm] * 3 + [1.0])
    affine[:3, 3] = np.round(low - margin)
    return Grid((int(size[0]), int(size[1]), int(size[2])), affine)


def _mni_coordinates(
    rng: np.random.Generator, grid: Grid, template: SharpTemplate, settings: BrainSettings
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where in the template each voxel comes from, in MNI mm."""
    matrix = _rotation(np.deg2rad(rng.normal(0, settings.rotation_deg, 3)))
    matrix = matrix / settings.native_scale
    i, j, k = np.ogrid[tuple(slice(0, size) for size in grid.shape)]
    x = grid.affine[0, 0] * i + grid.affine[0, 3]
    y = grid.affine[1, 1] * j + grid.affine[1, 3]
    z = grid.affine[2, 2] * k + grid.affine[2, 3]
    mni = [
        (row[0] * x + row[1] * y + row[2] * z).astype(np.float32)
        + np.float32(settings.warp_mm) * smooth_noise(rng, grid, knot_mm=WARP_KNOT_MM)
        for row in matrix
    ]
    if settings.ventricle_mm:
        # Looking closer to the ventricle than one stands makes it wider.
        pushes = [sample(field, template.grid, mni) for field in template.push]
        mni = [
            at - np.float32(settings.ventricle_mm) * push
            for at, push in zip(mni, pushes, strict=True)
        ]
    return (mni[0], mni[1], mni[2])


def _rotation(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn about the right, anterior and superior axes, in that order."""
    (ca, cb, cc), (sa, sb, sc) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]])
    about_y = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    about_z = np.array([[cc, -sc, 0], [sc, cc, 0], [0, 0, 1]])
    turn: NDArray[np.float64] = np.einsum("ij,jk,kl->il", about_z, about_y, about_x)
    return turn
