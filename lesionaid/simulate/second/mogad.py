"""MOGAD of the second family: noise under a dome, with borders that hardly end.

Level sets of noise in octaves at the peduncles, thalamus, pons and medulla and, by a point
process, under the cortex; a one-sided ribbon of cortex is what walkers cover. The first
family's are balls with bumps.

References
----------
Sites and frequencies: :mod:`lesionaid.simulate.mogad` and ``data/frequencies.yaml``. Sizes
and border widths are proposed. Patients are at an attack; what resolves afterwards is not
simulated here, and ``resolved`` is not said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.landmarks import POINTS, point_mm
from lesionaid.simulate.lesions import Box
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.second.latent import Draw, draw_together
from lesionaid.simulate.second.lesions import Kind, box_at, cut, solid
from lesionaid.simulate.second.noise import octaves
from lesionaid.simulate.second.placing import Canvas, inhibited
from lesionaid.simulate.second.shapes import noise_blob, trodden
from lesionaid.simulate.second.sites import untouched
from lesionaid.simulate.second.texture import mottled, varied
from lesionaid.simulate.second.truth import measured_signs
from lesionaid.simulate.tissue import Appearance, Tissue

__all__ = ["mogad_patient"]

PALE, FAINT = Tissue(1220.0, 140.0, 0.82, 1.2), Tissue(1120.0, 126.0, 0.79, 1.05)
"""The two tissues of a lesion (proposed: paler than an MS plaque)."""

NAMED: Mapping[str, tuple[str, float, bool]] = {
    "area_postrema": ("area_postrema", 8.0, False),
    "pons": ("pons", 13.0, False),
    "cerebellar_peduncle_diffuse": ("middle_peduncle", 16.0, True),
    "deep_gm_thalamus": ("thalamus", 14.0, True),
}
"""Site, mean diameter in mm, whether it may lie on both sides."""

BORDER_MM = 5.0
"""Mean width of the border, from 80 to 20 per cent."""

LARGE_MM = 28.0
"""Mean diameter of a lesion that is to be over 2 cm."""


def mogad_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """A patient at an attack.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        When the brain knows no MNI coordinates, or no lesion found room.
    """
    drawn = draw_together("mogad", rng)
    canvas, placed = Canvas(brain), dict.fromkeys(NAMED, False)
    for sign, (site, size, twin) in NAMED.items():
        first = bool(rng.random() < 0.5)
        sides = (first, not first) if twin and rng.random() < 0.5 else (first,)
        for left in sides if drawn[sign] else ():
            placed[sign] |= _add(canvas, rng, point_mm(brain, POINTS[site], left=left), size, site)
    meninges = drawn["cortical_gm"] and _add_ribbon(canvas, rng, drawn)
    only = not canvas.lesions
    _add_subcortical(canvas, rng, drawn, needed=only)
    if not canvas.lesions:
        raise ValueError("no room for a lesion")
    return Patient(
        "mogad",
        brain,
        canvas.lesions,
        _signs(canvas, placed, meninges=meninges),
        context={"host": "none"},
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


def _signs(canvas: Canvas, placed: dict[str, bool], *, meninges: bool) -> dict[str, Any]:
    """Placed is true; not placed is false only where nothing else lies at the site."""
    brain, lesions = canvas.brain, canvas.lesions
    shapes = [lesion for lesion, _ in lesions]
    signs: dict[str, Any] = measured_signs(brain, lesions)
    for sign, (site, _, _) in NAMED.items():
        if placed[sign]:
            signs[sign] = True
        elif untouched(brain, (site,), shapes):
            signs[sign] = False
    signs["enhancement_leptomeningeal"] = meninges
    return {**signs, **structure_signs(lesions)}


def _add(
    canvas: Canvas,
    rng: np.random.Generator,
    centre_mm: NDArray[np.float64],
    mean_mm: float,
    site: str,
    *,
    gray: float = 0.9,
) -> bool:
    """A blurred lesion, its diameter from a gamma law about the mean."""
    brain = canvas.brain
    diameter = max(5.0, float(rng.gamma(20.0, mean_mm / 20)))
    box = box_at(brain, centre_mm, 1.2 * diameter + 6)
    room = brain.inside[box] & (brain.csf[box] < 0.5) & (brain.ventricle_mm[box] > 0)
    if gray < 0.5:
        room &= (brain.white[box] > 0.4) | (brain.cortex_mm[box] > -1.0)
    level = noise_blob(brain, rng, box, centre_mm, diameter / 2, roughness=0.55)
    mask = cut(brain, level, np.pi / 6 * diameter**3, room)
    return _keep(canvas, rng, box, mask, site, gray=gray, diameter_mm=diameter)


def _keep(
    canvas: Canvas,
    rng: np.random.Generator,
    box: Box,
    mask: NDArray[np.bool_],
    site: str,
    *,
    gray: float,
    diameter_mm: float,
    film: bool = False,
) -> bool:
    width = BORDER_MM * float(rng.gamma(9.0, 1 / 9)) * min(1.0, diameter_mm / 12)
    kind = Kind("mogad", site, border_mm=width, gray=gray)
    lesion = mottled(canvas.brain, rng, solid(canvas.brain, box, mask, kind, diameter_mm))
    look = Appearance(varied(rng, PALE), varied(rng, FAINT), enhancement="uptake")
    if film:
        surface = (canvas.brain.csf[box] > 0.05).astype(np.float32)
        lesion, look = replace(lesion, uptake=surface), replace(look, enhances=1.0)
    return canvas.add(lesion, look, survives=0.5)


def _add_subcortical(
    canvas: Canvas, rng: np.random.Generator, drawn: Draw, *, needed: bool
) -> None:
    """By a point process under the cortex; the first is large where that is drawn."""
    if not (drawn["subcortical"] or drawn["size_over_20mm"] or needed):
        return
    brain = canvas.brain
    count = 1 + int(rng.poisson(2.5 * np.exp(0.3 * drawn.severity))) if drawn["multifocal"] else 1
    under = (brain.white > 0.7) & ~brain.infratentorial & (brain.ventricle_mm > 9)
    likely = under * np.exp(-np.clip(brain.cortex_mm, 0, 50) / 2.0)
    before = len(canvas.lesions)
    for place in inhibited(brain, rng, likely, 25.0, 15 * count):
        added = len(canvas.lesions) - before
        if added == count:
            return
        large = drawn["size_over_20mm"] and added == 0
        mean = LARGE_MM if large else 6.0 + float(rng.gamma(3.0, 2.2))
        _add(canvas, rng, place, mean, "subcortical", gray=0.4)


def _add_ribbon(canvas: Canvas, rng: np.random.Generator, drawn: Draw) -> bool:
    """Cortex of one side that walkers cover; whether its meninges enhance comes back."""
    brain = canvas.brain
    ribbon = (brain.gray > 0.5) & (brain.cortex_mm <= 0)
    places = np.argwhere(ribbon)
    start = places[int(rng.integers(len(places)))]
    box = box_at(brain, np.asarray(brain.grid.to_mm(start), dtype=float), 36.0)
    potential = np.where(ribbon[box], np.abs(brain.cortex_mm[box] + 1.0), np.inf)
    offset = np.array([side.start for side in box])
    level = trodden(brain, rng, potential, (start - offset)[None], 350, walkers=500)
    noise = octaves(rng, level.shape, brain.grid.spacing_mm, 12.0)
    volume = float(rng.gamma(5.0, 900.0)) + 1200
    mask = cut(brain, level * np.exp(0.3 * noise), volume, ribbon[box] & (level > 0))
    diameter = float((6 * volume / np.pi) ** (1 / 3))
    film = drawn["enhancement_leptomeningeal"]
    added = _keep(canvas, rng, box, mask, "cortical", gray=1.0, diameter_mm=diameter, film=film)
    return added and film
