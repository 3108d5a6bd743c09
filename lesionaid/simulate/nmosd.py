"""NMOSD lesions by site: where water channels are, along ependyma and long tracts.

Linings of the third and fourth ventricle, the aqueduct and the lateral ventricles, dorsal
medulla, hypothalamus, corticospinal runs, full-thickness ("arch bridge") splenium, spindles
of the hemispheric white matter; enhancement pencil-thin along the ependyma or cloud-like.

References
----------
Patterns: J Neuroophthalmol 2016;36:238 (PMC5135481); arch bridge: Mult Scler Int
2012:735486; marbled callosum: Nakamura, Mult Scler 2009;15:695; enhancement: Clin Imaging
2016;40:573. Frequencies: ``data/frequencies.yaml``. Every width below is proposed: no
measured ones were found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs
from lesionaid.simulate.landmarks import POINTS, fluid_mm, path_mm, point_mm
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.observed import shape_signs
from lesionaid.simulate.observed_sites import site_signs
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.placing import Placing, look_of
from lesionaid.simulate.shapes import Look, cloud, lining, pieces, tube, volume_mm3
from lesionaid.simulate.texture import marbled, patches
from lesionaid.simulate.tissue import Appearance, Tissue

__all__ = ["nmosd_patient"]

OEDEMATOUS = Tissue(1300.0, 160.0, 0.84, 1.2)
"""Proposed: between a plaque and oedema; no threshold of ADC tells NMOSD from MS."""

SITES = (
    "area_postrema",
    "periependymal_3rd_4th",
    "hypothalamus",
    "callosal_acute_oedematous",
    "corticospinal_tract_long",
    "periependymal_lateral_ventricle",
    "large_hemispheric_lesion",
    "punctate_white_matter",
)
"""Signs that are lesions, smallest room first."""

CLOUD_SHARE, CLOUD_STRENGTH, CLOUD_LESIONS = 0.45, 0.5, 3
"""Share of a lesion that clouds fill, share of full enhancement, lesions with clouds."""

FLOOR_Y, FLOOR_Z, FLOOR_SLOPE, ROOF_MM = -34.0, -15.0, 0.31, 5.0
"""The floor of the fourth ventricle in the midline, in MNI mm as read off the template, and how
far behind it the lining goes: lesions are described in the dorsal brainstem, not the vermis."""

CLOUD_MM3 = 200.0
"""Lesions too small for blurred patches show none."""


def nmosd_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """A patient with the brain lesions that the drawn signs name.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator

    Returns
    -------
    Patient
        Its signs are those of the lesions where they came to lie.

    Raises
    ------
    ValueError
        When the brain knows no MNI coordinates.
    """
    drawn = draw_signs("nmosd", rng)
    while not any(drawn[sign] for sign in SITES):  # only patients with a lesion are simulated
        drawn = draw_signs("nmosd", rng)
    placing = Placing(brain)
    for sign in SITES:
        for lesion in _DRAW[sign](brain, rng) if drawn[sign] else ():
            placing.add(lesion, look_of(OEDEMATOUS, rng))
    lesions = placing.lesions
    if drawn["contrast_enhancement"]:
        lesions = _enhanced(brain, rng, lesions, pencil=drawn["enhancement_ependymal"])
    return Patient(
        "nmosd",
        brain,
        lesions,
        nmosd_signs(brain, lesions),
        context={"host": "none"},
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


def nmosd_signs(
    brain: Brain, lesions: tuple[tuple[SimulatedLesion, Appearance], ...]
) -> dict[str, object]:
    """What the placed lesions show, with the labels that show it."""
    shapes = [lesion for lesion, _ in lesions]
    dots = [
        one.site == "deep_white_matter" and volume_mm3(brain, one) <= np.pi / 6 * 5.0**3
        for one in shapes
    ]
    return {
        **shape_signs(brain, lesions),
        **site_signs(brain, shapes),
        "punctate_white_matter": any(dots),
        "enhancement_ependymal": any(look.enhancement == PENCIL for _, look in lesions),
        "enhancement_cloud_like": any(look.enhancement == CLOUD for _, look in lesions),
        **structure_signs(lesions),
    }


PENCIL, CLOUD = "pencil-thin", "cloud-like"


def _enhanced(
    brain: Brain,
    rng: np.random.Generator,
    lesions: tuple[tuple[SimulatedLesion, Appearance], ...],
    *,
    pencil: bool,
) -> tuple[tuple[SimulatedLesion, Appearance], ...]:
    """Pencil-thin along every lining; else, or where there is none, clouds in the largest."""
    lined = [n for n, (one, _) in enumerate(lesions) if one.site.startswith("periependymal")]
    shown = list(lesions)
    if pencil and lined:
        surface = np.minimum(
            np.abs(brain.ventricle_mm),
            np.abs(fluid_mm(brain, "third_ventricle", "fourth_ventricle")),
        )
        for n in lined:
            one, look = lesions[n]
            line = np.clip(2.0 - surface[one.box], 0, 1).astype(np.float32)
            shown[n] = (replace(one, uptake=line), replace(look, enhances=1.0, enhancement=PENCIL))
        return tuple(shown)
    order = sorted(range(len(lesions)), key=lambda n: -volume_mm3(brain, lesions[n][0]))
    for n in order[:CLOUD_LESIONS]:
        one, look = lesions[n]
        if volume_mm3(brain, one) < CLOUD_MM3:
            continue
        blurred = patches(brain, rng, one.box, knot_mm=9.0, share=CLOUD_SHARE, blur=2.5)
        shown[n] = (
            replace(one, uptake=blurred),
            replace(look, enhances=CLOUD_STRENGTH, enhancement=CLOUD),
        )
    return tuple(shown)


def _area_postrema(brain: Brain, rng: np.random.Generator) -> list[SimulatedLesion]:
    """At the floor of the ventricle round the obex; half run on into the cord."""
    line = path_mm(brain, "area_postrema")
    stop = 5 if rng.random() < 0.5 else 3
    return [tube(brain, rng, line[:stop], float(rng.uniform(2.5, 3.5)), _look("area_postrema"))]


def _midline_linings(brain: Brain, rng: np.random.Generator) -> list[SimulatedLesion]:
    """The walls of one or more of third ventricle, aqueduct and fourth ventricle."""
    chosen = rng.random(3) < 0.6
    chosen[int(rng.integers(3))] = True
    thickness = float(rng.uniform(3.0, 4.5))
    found: list[SimulatedLesion] = []
    if chosen[0]:
        found += _walls(brain, rng, "third_ventricle", 11.0, thickness)
    if chosen[1]:
        look = _look("periependymal_aqueduct", edge_mm=2.0)
        found.append(tube(brain, rng, path_mm(brain, "aqueduct"), thickness + 1.0, look))
    if chosen[2]:
        found += _walls(brain, rng, "fourth_ventricle", 15.0, thickness)
    return found


def _walls(
    brain: Brain, rng: np.random.Generator, name: str, reach_mm: float, thickness_mm: float
) -> list[SimulatedLesion]:
    centre, surface = point_mm(brain, POINTS[name]), fluid_mm(brain, name)
    look = _look(f"periependymal_{name}", edge_mm=2.0)
    walls = lining(brain, rng, surface, centre, reach_mm, thickness_mm, look)
    if name == "fourth_ventricle":
        walls = _without_roof(brain, walls)
    return pieces(walls)


def _without_roof(brain: Brain, lesion: SimulatedLesion) -> SimulatedLesion:
    """The floor and the side walls of the fourth ventricle, fading out towards the vermis."""
    assert brain.mni_mm is not None
    mni = brain.mni_mm[lesion.box]
    behind = FLOOR_Y + FLOOR_SLOPE * (mni[..., 2] - FLOOR_Z) - mni[..., 1]
    kept = np.clip((ROOF_MM - behind) / 2.0 + 0.5, 0, 1).astype(np.float32)
    return replace(lesion, fraction=lesion.fraction * kept)


def _hypothalamus(brain: Brain, rng: np.random.Generator) -> list[SimulatedLesion]:
    """On one side or both."""
    sides = ((False,), (True,), (False, True))[int(rng.integers(3))]
    look = _look("hypothalamus", edge_mm=2.0)
    centres = [point_mm(brain, POINTS["hypothalamus"], left=left) for left in sides]
    return [cloud(brain, rng, at, float(rng.uniform(7, 9)), look) for at in centres]


def _splenium(brain: Brain, rng: np.random.Generator) -> list[SimulatedLesion]:
    """Its full thickness, mottled, its edges blurred into the hemispheres."""
    look = _look("callosal_splenium", gray=0.0)
    arch = tube(brain, rng, path_mm(brain, "splenium"), float(rng.uniform(8.0, 9.5)), look)
    return [marbled(brain, rng, arch)]


def _tract(brain: Brain, rng: np.random.Generator) -> list[SimulatedLesion]:
    """From the corona radiata or the capsule to the peduncle or the pons; at times both sides."""
    start, stop = int(rng.integers(0, 3)), int(rng.integers(6, 9))
    sides = ((False,), (True,), (False, True))[int(rng.choice(3, p=(0.4, 0.4, 0.2)))]
    look = _look("corticospinal", gray=0.8)
    lines = [path_mm(brain, "corticospinal", left=left)[start:stop] for left in sides]
    return [tube(brain, rng, line, float(rng.uniform(3.5, 5.0)), look) for line in lines]


def _lateral_band(brain: Brain, rng: np.random.Generator) -> list[SimulatedLesion]:
    """One or two bands that follow the wall of a lateral ventricle."""
    places = np.argwhere(_white(brain) & (brain.ventricle_mm > 0) & (brain.ventricle_mm < 2))
    look = _look("periependymal_lateral_ventricle", edge_mm=2.0, gray=0.3)
    found = []
    for voxel in places[rng.integers(len(places), size=int(rng.integers(1, 3)))]:
        reach, thickness = float(rng.uniform(14, 26)), float(rng.uniform(3, 4.5))
        centre = brain.grid.to_mm(voxel)
        band = lining(brain, rng, brain.ventricle_mm, centre, reach, thickness, look)
        found += pieces(band)[:1]
    return found


def _spindle(brain: Brain, rng: np.random.Generator) -> list[SimulatedLesion]:
    """A spindle along the fibres of the hemisphere, front to back, of 4 to 6 cm."""
    deep = _deep(brain)
    look = _look("hemispheric", gray=0.1)
    best: SimulatedLesion | None = None
    for _ in range(4):
        centre = brain.grid.to_mm(deep[int(rng.integers(len(deep)))])
        half = np.array([rng.normal(0, 3), rng.uniform(13, 19), rng.normal(0, 5)])
        line = np.stack([centre - half, centre + np.array([2.0, 0.0, 2.0]), centre + half])
        spindle = tube(brain, rng, line, float(rng.uniform(8, 11)), look)
        if best is None or volume_mm3(brain, spindle) > volume_mm3(brain, best):
            best = spindle
    return [] if best is None else [best]


def _dots(brain: Brain, rng: np.random.Generator) -> list[SimulatedLesion]:
    deep = _deep(brain)
    look = _look("deep_white_matter", edge_mm=1.5, gray=0.2)
    chosen = deep[rng.integers(len(deep), size=int(rng.integers(2, 6)))]
    return [
        cloud(brain, rng, brain.grid.to_mm(voxel), float(rng.uniform(3.5, 5)), look)
        for voxel in chosen
    ]


_DRAW: Mapping[str, Callable[[Brain, np.random.Generator], list[SimulatedLesion]]] = {
    "area_postrema": _area_postrema,
    "periependymal_3rd_4th": _midline_linings,
    "hypothalamus": _hypothalamus,
    "callosal_acute_oedematous": _splenium,
    "corticospinal_tract_long": _tract,
    "periependymal_lateral_ventricle": _lateral_band,
    "large_hemispheric_lesion": _spindle,
    "punctate_white_matter": _dots,
}


def _white(brain: Brain) -> NDArray[np.bool_]:
    return (brain.white > 0.8) & ~brain.infratentorial


def _deep(brain: Brain) -> NDArray[np.intp]:
    return np.argwhere(_white(brain) & (brain.cortex_mm > 4) & (brain.ventricle_mm > 8))


def _look(site: str, *, edge_mm: float = 3.0, gray: float = 1.0) -> Look:
    return Look("nmosd", site, edge_mm=edge_mm, gray=gray)
