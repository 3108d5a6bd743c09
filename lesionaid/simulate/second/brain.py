"""Brains and scanners of the second family: other deformation, other texture, other field.

The template and the way a scan is made are those of the first family; what varies from
patient to patient is drawn by other laws, all proposed and none tuned.

References
----------
Sequences: ranges within which 3 T protocols for MS are recommended (Wattjes MP et al.
MAGNIMS-CMSC-NAIMS consensus. Lancet Neurol 2021;20:653 asks for a resolution and leaves the
times to the scanner; those here are proposed round common settings). The inversion time of
FLAIR is a share of the one that nulls CSF, ``T1 ln(2 / (1 + exp(-TR / T1)))``.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.geometry import Grid
from lesionaid.simulate.acquisition import SCANNER, Acquisition
from lesionaid.simulate.brain import Brain, BrainSettings
from lesionaid.simulate.contrast import Pulse
from lesionaid.simulate.fields import FloatArray, sample, signed_distance_mm
from lesionaid.simulate.second.noise import octaves, plane_waves
from lesionaid.simulate.template import SharpTemplate, sharp_template
from lesionaid.simulate.tissue import CSF
from lesionaid.study.scan import Contrast

__all__ = ["drawn_scanner", "second_brain"]

SCALE = (0.83, 0.87, 0.93)
"""Lowest, commonest and highest mm of the patient for one of the template (triangular)."""

STRETCH = 0.03
"""Each axis is longer or shorter by up to this share."""

SHEAR = 0.03
TURN_DEG = 5.0
"""Evenly drawn up to these."""

WAVES_MM = (38.0, 150.0)
"""Lengths of the waves that shift the brain; the shortest keeps folds from tearing."""

WAVE_HEIGHT_MM = (1.0, 2.4)
"""Standard deviation of the shift along each axis."""

WIDENING = (1.6, 0.9)
"""Gamma law of how far ventricles are widened in mm: shape and scale."""

LOSS = (2.0, 5.0)
"""Beta law of the share of cortex lost where it borders CSF."""

MOTTLE_MM, MOTTLE = 16.0, 0.05
"""Longest octave of the texture of white and grey matter, and the share that it moves."""

MARGIN_MM = 9.0


def second_brain(rng: np.random.Generator, settings: BrainSettings | None = None) -> Brain:
    """The template under plane waves and shear, with atrophy and mottled tissue.

    Parameters
    ----------
    rng : numpy.random.Generator
    settings : BrainSettings, optional
        Voxel size and base alone are taken: everything else is drawn.

    Returns
    -------
    Brain
    """
    settings = settings or BrainSettings()
    if settings.base is not None:
        return settings.base
    template = sharp_template()
    matrix = _affine(rng)
    grid = _grid(template, matrix, settings.spacing_mm)
    mni = _mni(rng, grid, template, matrix)
    white, gray, csf = (sample(volume, template.grid, mni) for volume in template.tissues)
    gray, csf = _thinned(gray, csf, float(rng.beta(*LOSS)), grid)
    white, gray, csf = _mottled(rng, grid, white, gray, csf)
    cortex = (sample(template.cortex, template.grid, mni) > 0.5) & (gray > 0.4)
    return Brain(
        grid,
        white,
        gray,
        csf,
        signed_distance_mm(sample(template.ventricle, template.grid, mni) > 0.5, grid),
        signed_distance_mm(cortex, grid),
        sample(template.infratentorial, template.grid, mni) > 0.5,
        np.stack(mni, axis=-1),
    )


def drawn_scanner(rng: np.random.Generator) -> Acquisition:
    """A 3 T scanner whose times, noise and receive field are drawn."""
    repeat = float(rng.uniform(5500, 10000))
    null = CSF.t1_ms * math.log(2 / (1 + math.exp(-repeat / CSF.t1_ms)))
    flair = Pulse(repeat, float(rng.uniform(85, 130)), null * float(rng.uniform(0.93, 0.98)))
    t1 = Pulse(float(rng.uniform(2000, 2500)), 2.5, float(rng.uniform(900, 1080)))
    t2 = Pulse(float(rng.uniform(3500, 7000)), float(rng.uniform(80, 105)))
    dwi = Pulse(float(rng.uniform(5500, 9000)), float(rng.uniform(65, 90)), b=1000.0)
    return replace(
        SCANNER,
        name="3 T, drawn protocol",
        pulses={
            Contrast.FLAIR: flair,
            Contrast.T1W: t1,
            Contrast.T1W_CE: replace(t1, gain=float(rng.uniform(0.9, 1.2))),
            Contrast.T2W: t2,
            Contrast.DWI: dwi,
        },
        noise=float(rng.uniform(0.02, 0.045)),
        bias=float(rng.uniform(0.1, 0.35)),
        receive="polynomial",
    )


def _affine(rng: np.random.Generator) -> NDArray[np.float64]:
    """Template mm from the patient's: turned, sheared, scaled by axis."""
    a, b, c = np.deg2rad(rng.uniform(-TURN_DEG, TURN_DEG, 3))
    turn = np.array([[1, -c, b], [c, 1, -a], [-b, a, 1]])  # small angles
    shear = np.eye(3) + np.triu(rng.uniform(-SHEAR, SHEAR, (3, 3)), 1)
    scale = float(rng.triangular(*SCALE)) * (1 + rng.uniform(-STRETCH, STRETCH, 3))
    matrix: NDArray[np.float64] = np.einsum("ij,jk->ik", turn, shear) / scale[:, None]
    return matrix


def _grid(template: SharpTemplate, matrix: NDArray[np.float64], spacing_mm: float) -> Grid:
    """Room for the template's brain, turned or not."""
    brain = np.argwhere(sum(template.tissues) > 0.5)
    scale = 1 / np.diag(matrix)
    low = template.grid.to_mm(brain.min(axis=0)) * scale - MARGIN_MM
    high = template.grid.to_mm(brain.max(axis=0)) * scale + MARGIN_MM
    size = np.ceil((high - low) / spacing_mm).astype(int)
    affine = np.diag([spacing_mm] * 3 + [1.0])
    affine[:3, 3] = np.round(low)
    return Grid((int(size[0]), int(size[1]), int(size[2])), affine)


def _mni(
    rng: np.random.Generator, grid: Grid, template: SharpTemplate, matrix: NDArray[np.float64]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Where in the template each voxel comes from, in MNI mm."""
    i, j, k = np.ogrid[tuple(slice(0, size) for size in grid.shape)]
    x = grid.affine[0, 0] * i + grid.affine[0, 3]
    y = grid.affine[1, 1] * j + grid.affine[1, 3]
    z = grid.affine[2, 2] * k + grid.affine[2, 3]
    height = float(rng.uniform(*WAVE_HEIGHT_MM))
    mni = [
        (row[0] * x + row[1] * y + row[2] * z).astype(np.float32)
        + np.float32(height) * plane_waves(rng, grid.shape, grid.spacing_mm, WAVES_MM)
        for row in matrix
    ]
    widening, uneven = float(min(rng.gamma(*WIDENING), 4.0)), float(rng.uniform(-0.25, 0.25))
    # Looking closer to the ventricle than one stands makes it wider; one side more.
    push = np.float32(widening) * (1 + np.float32(uneven) * np.tanh(mni[0] / np.float32(10)))
    fields = [sample(field, template.grid, mni) for field in template.push]
    return (mni[0] - push * fields[0], mni[1] - push * fields[1], mni[2] - push * fields[2])


def _thinned(
    gray: FloatArray, csf: FloatArray, loss: float, grid: Grid
) -> tuple[FloatArray, FloatArray]:
    """Grey matter turned into CSF where CSF is near: wider sulci."""
    from scipy.ndimage import gaussian_filter

    near = gaussian_filter(csf, [1.5 / step for step in grid.spacing_mm])
    moved = gray * np.float32(loss) * np.clip(near, 0, 1)
    return gray - moved, csf + moved


def _mottled(
    rng: np.random.Generator, grid: Grid, white: FloatArray, gray: FloatArray, csf: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """A few per cent of white matter look grey, and of grey matter look white, in patches."""
    noise = octaves(rng, grid.shape, grid.spacing_mm, MOTTLE_MM)
    to_gray = white * np.clip(MOTTLE * (1 + noise), 0, 3 * MOTTLE).astype(np.float32)
    to_white = gray * np.clip(MOTTLE * (1 - noise), 0, 3 * MOTTLE).astype(np.float32)
    return white - to_gray + to_white, gray + to_gray - to_white, csf
