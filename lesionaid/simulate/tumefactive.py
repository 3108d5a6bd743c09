"""Tumefactive demyelination: over 2 cm, ring or open ring, an edge that restricts.

No deformation is modelled, so ``mass_effect`` is false by construction although 57 of 126
patients have it (PMC10502639).

References
----------
Size and ring: JNNP 88:e1.9; lesion edge: PMID 22573639; restriction: PMC10502639.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs
from lesionaid.simulate.landmarks import within_box
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.placing import Placing
from lesionaid.simulate.shapes import Look, cloud, open_ring, shell, volume_mm3
from lesionaid.simulate.tissue import MS_PLAQUE, Appearance, ms_appearance

__all__ = ["tumefactive_patient"]

DIAMETER_MM = (25.0, 40.0)
"""Proposed above the 20 mm of the definition, so that it stays there after cutting."""

RIM_MM = 3.0
"""Width of ring and restricted edge (proposed)."""

RESTRICTED_ADC = 0.60
"""10-3 mm2/s, below white matter's 0.72 (proposed; the edge is called restricted)."""

OEDEMA = replace(MS_PLAQUE, t2_ms=190.0, adc=1.4)
"""Proposed core."""


def tumefactive_patient(brain: Brain, rng: np.random.Generator, *, plaques: int = 4) -> Patient:
    """One large lesion, frontal as often as published, with a few MS plaques.

    Raises
    ------
    ValueError
        When no place leaves a lesion over 20 mm.
    """
    drawn = draw_signs("tumefactive", rng)
    opened = drawn.pop("enhancement_open_ring") and drawn["enhancement_ring"]
    white = (brain.white > 0.8) & ~brain.infratentorial & (brain.cortex_mm > 4)
    frontal = within_box(brain, "frontal") | within_box(brain, "frontal", mirrored=True)
    places = np.argwhere(white & (frontal if drawn["lobe_frontal"] else ~frontal))
    for _ in range(40):
        centre = brain.grid.to_mm(places[int(rng.integers(len(places)))])
        look = Look("tumefactive", "subcortical", edge_mm=1.5, gray=0.1, roughness=0.12)
        lesion = cloud(brain, rng, centre, float(rng.uniform(*DIAMETER_MM)), look)
        if volume_mm3(brain, lesion) > np.pi / 6 * 22.0**3:
            break
    else:
        raise ValueError("no room for a lesion over 20 mm")
    edge = shell(brain, lesion, RIM_MM)
    uptake = open_ring(brain, lesion, RIM_MM) if opened else edge
    rim = replace(
        MS_PLAQUE,
        adc=RESTRICTED_ADC if drawn["restricted_diffusion"] else MS_PLAQUE.adc,
        t2_ms=70.0 if drawn["t2_hypointense_rim"] else MS_PLAQUE.t2_ms,
    )
    placing = Placing(brain)
    placing.add(
        replace(lesion, rim=edge, uptake=uptake),
        Appearance(OEDEMA, rim, float(drawn["enhancement_ring"]), "uptake"),
    )
    for plaque in ms_lesions(brain, rng, plaques, occupied=placing.taken):
        placing.add(plaque, ms_appearance(rng))
    signs = {
        **drawn,
        "enhancement_ring": drawn["enhancement_ring"] and not opened,
        "enhancement_open_ring": opened,
        "contrast_enhancement": drawn["enhancement_ring"],
        "tumefactive": True,
        "mass_effect": False,
        **structure_signs(placing.lesions),
    }
    return Patient("tumefactive", brain, placing.lesions, signs, context={"host": "none"})
