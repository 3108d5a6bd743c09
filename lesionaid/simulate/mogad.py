"""MOGAD lesions: fluffy, often on both sides; peduncle, pons, deep grey, one cortex.

References
----------
Banwell 2023 supporting features (PMC10165591); middle peduncle: Banks, PMC8592388;
resolution: Sechi 2021, PMC8456356. Frequencies: ``data/frequencies.yaml``. Sizes other
than "2 cm" (Mayo, tumefactive lesions in MOGAD) and every edge width are proposed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs
from lesionaid.simulate.landmarks import POINTS, point_mm
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.placing import Placing
from lesionaid.simulate.shapes import Look, cloud
from lesionaid.simulate.tissue import Appearance, Tissue

__all__ = ["mogad_patient"]

FLUFFY = Tissue(1150.0, 130.0, 0.80, 1.1)
"""Proposed: paler than an MS plaque."""

FLUFFY_EDGE_MM = 6.0
"""Width of the blurred edge (proposed; readers call it ill-defined)."""

NAMED = {
    "cerebellar_peduncle_diffuse": ("middle_peduncle", 18.0),
    "deep_gm_thalamus": ("thalamus", 14.0),
    "pons": ("pons", 14.0),
    "medulla": ("medulla", 8.0),
}
"""Site and diameter in mm."""

BOTH_SIDES = frozenset({"middle_peduncle", "thalamus"})


def mogad_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """A patient at an attack; the date after it stands in ``signs["resolved"]``.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator
    """
    drawn = draw_signs("mogad", rng)
    if not any(drawn[sign] for sign in (*NAMED, "subcortical", "cortical_gm")):
        drawn["subcortical"] = True  # only patients with a brain lesion are simulated
    placing, signs = Placing(brain), dict(drawn)
    look = Appearance(FLUFFY, FLUFFY)
    for sign, (site, size) in NAMED.items():
        sides = (False, True) if site in BOTH_SIDES and rng.random() < 0.5 else (False,)
        added = [
            placing.add(
                cloud(brain, rng, point_mm(brain, POINTS[site], left=left), size, _fluffy(site)),
                look,
            )
            for left in (sides if drawn[sign] else ())
        ]
        signs[sign] = any(added)
    if drawn["cortical_gm"]:
        signs["cortical_gm"] = _add_cortex(placing, rng, look, drawn["enhancement_leptomeningeal"])
    signs["enhancement_leptomeningeal"] = bool(
        drawn["enhancement_leptomeningeal"] and signs["cortical_gm"]
    )
    signs["subcortical"] = drawn["subcortical"] and _add_subcortical(placing, rng, look, drawn)
    signs["large_lesion"] = drawn["large_lesion"] and signs["subcortical"]
    signs["multifocal"] = len(placing.lesions) > 1
    return Patient(
        "mogad",
        brain,
        placing.lesions,
        {**signs, **structure_signs(placing.lesions)},
        context={"host": "none"},
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


def _fluffy(site: str, gray: float = 1.0) -> Look:
    return Look("mogad", site, edge_mm=FLUFFY_EDGE_MM, gray=gray, roughness=0.3)


def _add_subcortical(
    placing: Placing, rng: np.random.Generator, look: Appearance, drawn: dict[str, bool]
) -> bool:
    """Lesions on alternate sides: one of 22 to 35 mm where one is large, else 8 to 18 mm."""
    brain = placing.brain
    count = int(rng.integers(3, 7)) if drawn["multifocal"] else 1
    under = (brain.white > 0.7) & ~brain.infratentorial & (brain.ventricle_mm > 8)
    middle = brain.grid.shape[0] // 2
    added = False
    for n in range(count):
        half = np.zeros_like(under)
        half[:middle] = n % 2 == 0
        half[middle:] = n % 2 == 1
        places = np.argwhere(under & half & (brain.cortex_mm < 5))
        centre = brain.grid.to_mm(places[int(rng.integers(len(places)))])
        large = n == 0 and drawn["large_lesion"]
        size = float(rng.uniform(22, 35) if large else rng.uniform(8, 18))
        added |= placing.add(cloud(brain, rng, centre, size, _fluffy("subcortical", 0.4)), look)
    return added


def _add_cortex(
    placing: Placing, rng: np.random.Generator, look: Appearance, meninges: bool
) -> bool:
    """A ribbon of cortex on one side, white matter under it spared (PMC9630470)."""
    brain = placing.brain
    ribbon = (brain.gray > 0.5) & (brain.cortex_mm <= 0)
    places = np.argwhere(ribbon)
    centre = brain.grid.to_mm(places[int(rng.integers(len(places)))])
    lesion = cloud(brain, rng, centre, float(rng.uniform(25, 40)), _fluffy("cortical"))
    lesion = replace(lesion, fraction=lesion.fraction * ribbon[lesion.box])
    if meninges:
        surface = brain.csf[lesion.box] > 0.05
        lesion = replace(lesion, uptake=surface.astype(np.float32))
        look = replace(look, enhances=1.0, enhancement="uptake")
    return placing.add(lesion, look)
