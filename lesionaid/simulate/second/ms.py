"""MS of the second family: plaques from a point process, grown along a walk or as metaballs.

A place near the ventricle starts a chain of beads along a walk that drifts away from the
wall, with a vein in it; one near the cortex sends walkers along the band under it; elsewhere
balls merge or noise is cut. How many plaques, which of them enhance, and which have veins and
rims hang together through the patient's severity.

References
----------
Sizes: :mod:`lesionaid.simulate.second.lesions`. Shares of lesions that enhance, their
patterns, veins and rims: ``data/frequencies.yaml``. Counts are proposed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import share
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.second.latent import happens
from lesionaid.simulate.second.lesions import Kind, box_at, cut, draw_diameter, solid
from lesionaid.simulate.second.placing import Canvas, density, inhibited
from lesionaid.simulate.second.shapes import beads, metaballs, noise_blob, trodden
from lesionaid.simulate.second.texture import cloudy, mottled, open_side, segments, varied, vein_of
from lesionaid.simulate.second.truth import measured_signs
from lesionaid.simulate.tissue import Appearance, Tissue

__all__ = ["add_plaques", "ms_patient"]

OLD, GLIOTIC = Tissue(1350.0, 165.0, 0.82, 1.3), Tissue(1130.0, 130.0, 0.78, 1.0)
"""The two tissues that a plaque is mottled with (proposed, on either side of the first
family's one)."""

MEAN_COUNT, CLUMPING = 22.0, 2.2
"""Negative binomial law of the number of plaques: mean and shape (proposed)."""

FEWEST, MOST = 4, 60

NEAR_VENTRICLE_MM, NEAR_CORTEX_MM = 5.0, 2.5
"""Where walks along veins and along the cortex start (proposed)."""

INHIBITION_MM = 9.0

RING_FROM_MM = 6.0
"""A ring in a smaller plaque would be all of it."""


def ms_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """A patient with relapsing MS.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator

    Raises
    ------
    ValueError
        When there is room for fewer than four plaques.
    """
    severity = float(rng.standard_normal())
    canvas = Canvas(brain)
    patterns = add_plaques(canvas, rng, draw_count(rng, severity), severity, enhancing=True)
    if len(canvas.lesions) < FEWEST:
        raise ValueError(f"room for {len(canvas.lesions)} plaques")
    signs = {
        **{f"enhancement_{name}": name in patterns for name in ("nodular", "ring", "open_ring")},
        **measured_signs(brain, canvas.lesions),
        "tumefactive": False,
        **structure_signs(canvas.lesions),
    }
    return Patient(
        "ms",
        brain,
        canvas.lesions,
        signs,
        context={"host": "ms", "drug": "none"},
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


def draw_count(rng: np.random.Generator, severity: float) -> int:
    """Plaques of a patient: Poisson about a gamma law that severity shifts."""
    mean = MEAN_COUNT * np.exp(0.4 * severity - 0.08) * rng.gamma(2 * CLUMPING, 0.5 / CLUMPING)
    return int(np.clip(rng.poisson(mean), FEWEST, MOST))


def add_plaques(
    canvas: Canvas,
    rng: np.random.Generator,
    count: int,
    severity: float,
    *,
    enhancing: bool = False,
) -> set[str]:
    """Put plaques on the canvas; patterns of those that enhance come back.

    Parameters
    ----------
    canvas : Canvas
    rng : numpy.random.Generator
    count : int
        Fewer are placed where 25 tries a plaque find no room.
    severity : float
    enhancing : bool
        Whether any may take up gadolinium.
    """
    brain = canvas.brain
    patterns: set[str] = set()
    before = len(canvas.lesions)
    for place in inhibited(brain, rng, density(brain), INHIBITION_MM, 25 * count):
        if len(canvas.lesions) - before == count:
            break
        plaque = _plaque(brain, rng, place, severity)
        if plaque is None:
            continue
        look = Appearance(varied(rng, OLD), varied(rng, GLIOTIC))
        pattern = _pattern(rng, plaque, severity) if enhancing else None
        if pattern is not None:
            plaque = _taking_up(brain, rng, plaque, pattern)
            look = replace(look, enhances=float(rng.beta(5, 1.5)), enhancement="uptake")
        if canvas.add(plaque, look) and pattern is not None:
            patterns.add(pattern)
    return patterns


def _plaque(
    brain: Brain, rng: np.random.Generator, place: NDArray[np.float64], severity: float
) -> SimulatedLesion | None:
    diameter = draw_diameter(rng)
    box = box_at(brain, place, 1.9 * diameter + 4)
    voxel = np.rint(brain.grid.to_voxel(place)).astype(int)
    ventricle = float(brain.ventricle_mm[tuple(voxel)])
    cortex = float(brain.cortex_mm[tuple(voxel)])
    above = not brain.infratentorial[tuple(voxel)]
    room = (brain.white[box] > 0.4) & (brain.ventricle_mm[box] > 0)
    vein: NDArray[np.float64] | None = None
    if above and ventricle < NEAR_VENTRICLE_MM:
        site, vein = "periventricular", _walk_out(brain, rng, place, diameter)
        radii = 0.28 * diameter * rng.uniform(0.7, 1.3, len(vein))
        level = np.asarray(beads(brain, box, vein, radii))
    elif above and cortex < NEAR_CORTEX_MM:
        site = "juxtacortical"
        # Half of the time the ribbon itself gives way.
        room |= (brain.gray[box] > 0.5) & (rng.random() < 0.5)
        depth = np.where(room, np.abs(brain.cortex_mm[box] - 0.5), np.inf)
        start = voxel - [side.start for side in box]
        if not room[tuple(start)]:
            return None
        steps = int(1.5 * (diameter / min(brain.grid.spacing_mm)) ** 2) + 4
        level = trodden(brain, rng, depth, start[None], steps, walkers=300).astype(float)
    else:
        site = "deep_white_matter" if above else "infratentorial"
        room |= (brain.gray[box] > 0.5) & (not above)
        draw = metaballs if rng.random() < 0.6 else noise_blob
        level = np.asarray(draw(brain, rng, box, place, diameter / 2))
    mask = cut(brain, level, np.pi / 6 * diameter**3, room)
    kind = Kind("ms", site, border_mm=float(rng.gamma(9.0, 0.12)), gray=0.7)
    plaque = mottled(brain, rng, solid(brain, box, mask, kind, diameter))
    return _with_iron_and_vein(brain, rng, plaque, vein, severity)


def _walk_out(
    brain: Brain, rng: np.random.Generator, place: NDArray[np.float64], diameter: float
) -> NDArray[np.float64]:
    """Beads on a walk from the wall outwards, shape (n, 3): away from fluid, with a wobble."""
    at, path = place.copy(), []
    heading = rng.standard_normal(3) * 0.2
    count = int(rng.integers(4, 8))
    step = float(rng.uniform(1.1, 1.8)) * diameter / count
    for _ in range(count):
        path.append(at.copy())
        slope = _slope(brain, at)
        heading = 0.5 * heading + slope + 0.35 * rng.standard_normal(3)
        at = at + step * heading / max(float(np.linalg.norm(heading)), 1e-6)
    back = _slope(brain, place) * float(brain.ventricle_mm[_voxel(brain, place)])
    return np.array(path) - 0.8 * back


def _slope(brain: Brain, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Unit vector away from the lateral ventricle; the grid's axes are RAS+."""
    spacing = np.array(brain.grid.spacing_mm)
    ahead, behind = (
        np.array(
            [
                brain.ventricle_mm[_voxel(brain, at + sign * 3 * axis * spacing)]
                for axis in np.eye(3)
            ]
        )
        for sign in (1, -1)
    )
    slope = (ahead - behind) / spacing
    return np.asarray(slope / max(float(np.linalg.norm(slope)), 1e-6))


def _voxel(brain: Brain, at: NDArray[np.float64]) -> tuple[int, int, int]:
    """The voxel that a point lies in, or the nearest one of the grid."""
    i, j, k = np.clip(np.rint(brain.grid.to_voxel(at)), 0, np.array(brain.grid.shape) - 1)
    return int(i), int(j), int(k)


def _with_iron_and_vein(
    brain: Brain,
    rng: np.random.Generator,
    plaque: SimulatedLesion,
    vein: NDArray[np.float64] | None,
    severity: float,
) -> SimulatedLesion:
    if not plaque.mask.any():
        return plaque
    if rng.random() < share("ms", "central_vein"):
        if vein is None:
            points = np.argwhere(plaque.mask) + [side.start for side in plaque.box]
            centre = np.asarray(brain.grid.to_mm(points.mean(axis=0)))
            half = rng.standard_normal(3)
            half *= 0.7 * plaque.diameter_mm / np.linalg.norm(half)
            vein = np.stack([centre - half, centre + rng.normal(0, 0.4, 3), centre + half])
        plaque = replace(plaque, vein=vein_of(brain, plaque, vein))
    if happens(rng, share("ms", "paramagnetic_rim_lesions"), severity):
        plaque = replace(plaque, iron=segments(brain, rng, plaque, 1.6, covered=0.9))
    return plaque


def _pattern(rng: np.random.Generator, plaque: SimulatedLesion, severity: float) -> str | None:
    """Nodular, ring or open ring, where the plaque enhances at all."""
    if not happens(rng, share("ms", f"enhancing_{plaque.site}"), severity):
        return None
    names = ("nodular", "ring", "open_ring")
    weights = np.array([share("ms", f"enhancement_{name}") for name in names])
    name = names[int(rng.choice(3, p=weights / weights.sum()))]
    return name if plaque.diameter_mm >= RING_FROM_MM else "nodular"


def _taking_up(
    brain: Brain, rng: np.random.Generator, plaque: SimulatedLesion, pattern: str
) -> SimulatedLesion:
    if pattern == "nodular":
        uptake = 0.6 + 0.4 * cloudy(brain, rng, plaque, 0.6)
        return replace(plaque, uptake=uptake.astype(np.float32))
    ring = segments(brain, rng, plaque, 0.18 * plaque.diameter_mm + 0.8, covered=0.95)
    if pattern == "open_ring":
        ring = open_side(brain, ring, plaque)
    return replace(plaque, uptake=ring)
