"""Small-vessel disease: caps and bands on both sides, deep dots, lacunes.

U-fibres and callosum are spared. A lacune is a cavity of 3 to 15 mm with a bright rim on FLAIR
(STRIVE; Wardlaw JM et al., Lancet Neurol 2013;12:822). Frequencies are those of the general
population (``data/frequencies.yaml``); widths and counts are proposed, so nothing here may set a
threshold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.observed import shape_signs
from lesionaid.simulate.observed_sites import site_signs
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.placing import Placing, look_of
from lesionaid.simulate.shapes import FADE_MM, Look, cloud, lining, pieces, volume_mm3
from lesionaid.simulate.texture import shell
from lesionaid.simulate.tissue import CSF, Appearance, Tissue
from lesionaid.simulate.truth_sites import in_callosum

__all__ = ["vascular_patient"]

GLIOSIS = Tissue(1100.0, 130.0, 0.78, 1.05)
"""Proposed: paler than an MS plaque."""

U_FIBRE_MM = 4.5
"""White matter this close to the cortex is left out: more than the 3 mm of U-fibres."""

EVEN = 0.5
"""Sides mirror one another when the lighter one holds this share of the other's load
(proposed)."""

LACUNE_MM = (6.0, 11.0)
"""Within the 3 to 15 mm of STRIVE: the small ones drown in the voxel."""


def vascular_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """A patient with caps and bands along both lateral ventricles and what else is drawn.

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
    if brain.mni_mm is None:
        raise ValueError("this brain knows no MNI coordinates, so it has no named sites")
    drawn = draw_signs("vascular", rng)
    while not (drawn["periventricular"] or drawn["deep_wm"]):
        drawn = draw_signs("vascular", rng)  # only patients with a lesion are simulated
    placing, free = Placing(brain), _free(brain)
    thickness = float(rng.uniform(3.0, 6.0))
    right = brain.mni_mm[..., 0] > 0
    sides = [right, ~right] if drawn["symmetric"] else [right == bool(rng.random() < 0.5)]
    if drawn["periventricular"]:
        for side in sides:
            _add_bands(placing, rng, free & side, thickness)
    high = brain.mni_mm[..., 2] > 2.0
    deep = free & high & (brain.ventricle_mm > thickness + 5) & (brain.cortex_mm > U_FIBRE_MM + 2)
    if drawn["deep_wm"]:
        count = int(rng.integers(4, 9))
        for side in sides:
            _add_dots(placing, rng, deep & side, count, free)
    if drawn["lacune"]:
        _add_lacunes(placing, rng, deep | _deep_gray(brain))
    signs = _signs(brain, placing.lesions)
    return Patient("vascular", brain, placing.lesions, signs, context={"host": "none"})


def _signs(
    brain: Brain, lesions: tuple[tuple[SimulatedLesion, Appearance], ...]
) -> Mapping[str, Any]:
    shapes = [lesion for lesion, _ in lesions]
    signs: dict[str, Any] = {
        **shape_signs(brain, lesions),
        **site_signs(brain, shapes),
        "lacune": any(one.site == "lacune" for one in shapes),
    }
    right, left = (sum(_volume_on(brain, one, side) for one in shapes) for side in (1, -1))
    if signs.get("periependymal_lateral_ventricle"):
        del signs["periependymal_lateral_ventricle"]  # a band here is a cap's neighbour: open
    signs["symmetric"] = min(right, left) >= EVEN * max(right, left) > 0
    return {**signs, **structure_signs(lesions)}


def _volume_on(brain: Brain, lesion: SimulatedLesion, side: int) -> float:
    assert brain.mni_mm is not None
    x = brain.mni_mm[lesion.box][..., 0][lesion.mask]
    return float((x * side > 0).sum()) * brain.grid.voxel_volume_mm3


def _free(brain: Brain) -> NDArray[np.bool_]:
    """Cerebral white matter without U-fibres and callosum."""
    assert brain.mni_mm is not None
    free = (brain.white > 0.7) & ~brain.infratentorial & (brain.cortex_mm > U_FIBRE_MM)
    at = np.asarray(brain.mni_mm[free], dtype=float)
    free[free] = ~in_callosum(at)
    return free


def _deep_gray(brain: Brain) -> NDArray[np.bool_]:
    """Grey matter that is neither cortex nor near it: nuclei, where most lacunes lie."""
    deep: NDArray[np.bool_] = (
        (brain.gray > 0.7)
        & ~brain.infratentorial
        & (brain.cortex_mm > U_FIBRE_MM)
        & (brain.ventricle_mm > 4)
        & (brain.ventricle_mm < 30)
    )
    return deep


def _add_bands(
    placing: Placing, rng: np.random.Generator, side: NDArray[np.bool_], thickness_mm: float
) -> None:
    """A cap on the frontal and on the occipital horn, a band along the body."""
    brain = placing.brain
    assert brain.mni_mm is not None
    wall = np.argwhere(side & (brain.ventricle_mm > 0) & (brain.ventricle_mm < 2.5))
    if len(wall) == 0:
        return
    y = brain.mni_mm[tuple(wall.T)][:, 1]
    look = Look("vascular", "periventricular", edge_mm=2.5, gray=0.0)
    front, back = int(np.argmax(y)), int(np.argmin(y))
    body = int(np.argmin(np.abs(y - rng.uniform(-15.0, 5.0))))
    for n, reach, wide in ((front, 11.0, 1.4), (back, 11.0, 1.4), (body, 16.0, 1.0)):
        centre = brain.grid.to_mm(wall[n])
        band = lining(brain, rng, brain.ventricle_mm, centre, reach, wide * thickness_mm, look)
        for piece in pieces(_within(brain, band, side))[:1]:
            placing.add(piece, look_of(GLIOSIS, rng))


def _add_dots(
    placing: Placing,
    rng: np.random.Generator,
    where: NDArray[np.bool_],
    count: int,
    free: NDArray[np.bool_],
) -> None:
    """Round lesions, centred in one area and faded out towards the end of another."""
    brain = placing.brain
    look = Look("vascular", "deep_white_matter", edge_mm=1.5, gray=0.0)
    places = np.argwhere(where)
    for voxel in places[rng.integers(len(places), size=count)] if len(places) else ():
        dot = cloud(brain, rng, brain.grid.to_mm(voxel), float(rng.uniform(3.5, 7.0)), look)
        placing.add(_within(brain, dot, free), look_of(GLIOSIS, rng))


def _add_lacunes(placing: Placing, rng: np.random.Generator, where: NDArray[np.bool_]) -> None:
    """One to three cavities with a gliotic rim of 1 mm, or a voxel where that is more."""
    brain = placing.brain
    look = Look("vascular", "lacune", edge_mm=2.0)
    places = np.argwhere(where)
    for voxel in places[rng.integers(len(places), size=int(rng.integers(1, 4)))]:
        hole = cloud(brain, rng, brain.grid.to_mm(voxel), float(rng.uniform(*LACUNE_MM)), look)
        if volume_mm3(brain, hole) > 0:
            rim = shell(brain, hole, max(1.0, *brain.grid.spacing_mm))
            placing.add(replace(hole, rim=rim), Appearance(CSF, GLIOSIS))


def _within(brain: Brain, lesion: SimulatedLesion, where: NDArray[np.bool_]) -> SimulatedLesion:
    """Faded out towards the voxels where the disease does not go."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(where[lesion.box], sampling=brain.grid.spacing_mm)
    kept = np.clip(depth / FADE_MM, 0, 1).astype(np.float32)
    return replace(lesion, fraction=lesion.fraction * kept)
