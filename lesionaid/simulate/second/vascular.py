"""Small-vessel disease of the second family: level sets of noise along the ventricles.

Caps and bands are where noise, less the distance to the wall and more at the horns, is high;
dots and lacunes come by a point process. Everything is proposed, as in the first family.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.landmarks import within_box
from lesionaid.simulate.lesions import box_around
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.second.latent import draw_together
from lesionaid.simulate.second.lesions import Kind, box_at, cut, solid
from lesionaid.simulate.second.noise import octaves
from lesionaid.simulate.second.placing import Canvas, inhibited
from lesionaid.simulate.second.shapes import metaballs, noise_blob
from lesionaid.simulate.second.texture import mottled, varied
from lesionaid.simulate.second.truth import measured_signs
from lesionaid.simulate.tissue import CSF, Appearance, Tissue

__all__ = ["vascular_patient"]

GLIOSIS, FAINT = Tissue(1200.0, 142.0, 0.80, 1.15), Tissue(1080.0, 122.0, 0.77, 1.0)

THINNING_MM, HORNS = 2.2, 0.8
"""Length over which bands fade from the wall; how much horns weigh more."""

BAND_MM3 = (3.5, 700.0)
"""Gamma law of a band's volume."""

PIECES = 3
"""Level sets a side: each its largest piece, so that one side may show several."""

U_FIBRE_MM = 4.5

LACUNE_MM = 10.0
"""Largest diameter of a lacune (proposed, under the 15 mm where the word ends)."""


def vascular_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """A patient with bands along both lateral ventricles and what else is drawn.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        When the brain knows no MNI coordinates, or there is no room.
    """
    drawn = draw_together("vascular", rng)
    canvas = Canvas(brain)
    free = (brain.white > 0.6) & ~brain.infratentorial & ~within_box(brain, "callosum")
    free &= brain.cortex_mm > U_FIBRE_MM
    assert brain.mni_mm is not None
    burden = np.exp(0.4 * drawn.severity)
    volumes: list[float] = []
    banded = drawn["periventricular"] or not drawn["deep_wm"]
    sides = (True, False) if drawn["symmetric"] else (bool(rng.random() < 0.5),)
    for right in sides if banded else ():
        half = free & ((brain.mni_mm[..., 0] > 0) == right)
        volume = float(rng.gamma(*BAND_MM3)) * burden if not volumes else volumes[0]
        volumes.append(_add_bands(canvas, rng, half, volume * float(rng.gamma(40.0, 1 / 40))))
    likely = free & (brain.ventricle_mm > 9)
    _scatter(canvas, rng, likely, int(rng.poisson(9 * burden)) * drawn["deep_wm"])
    holes = _scatter(canvas, rng, likely, drawn["lacune"] * (1 + int(rng.poisson(1))), hollow=True)
    signs: dict[str, Any] = {
        **measured_signs(brain, canvas.lesions),
        "lacune": holes > 0,
        **structure_signs(canvas.lesions),
    }
    if not canvas.lesions:
        raise ValueError("no room for a lesion")
    if len(volumes) == 1 or (len(volumes) == 2 and min(volumes) == 0):
        signs["symmetric"] = False
    elif len(volumes) == 2 and min(volumes) > 0.6 * max(volumes):
        signs["symmetric"] = True
    return Patient("vascular", brain, canvas.lesions, signs, context={"host": "none"})


def _add_bands(
    canvas: Canvas, rng: np.random.Generator, half: NDArray[np.bool_], volume_mm3: float
) -> float:
    """Bands of one side; their volume in mm3 comes back."""
    brain = canvas.brain
    assert brain.mni_mm is not None
    noise = octaves(rng, brain.grid.shape, brain.grid.spacing_mm, 24.0, persistence=0.6)
    front = brain.mni_mm[..., 1]
    horns = HORNS * ((front > 22) | (front < -32))
    level = 0.6 * noise + horns - brain.ventricle_mm / THINNING_MM
    room = half & (brain.ventricle_mm > 0) & (brain.ventricle_mm < 11)
    box = _around(brain, room)
    total = 0.0
    for _ in range(PIECES):
        left = volume_mm3 - total
        here = room[box] & ~canvas.taken[box]
        if left < 60.0 or not here.any():
            break
        mask = cut(brain, level[box], left, here)
        kind = Kind("vascular", "periventricular", border_mm=2.2, gray=0.2)
        lesion = mottled(brain, rng, solid(brain, box, mask, kind, _ball_mm(left)))
        if not canvas.add(lesion, Appearance(varied(rng, GLIOSIS), FAINT), survives=0.3):
            break
        kept = canvas.lesions[-1][0]
        total += float(np.count_nonzero(kept.mask)) * brain.grid.voxel_volume_mm3
    return total


def _scatter(
    canvas: Canvas,
    rng: np.random.Generator,
    where: NDArray[np.bool_],
    count: int,
    *,
    hollow: bool = False,
) -> int:
    """Dots, or lacunes: fluid with a gliotic rim. Those that found room are counted."""
    brain, added = canvas.brain, 0
    for place in inhibited(brain, rng, where.astype(float), 10.0, 12 * count):
        if added == count:
            break
        diameter = 3.1 + float(rng.gamma(2.0, 0.9))
        if hollow:
            diameter = min(1.4 + diameter, LACUNE_MM)
        box = box_at(brain, place, 1.5 * diameter + 3)
        room = (brain.white[box] > 0.4) & (brain.cortex_mm[box] > U_FIBRE_MM)
        draw = metaballs if hollow else noise_blob
        level = np.asarray(draw(brain, rng, box, place, diameter / 2))
        mask = cut(brain, level, np.pi / 6 * diameter**3, room)
        kind = Kind("vascular", "deep_white_matter", border_mm=1.2, gray=0.1)
        lesion = solid(brain, box, mask, kind, diameter)
        core = CSF if hollow else varied(rng, GLIOSIS)
        if hollow:
            # Fluid in the middle half of the share, gliosis towards the edge.
            rim = np.clip(2.2 - 2.4 * lesion.fraction, 0, 1).astype(np.float32)
            lesion = replace(lesion, rim=rim)
        else:
            lesion = mottled(brain, rng, lesion)
        added += canvas.add(lesion, Appearance(core, FAINT))
    return added


def _around(brain: Brain, room: NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    voxels = np.argwhere(room)
    middle = (voxels.min(axis=0) + voxels.max(axis=0)) // 2
    reach = float((np.ptp(voxels, axis=0) * brain.grid.spacing_mm).max()) / 2 + 4
    return box_around(brain.grid, middle, reach)


def _ball_mm(volume_mm3: float) -> float:
    return float((6 * volume_mm3 / np.pi) ** (1 / 3))
