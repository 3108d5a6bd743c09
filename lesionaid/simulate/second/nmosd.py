"""NMOSD of the second family: what random walks held to a wall or a tract have trodden.

Walkers diffuse along the ependyma, the corticospinal tract, the splenium and the floor of
the fourth ventricle, each in a potential that rises with the distance from it; large
hemispheric lesions percolate. The first family draws linings, tubes and balls.

References
----------
Sites and frequencies: :mod:`lesionaid.simulate.nmosd` and ``data/frequencies.yaml``. Volumes
are proposed gamma laws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.landmarks import POINTS, fluid_mm, path_mm, point_mm
from lesionaid.simulate.lesions import SimulatedLesion, offsets_mm
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.second.latent import draw_together
from lesionaid.simulate.second.lesions import Kind, box_at, cut, solid
from lesionaid.simulate.second.noise import octaves
from lesionaid.simulate.second.placing import Canvas, inhibited
from lesionaid.simulate.second.shapes import arrival, invaded, metaballs, noise_blob, trodden
from lesionaid.simulate.second.sites import from_path, from_point, untouched
from lesionaid.simulate.second.texture import cloudy, mottled, varied
from lesionaid.simulate.second.truth import longest_mm, measured_signs
from lesionaid.simulate.tissue import Appearance, Tissue

__all__ = ["nmosd_patient"]

WET, PALE = Tissue(1400.0, 175.0, 0.85, 1.35), Tissue(1200.0, 140.0, 0.81, 1.05)
"""The two tissues of a lesion (proposed)."""

SITES: Mapping[str, tuple[str, ...]] = {
    "area_postrema": ("area_postrema",),
    "periependymal_3rd_4th": ("third_ventricle", "fourth_ventricle"),
    "hypothalamus": ("hypothalamus",),
    "callosal_acute_oedematous": ("splenium",),
    "corticospinal_tract_long": ("corticospinal",),
    "periependymal_lateral_ventricle": ("lateral_ventricle",),
}
"""Signs with a site of their own, smallest room first, and what must be clear for "no"."""

LARGE_FROM_MM = 30.0
PENCIL_MM = 1.6

FAR_MM = 22.0
"""Distance at which white matter is one standard deviation stronger."""


def nmosd_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """A patient with the brain lesions that the drawn signs name.

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
    drawn = draw_together("nmosd", rng)
    others = ("large_hemispheric_lesion", "punctate_white_matter")
    asked = {sign: drawn[sign] for sign in (*SITES, *others)}
    if not any(asked.values()):
        asked["periependymal_lateral_ventricle"] = True  # only patients with a lesion are made
    canvas, placed = Canvas(brain), dict.fromkeys(asked, False)
    left = 2 if drawn["contrast_enhancement"] else 0
    patterns = {"enhancement_ependymal": False, "enhancement_cloud_like": False}
    for sign in asked:
        for lesion in _lesions(brain, rng, sign) if asked[sign] else ():
            pencil = drawn["enhancement_ependymal"] and lesion.site.startswith("periependymal")
            takes = left > 0 and (pencil or not drawn["enhancement_ependymal"])
            look = Appearance(varied(rng, WET), varied(rng, PALE), enhancement="uptake")
            if takes:
                lesion = replace(lesion, uptake=_uptake(brain, rng, lesion, pencil=pencil))
                look = replace(look, enhances=float(rng.beta(6, 2)))
            if canvas.add(lesion, look, survives=0.5):
                placed[sign] = True
                left -= takes
                if takes:
                    patterns["enhancement_ependymal" if pencil else "enhancement_cloud_like"] = True
    if not canvas.lesions:
        raise ValueError("no room for a lesion")
    return Patient(
        "nmosd",
        brain,
        canvas.lesions,
        _signs(canvas, placed, patterns),
        context={"host": "none"},
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


def _signs(
    canvas: Canvas, placed: dict[str, bool], patterns: dict[str, bool]
) -> dict[str, bool | list[int]]:
    """Placed is true; not placed is false only where nothing else lies at the site."""
    brain, lesions = canvas.brain, canvas.lesions
    shapes = [lesion for lesion, _ in lesions]
    signs: dict[str, Any] = {**measured_signs(brain, lesions)}
    for sign, sites in SITES.items():
        if placed[sign]:
            signs[sign] = True
        elif untouched(brain, sites, shapes):
            signs[sign] = False
    sizes = [longest_mm(brain, one) for one in shapes if one.site == "hemispheric"]
    if any(size >= 1.1 * LARGE_FROM_MM for size in sizes):
        signs["large_hemispheric_lesion"] = True
    elif not sizes:
        signs["large_hemispheric_lesion"] = False
    if "contrast_enhancement" in signs:  # else too faint to say
        signs |= patterns
    return {**signs, **structure_signs(lesions)}


def _lesions(brain: Brain, rng: np.random.Generator, sign: str) -> Iterator[SimulatedLesion]:
    left = bool(rng.random() < 0.5)
    tissue = brain.inside & (brain.csf < 0.5)
    if sign == "area_postrema":
        away = from_point(brain, "area_postrema")
        volume = float(rng.gamma(5.0, 45.0)) + 60
        room = tissue & brain.infratentorial
        yield _walk(brain, rng, np.where(room, away / 2, np.inf), volume, "area_postrema", 8.0)
    elif sign == "periependymal_3rd_4th":
        name = ("third_ventricle", "fourth_ventricle")[int(rng.integers(2))]
        wall = np.abs(fluid_mm(brain, name) - 1.5)
        volume = float(rng.gamma(6.0, 180.0)) + 250
        site = f"periependymal_{name}"
        yield _walk(brain, rng, np.where(tissue & (wall < 5), wall, np.inf), volume, site, 22.0)
        away = from_point(brain, "aqueduct")
        volume = float(rng.gamma(5.0, 50.0)) + 60
        yield _walk(brain, rng, np.where(tissue, away / 2, np.inf), volume, "periaqueductal", 9.0)
    elif sign == "hypothalamus":
        centre = point_mm(brain, POINTS["hypothalamus"], left=left)
        box = box_at(brain, centre, 12.0)
        level = noise_blob(brain, rng, box, centre, 4.0, roughness=0.3)
        volume = float(rng.gamma(5.0, 40.0)) + 60
        yield _made(brain, rng, box, cut(brain, level, volume, tissue[box]), "hypothalamus")
    elif sign in ("callosal_acute_oedematous", "corticospinal_tract_long"):
        name = "splenium" if sign.startswith("callosal") else "corticospinal"
        side = left and name == "corticospinal"
        length = path_mm(brain, name, left=side)
        run = float(np.linalg.norm(np.diff(length, axis=0), axis=1).sum())
        volume = np.pi * float(rng.uniform(3.0, 4.6)) ** 2 * run
        away = from_path(brain, name, left=side)
        tract = tissue & (brain.white > 0.3)
        site = "callosal_splenium" if name == "splenium" else name
        yield _walk(brain, rng, np.where(tract, away / 1.5, np.inf), volume, site, run / 2 + 14)
    elif sign == "periependymal_lateral_ventricle":
        wall = np.abs(brain.ventricle_mm - 2.0)
        near = tissue & (brain.ventricle_mm > 0) & (wall < 5) & ~brain.infratentorial
        volume = float(rng.gamma(4.0, 700.0)) + 500
        site = "periependymal_lateral_ventricle"
        yield _walk(brain, rng, np.where(near, wall, np.inf), volume, site, 34.0)
    elif sign == "large_hemispheric_lesion":
        yield _percolated(brain, rng)
    else:
        deep = (brain.white > 0.7) & ~brain.infratentorial & (brain.cortex_mm > 4)
        likely = deep * (brain.ventricle_mm > 8)
        for place in inhibited(brain, rng, likely.astype(float), 12.0, 2 + int(rng.poisson(4))):
            box = box_at(brain, place, 8.0)
            diameter = 3.1 + float(rng.gamma(2.0, 0.7))
            level = metaballs(brain, rng, box, place, diameter / 2)
            mask = cut(brain, level, np.pi / 6 * diameter**3, brain.white[box] > 0.4)
            yield _made(brain, rng, box, mask, "deep_white_matter")


def _walk(
    brain: Brain,
    rng: np.random.Generator,
    potential: NDArray[np.floating[Any]],
    volume_mm3: float,
    site: str,
    reach_mm: float,
) -> SimulatedLesion:
    """The volume that walkers cross most; they start where the potential is lowest.

    A wall has low places everywhere, so that one of them is drawn; a landmark has one, a
    path a line of them, and they start all along it.
    """
    low = np.argwhere(potential <= max(0.8, float(potential[np.isfinite(potential)].min()) + 0.5))
    along = site in ("corticospinal", "callosal_splenium")
    voxel = low.mean(axis=0).astype(int) if along else low[int(rng.integers(len(low)))]
    box = box_at(brain, np.asarray(brain.grid.to_mm(voxel), dtype=float), reach_mm)
    offset = np.array([side.start for side in box])
    starts = (low if along else voxel[None]) - offset
    size = np.array(potential[box].shape)
    starts = starts[np.all((starts >= 0) & (starts < size), axis=1)]
    steps = 40 if along else int(0.35 * (reach_mm / min(brain.grid.spacing_mm)) ** 2) + 20
    level = trodden(brain, rng, potential[box], starts, min(steps, 500), walkers=600)
    noise = octaves(rng, level.shape, brain.grid.spacing_mm, 9.0)
    rough = level * np.exp(0.25 * noise)
    mask = cut(brain, rough, volume_mm3, np.isfinite(potential[box]) & (level > 0))
    return _made(brain, rng, box, mask, site)


def _percolated(brain: Brain, rng: np.random.Generator) -> SimulatedLesion:
    """A large lesion that takes the weakest white matter next, far from round."""
    deep = (brain.white > 0.7) & ~brain.infratentorial & (brain.cortex_mm > 5)
    places = np.argwhere(deep & (brain.ventricle_mm > 7))
    seed = places[int(rng.integers(len(places)))]
    box = box_at(brain, np.asarray(brain.grid.to_mm(seed), dtype=float), 38.0)
    noise = octaves(rng, brain.white[box].shape, brain.grid.spacing_mm, 22.0, persistence=0.5)
    room = (brain.white[box] > 0.4) & ~brain.infratentorial[box] & (brain.ventricle_mm[box] > 4)
    volume = float(rng.gamma(8.0, 2200.0)) + 5000
    count = round(volume / brain.grid.voxel_volume_mm3)
    start = seed - [side.start for side in box]
    x, y, z = offsets_mm(brain.grid, box, np.asarray(brain.grid.to_mm(seed), dtype=float))
    far = (x * x + y * y + z * z) / FAR_MM**2
    order = invaded(np.where(room, noise + far, np.inf), start, round(1.2 * count), tension=0.3)
    mask = cut(brain, -arrival(brain, order, count), volume, room)
    return _made(brain, rng, box, mask, "hemispheric", border_mm=3.5)


def _made(
    brain: Brain,
    rng: np.random.Generator,
    box: tuple[slice, slice, slice],
    mask: NDArray[np.bool_],
    site: str,
    border_mm: float = 2.0,
) -> SimulatedLesion:
    volume = float(np.count_nonzero(mask)) * brain.grid.voxel_volume_mm3
    kind = Kind("nmosd", site, border_mm=border_mm * float(rng.gamma(12.0, 1 / 12)), gray=0.9)
    diameter = float((6 * volume / np.pi) ** (1 / 3))
    return mottled(brain, rng, solid(brain, box, mask, kind, diameter))


def _uptake(
    brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion, *, pencil: bool
) -> NDArray[np.float32]:
    """Along the wall in pieces, or in soft patches."""
    if not pencil:
        return cloudy(brain, rng, lesion, 0.4)
    near = np.full(lesion.fraction.shape, np.inf)
    for name in ("third_ventricle", "fourth_ventricle"):
        near = np.minimum(near, np.abs(fluid_mm(brain, name)[lesion.box]))
    near = np.minimum(near, np.abs(brain.ventricle_mm[lesion.box]))
    noise = octaves(rng, near.shape, brain.grid.spacing_mm, 14.0, count=2)
    line = np.clip(0.5 + (PENCIL_MM * np.clip(1 + 0.3 * noise, 0.6, 1.5) - near), 0, 1)
    return np.asarray(line * (noise > -1.0), dtype=np.float32)
