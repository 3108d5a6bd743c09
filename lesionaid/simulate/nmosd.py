"""NMOSD lesions by site: where water channels are, along ependyma and long tracts.

Periependymal linings of the ventricles and the aqueduct, dorsal medulla, corticospinal
runs, full-thickness ("arch bridge") splenium, hypothalamus, large hemispheric lesions;
enhancement pencil-thin along the ependyma or cloud-like.

References
----------
Patterns: J Neuroophthalmol 2016;36:238 (PMC5135481); arch bridge: Mult Scler Int
2012:735486; enhancement: Clin Imaging 2016;40:573. Frequencies: ``data/frequencies.yaml``.
Every width below is proposed: no measured ones were found.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs
from lesionaid.simulate.landmarks import POINTS, fluid_mm, path_mm, point_mm
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.placing import Placing
from lesionaid.simulate.shapes import Look, cloud, lining, patches, tube
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
        When the brain knows no MNI coordinates.
    """
    drawn = draw_signs("nmosd", rng)
    pencil = drawn.pop("enhancement_ependymal")
    if not any(drawn[sign] for sign in SITES):
        drawn["corticospinal_tract_long"] = True  # only patients with a lesion are simulated
    enhancing = drawn["contrast_enhancement"]
    placing, signs = Placing(brain), dict(drawn)
    patterns = {"enhancement_ependymal": False, "enhancement_cloud_like": False}
    for sign in SITES:
        placed = False
        for lesion in _lesions(brain, rng, sign) if drawn[sign] else ():
            lines = lesion.site.startswith("periependymal")
            shown = enhancing and (lines if pencil else True) and not any(patterns.values())
            if shown:
                lesion = _taking_up(brain, rng, lesion, pencil=pencil)
            added = placing.add(lesion, Appearance(OEDEMATOUS, OEDEMATOUS, float(shown), "uptake"))
            if added and shown:
                patterns["enhancement_ependymal" if pencil else "enhancement_cloud_like"] = True
            placed |= added
        signs[sign] = placed
    signs["contrast_enhancement"] = any(patterns.values())
    return Patient(
        "nmosd",
        brain,
        placing.lesions,
        {**signs, **patterns, **structure_signs(placing.lesions)},
        context={"host": "none"},
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


def _lesions(brain: Brain, rng: np.random.Generator, sign: str) -> list[SimulatedLesion]:
    left = bool(rng.random() < 0.5)
    if sign == "area_postrema":
        centre = point_mm(brain, POINTS["area_postrema"])
        return [cloud(brain, rng, centre, float(rng.uniform(6, 9)), _look("area_postrema"))]
    if sign == "periependymal_3rd_4th":
        name = ("third_ventricle", "fourth_ventricle")[int(rng.integers(2))]
        centre, surface = point_mm(brain, POINTS[name]), fluid_mm(brain, name)
        look = _look(f"periependymal_{name}")
        around = point_mm(brain, POINTS["aqueduct"])
        aqueduct = cloud(brain, rng, around, 9.0, _look("periaqueductal"))
        return [lining(brain, rng, surface, centre, 14.0, 4.0, look), aqueduct]
    if sign == "hypothalamus":
        centre = point_mm(brain, POINTS["hypothalamus"], left=left)
        return [cloud(brain, rng, centre, 8.0, _look("hypothalamus"))]
    if sign == "callosal_acute_oedematous":
        line = path_mm(brain, "splenium")
        return [tube(brain, rng, line, float(rng.uniform(5, 6.5)), _look("callosal_splenium"))]
    if sign == "corticospinal_tract_long":
        line = path_mm(brain, "corticospinal", left=left)
        return [tube(brain, rng, line, float(rng.uniform(3.5, 5)), _look("corticospinal"))]
    white = (brain.white > 0.8) & ~brain.infratentorial
    if sign == "periependymal_lateral_ventricle":
        places = np.argwhere(white & (brain.ventricle_mm > 0) & (brain.ventricle_mm < 2))
        look = _look("periependymal_lateral_ventricle", gray=0.3)
        centre = brain.grid.to_mm(places[int(rng.integers(len(places)))])
        reach = float(rng.uniform(14, 26))
        return [lining(brain, rng, brain.ventricle_mm, centre, reach, 4.0, look)]
    deep = np.argwhere(white & (brain.cortex_mm > 4) & (brain.ventricle_mm > 8))
    count, sizes = (1, (30.0, 45.0)) if sign == "large_hemispheric_lesion" else (4, (3.5, 5.0))
    centres = [brain.grid.to_mm(deep[int(n)]) for n in rng.integers(len(deep), size=count)]
    look = _look("deep_white_matter", gray=0.2)
    return [cloud(brain, rng, centre, float(rng.uniform(*sizes)), look) for centre in centres]


def _look(site: str, gray: float = 1.0) -> Look:
    return Look("nmosd", site, edge_mm=3.0, gray=gray)


def _taking_up(
    brain: Brain, rng: np.random.Generator, lesion: SimulatedLesion, *, pencil: bool
) -> SimulatedLesion:
    """Pencil-thin: 1.5 mm along the ependyma. Cloud-like: blurred patches."""
    if pencil:
        near = np.minimum(
            np.abs(brain.ventricle_mm[lesion.box]),
            np.minimum(
                np.abs(fluid_mm(brain, "third_ventricle")[lesion.box]),
                np.abs(fluid_mm(brain, "fourth_ventricle")[lesion.box]),
            ),
        )
        return replace(lesion, uptake=np.clip(2.0 - near, 0, 1).astype(np.float32))
    return replace(lesion, uptake=patches(brain, rng, lesion.box, knot_mm=7.0, share=0.35))
