"""Small-vessel disease: caps and bands on both sides, deep dots, lacunes.

U-fibres and callosum are spared. All widths and counts are proposed: the evidence files
hold no table of small-vessel disease, so nothing here may set a threshold.
"""

from __future__ import annotations

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs
from lesionaid.simulate.landmarks import within_box
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.placing import Placing
from lesionaid.simulate.shapes import Look, cloud, lining
from lesionaid.simulate.tissue import CSF, Appearance, Tissue

__all__ = ["vascular_patient"]

GLIOSIS = Tissue(1100.0, 125.0, 0.78, 1.05)
"""Proposed: paler than an MS plaque."""

U_FIBRE_MM = 4.0
"""White matter this close to the cortex is left out."""


def vascular_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """A patient with bands along both lateral ventricles and what else is drawn."""
    drawn = draw_signs("vascular", rng)
    placing = Placing(brain)
    gliosis = Appearance(GLIOSIS, GLIOSIS)
    free = (brain.white > 0.8) & ~brain.infratentorial & ~within_box(brain, "callosum")
    middle = brain.grid.shape[0] // 2
    left, right = free.copy(), free.copy()
    left[middle:], right[:middle] = False, False
    along = (brain.ventricle_mm > 0) & (brain.ventricle_mm < 2)
    thickness = float(rng.uniform(3.0, 6.0))
    banded = []
    for side in (left, right) if drawn["symmetric"] else (left,):
        places = np.argwhere(side & along)
        for voxel in places[rng.integers(len(places), size=3)]:
            look = Look("vascular", "periventricular", edge_mm=2.0, gray=0.1)
            centre = brain.grid.to_mm(voxel)
            band = lining(brain, rng, brain.ventricle_mm, centre, 16.0, thickness, look)
            banded.append((side is left, placing.add(band, gliosis)))
    deep = free & (brain.cortex_mm > U_FIBRE_MM + 3) & (brain.ventricle_mm > thickness + 6)
    dots = _scatter(placing, rng, deep, 12 if drawn["deep_wm"] else 0, (3.2, 6.0), gliosis)
    fluid = Appearance(CSF, GLIOSIS)
    lacunes = _scatter(placing, rng, deep, 2 if drawn["lacune"] else 0, (4.0, 10.0), fluid)
    sides = {left_side for left_side, added in banded if added}
    signs = {
        "symmetric": len(sides) == 2,
        "deep_wm": dots > 0,
        "lacune": lacunes > 0,
        "periventricular": bool(sides),
        "juxtacortical_ufibre": False,
        "corpus_callosum": False,
        **structure_signs(placing.lesions),
    }
    return Patient("vascular", brain, placing.lesions, signs, context={"host": "none"})


def _scatter(
    placing: Placing,
    rng: np.random.Generator,
    where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    count: int,
    sizes: tuple[float, float],
    look: Appearance,
) -> int:
    places = np.argwhere(where)
    if len(places) == 0:
        return 0
    shape = Look("vascular", "deep_white_matter", edge_mm=1.0, gray=0.0)
    centres = [placing.brain.grid.to_mm(v) for v in places[rng.integers(len(places), size=count)]]
    return sum(
        placing.add(cloud(placing.brain, rng, at, float(rng.uniform(*sizes)), shape), look)
        for at in centres
    )
