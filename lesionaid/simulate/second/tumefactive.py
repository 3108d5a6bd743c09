"""Tumefactive demyelination of the second family: a level set of noise, its ring in pieces.

References
----------
Frequencies: ``data/frequencies.yaml``. Sizes and widths are proposed. No deformation is
modelled, so that ``mass_effect`` is false.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.landmarks import within_box
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.second.latent import Draw, draw_together
from lesionaid.simulate.second.lesions import Kind, box_at, cut, solid
from lesionaid.simulate.second.ms import add_plaques
from lesionaid.simulate.second.placing import Canvas
from lesionaid.simulate.second.shapes import noise_blob
from lesionaid.simulate.second.texture import open_side, segments, varied
from lesionaid.simulate.second.truth import longest_mm, measured_signs
from lesionaid.simulate.tissue import Appearance, Tissue

__all__ = ["tumefactive_patient"]

SWOLLEN = Tissue(1450.0, 200.0, 0.86, 1.5)
EDGE = Tissue(1250.0, 150.0, 0.81, 1.1)
"""Core and edge (proposed)."""

RESTRICTED_ADC, DARK_T2_MS = 0.58, 76.0
"""Of an edge that restricts, and of one that is dark on T2 (proposed)."""

LEAST_MM, MORE = 24.0, (2.2, 4.0)
"""Diameter: at least this much, and a gamma law on top (proposed, over the 20 mm of the
definition)."""

RING_MM = 2.6

APART_MM = 9.0
"""Of the centre from the ventricle, which nothing pushes aside."""


def tumefactive_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """One large lesion and a few plaques.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        When no place leaves a lesion over 22 mm, or MNI coordinates are not known.
    """
    drawn = draw_together("tumefactive", rng)
    lesion = _large(brain, rng, drawn)
    opened = drawn["enhancement_ring"] and drawn["enhancement_open_ring"]
    edge = segments(brain, rng, lesion, RING_MM, covered=0.92, grain_mm=9.0)
    ring = segments(brain, rng, lesion, RING_MM, covered=0.97, grain_mm=9.0)
    uptake = open_side(brain, ring, lesion, 0.38) if opened else ring
    rim = varied(rng, EDGE)
    if drawn["restricted_diffusion"]:
        rim = replace(rim, adc=RESTRICTED_ADC)
    if drawn["t2_hypointense_rim"]:
        rim = replace(rim, t2_ms=DARK_T2_MS)
    enhances = float(rng.beta(8, 2)) if drawn["enhancement_ring"] else 0.0
    canvas = Canvas(brain)
    look = Appearance(varied(rng, SWOLLEN), rim, enhances, "uptake")
    canvas.add(replace(lesion, rim=edge, uptake=uptake), look)
    add_plaques(canvas, rng, int(rng.poisson(4)), drawn.severity)
    return Patient(
        "tumefactive",
        brain,
        canvas.lesions,
        _signs(canvas, drawn, opened=opened),
        context={"host": "none"},
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


def _signs(canvas: Canvas, drawn: Draw, *, opened: bool) -> dict[str, Any]:
    brain, lesions = canvas.brain, canvas.lesions
    main = lesions[0][0]
    signs: dict[str, Any] = measured_signs(brain, lesions)
    frontal = within_box(brain, "frontal") | within_box(brain, "frontal", mirrored=True)
    share = float(np.mean(frontal[main.box][main.mask]))
    if share > 0.6 or (share < 0.02 and len(lesions) == 1):
        signs["lobe_frontal"] = share > 0.6
    return {
        **signs,
        "tumefactive": longest_mm(brain, main) >= 20.0,
        "enhancement_ring": drawn["enhancement_ring"] and not opened,
        "enhancement_open_ring": opened,
        "restricted_diffusion": drawn["restricted_diffusion"],
        "t2_hypointense_rim": drawn["t2_hypointense_rim"],
        "oedema": False,
        "mass_effect": False,
        **structure_signs(lesions),
    }


def _large(brain: Brain, rng: np.random.Generator, drawn: Draw) -> SimulatedLesion:
    white = (brain.white > 0.7) & ~brain.infratentorial & (brain.cortex_mm > 4)
    white &= brain.ventricle_mm > APART_MM
    frontal = within_box(brain, "frontal") | within_box(brain, "frontal", mirrored=True)
    places = np.argwhere(white & (frontal if drawn["lobe_frontal"] else ~frontal))
    kind = Kind("tumefactive", "subcortical", border_mm=float(rng.gamma(10.0, 0.18)), gray=0.95)
    for _ in range(30):
        centre = np.asarray(brain.grid.to_mm(places[int(rng.integers(len(places)))]), dtype=float)
        diameter = min(LEAST_MM + float(rng.gamma(*MORE)), 45.0)
        box = box_at(brain, centre, 0.9 * diameter + 4)
        # It fills grey matter too, to within the outer cortex: nothing is pushed aside here.
        room = (brain.csf[box] < 0.4) & brain.inside[box] & ~brain.infratentorial[box]
        room &= (brain.ventricle_mm[box] > 1) & (brain.cortex_mm[box] > -1.5)
        level = noise_blob(brain, rng, box, centre, diameter / 2, roughness=0.22)
        # Cut by the dome too, or the noise would go looking for white matter far off.
        mask = cut(brain, level, np.pi / 6 * diameter**3, room & (level > -1.6))
        lesion = solid(brain, box, mask, kind, diameter)
        kept = np.count_nonzero(lesion.mask) * brain.grid.voxel_volume_mm3
        if kept > np.pi / 6 * 22.0**3:
            return lesion
    raise ValueError("no room for a lesion over 22 mm")
