"""Tumefactive demyelination: over 2 cm, an even ring or open ring, an edge that restricts.

No deformation is modelled, so ``mass_effect`` is not said, although 57 of 126 patients have it
(PMC10502639).

References
----------
Size and ring: JNNP 88:e1.9; lesion edge, open towards the cortex: PMID 22573639; restriction:
PMC10502639.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs
from lesionaid.simulate.halo import with_oedema
from lesionaid.simulate.landmarks import within_box
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.placing import Placing
from lesionaid.simulate.pml_sites import lobe_cores
from lesionaid.simulate.pml_truth import LOBE_SHARE
from lesionaid.simulate.shapes import Look, cloud, volume_mm3
from lesionaid.simulate.tissue import MS_PLAQUE, Appearance, Tissue, ms_appearance
from lesionaid.simulate.truth_signs import declared_signs
from lesionaid.simulate.uptake import even_ring, opened, towards_cortex

__all__ = ["tumefactive_patient"]

DIAMETER_MM = (24.0, 30.0, 54.0)
"""Smallest, most frequent and largest, of the ball before anatomy cuts it short: the lesion is 2 to
6 cm long (proposed)."""

SMALLEST_MM = 22.0
"""Of the ball of the same volume, after cutting (proposed, above the 20 mm of the definition)."""

WHOLE_SHARE, WHITE_SHARE = 0.78, 0.6
"""Share of the ball that must be tissue, and share of the lesion in white matter, for its outline
to stay even (proposed)."""

DENT_MM = 4.0
"""How far a ventricle may dent the ball (proposed)."""

RIM_MM = 2.5
"""Width of ring and restricted edge (proposed)."""

HALF_OPENING_DEG = (45.0, 65.0)
"""Half the angle by which a ring is open (proposed: 15 to 29 % of the sphere)."""

ENHANCES = 0.8
"""Share of full enhancement (proposed)."""

RESTRICTED_ADC = 0.60
"""10-3 mm2/s, below white matter's 0.72 (proposed; the edge is called restricted)."""

DARK_T2_MS = 72.0
"""T2 of a dark rim (proposed, a little below white matter's 79.6)."""

OEDEMATOUS = replace(MS_PLAQUE, t2_ms=190.0, adc=1.4)
"""Proposed core."""

TRIES, SHRINKS = 60, 0.93
"""Places tried at one size, and the next size over the last."""


def tumefactive_patient(brain: Brain, rng: np.random.Generator, *, plaques: int = 4) -> Patient:
    """One large lesion, frontal as often as published, with a few MS plaques.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator
    plaques : int

    Raises
    ------
    ValueError
        When no place leaves an even lesion over 20 mm, or the brain knows no MNI coordinates.
    """
    drawn = draw_signs("tumefactive", rng)
    open_ring = drawn.pop("enhancement_open_ring") and drawn["enhancement_ring"]
    lesion = _placed(brain, rng, frontal=drawn["lobe_frontal"])
    ring = even_ring(brain, lesion, RIM_MM)
    uptake = ring
    if open_ring:
        half = float(rng.uniform(*HALF_OPENING_DEG))
        uptake = opened(brain, lesion, ring, towards_cortex(brain, lesion), half)
    lesion = replace(lesion, rim=ring, uptake=uptake)
    placing = Placing(brain)
    placing.add(
        with_oedema(brain, lesion) if drawn["oedema"] else lesion,
        Appearance(OEDEMATOUS, _edge(drawn), ENHANCES * drawn["enhancement_ring"], "ring"),
    )
    for plaque in ms_lesions(brain, rng, plaques, occupied=placing.taken):
        placing.add(plaque, ms_appearance(rng))
    frontal = float(lobe_cores(brain)["frontal"][lesion.box][lesion.mask].mean()) >= LOBE_SHARE
    signs: dict[str, Any] = {
        **declared_signs(brain, placing.lesions),
        "restricted_diffusion": drawn["restricted_diffusion"],
        "t2_hypointense_rim": drawn["t2_hypointense_rim"],
        "oedema": drawn["oedema"],
        "enhancement_ring": drawn["enhancement_ring"] and not open_ring,
        "enhancement_open_ring": open_ring,
        "tumefactive": True,
        **({"lobe_frontal": True} if frontal else {}),
        **structure_signs(placing.lesions),
    }
    return Patient("tumefactive", brain, placing.lesions, signs, context={"host": "none"})


def _placed(brain: Brain, rng: np.random.Generator, *, frontal: bool) -> SimulatedLesion:
    """A large round lesion of which anatomy cuts off little; smaller where it finds no place."""
    here = within_box(brain, "frontal") | within_box(brain, "frontal", mirrored=True)
    deep = (brain.white > 0.8) & ~brain.infratentorial & (brain.cortex_mm > 3)
    places = np.argwhere(deep & (here if frontal else ~here))
    if len(places) == 0:
        raise ValueError("no white matter for a lesion over 20 mm")
    look = Look("tumefactive", "subcortical", edge_mm=1.5, gray=1.0, roughness=0.09)
    diameter = float(rng.triangular(*DIAMETER_MM))
    while diameter >= SMALLEST_MM:
        for _ in range(TRIES):
            place = places[int(rng.integers(len(places)))]
            if not _apart(brain, place, diameter / 2):
                continue
            lesion = cloud(brain, rng, brain.grid.to_mm(place), diameter, look)
            volume = volume_mm3(brain, lesion)
            if (
                volume >= max(WHOLE_SHARE * diameter**3, SMALLEST_MM**3) * np.pi / 6
                and _white(brain, lesion) >= WHITE_SHARE
            ):
                return lesion
        diameter *= SHRINKS
    raise ValueError("no room for an even lesion over 20 mm")


def _apart(brain: Brain, place: NDArray[np.intp], radius_mm: float) -> bool:
    """Whether a ball here neither reaches over the midline nor runs round a ventricle."""
    assert brain.mni_mm is not None  # the frontal box has asked for it
    aside = abs(float(brain.mni_mm[tuple(place)][0]))
    return aside >= radius_mm and float(brain.ventricle_mm[tuple(place)]) >= radius_mm - DENT_MM


def _edge(drawn: dict[str, bool]) -> Tissue:
    """Tissue of the edge."""
    return replace(
        MS_PLAQUE,
        adc=RESTRICTED_ADC if drawn["restricted_diffusion"] else MS_PLAQUE.adc,
        t2_ms=DARK_T2_MS if drawn["t2_hypointense_rim"] else MS_PLAQUE.t2_ms,
    )


def _white(brain: Brain, lesion: SimulatedLesion) -> float:
    return float(brain.white[lesion.box][lesion.mask].mean()) if lesion.mask.any() else 0.0
