"""MOGAD lesions: fluffy, often on both sides; peduncle, pons, deep grey, one cortex; resolving.

References
----------
Banwell 2023 supporting features (PMC10165591); middle peduncle: Banks, PMC8592388;
resolution: Sechi 2021, PMC8456356 (an attack scan and one after more than six months);
cortex with the white matter beneath spared: PMC9630470. Frequencies:
``data/frequencies.yaml``. Sizes other than "2 cm" (Mayo, tumefactive lesions in MOGAD) and
every edge width are proposed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs, share
from lesionaid.simulate.landmarks import POINTS, Point, point_mm
from lesionaid.simulate.lesions import SimulatedLesion, largest_component
from lesionaid.simulate.observed import extent_mm, shape_signs
from lesionaid.simulate.observed_sites import site_signs
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.placing import Placing, look_of
from lesionaid.simulate.shapes import Look, cloud, shrunken, volume_mm3
from lesionaid.simulate.tissue import Appearance, Tissue

__all__ = ["mogad_patient"]

FLUFFY = Tissue(1200.0, 140.0, 0.81, 1.1)
"""Proposed: a little paler than an MS plaque."""

SWOLLEN_CORTEX = Tissue(1500.0, 160.0, 0.86, 0.95)
"""Proposed: brighter than cortex on FLAIR."""

FLUFFY_EDGE_MM = 6.0
"""Width of the blurred edge (proposed; readers call it ill-defined)."""

NAMED: Mapping[str, tuple[Point, tuple[float, float]]] = {
    "cerebellar_peduncle_diffuse": (POINTS["middle_peduncle"], (18.0, 24.0)),
    "deep_gm_thalamus": (POINTS["thalamus"], (10.0, 16.0)),
    "pons": (POINTS["pons"], (12.0, 18.0)),
    "area_postrema": ((2.0, -43.0, -55.0), (7.0, 10.0)),
}
"""Site and diameters in mm; "area_postrema" is the catalogue's name for dorsal medulla."""

BOTH_SIDES = frozenset({"cerebellar_peduncle_diffuse", "deep_gm_thalamus"})

FOSSA = frozenset({"cerebellar_peduncle_diffuse", "pons", "area_postrema"})

FLUFFY_MM = 8.0
"""An infratentorial lesion with the blurred edge is more than a dot from here (proposed)."""

MONTHS = (6.5, 12.0)
"""From the attack to the follow-up: over six months, as in Sechi 2021."""

LEFT_OVER, PALER = (0.15, 0.5), 0.8
"""Share of its volume that stays of a lesion that does not resolve, and how much of its
excess T1 and T2 (proposed)."""

PIA_SHARE, PIA_MM = 0.45, 2.0
"""Share of a voxel that enhancing pia fills: under half, so that no mask takes it in; and how
far from the lesion (proposed)."""

Lesions = tuple[tuple[SimulatedLesion, Appearance], ...]


def mogad_patient(brain: Brain, rng: np.random.Generator, *, follow_up: bool = False) -> Patient:
    """A patient at an attack, or after it.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator
    follow_up : bool
        Return the date after the attack, with the attack as its `earlier`: then lesions have
        resolved or shrunk. In 7 of 18 none is left, and the patient has no lesions.

    Raises
    ------
    ValueError
        When the brain knows no MNI coordinates.
    """
    drawn = draw_signs("mogad", rng)
    while not any(drawn[sign] for sign in (*NAMED, "subcortical", "cortical_gm")):
        drawn = draw_signs("mogad", rng)  # only patients with a brain lesion are simulated
    placing = Placing(brain)
    for sign in NAMED:
        if drawn[sign]:
            _add_named(placing, rng, sign)
    if drawn["cortical_gm"]:
        _add_cortex(placing, rng, meninges=drawn["enhancement_leptomeningeal"])
    if drawn["subcortical"] or not placing.lesions:
        _add_subcortical(placing, rng, drawn)
    attack = _patient(brain, placing.lesions, {})
    return _later(attack, rng) if follow_up else attack


def _patient(brain: Brain, lesions: Lesions, change: Mapping[str, bool]) -> Patient:
    return Patient(
        "mogad",
        brain,
        lesions,
        {**_signs(brain, lesions), **change},
        context={"host": "none"},
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


def _signs(brain: Brain, lesions: Lesions) -> dict[str, Any]:
    shapes = [lesion for lesion, _ in lesions]
    fluffy = [
        extent_mm(brain, one) >= FLUFFY_MM and bool(brain.infratentorial[one.box][one.mask].any())
        for one in shapes
    ]
    pia = any(look.enhances > 0 for _, look in lesions)
    return {
        **shape_signs(brain, lesions),
        **site_signs(brain, shapes),
        "fluffy_infratentorial": any(fluffy),
        "enhancement_leptomeningeal": pia,
        **structure_signs(lesions),
    }


def _later(attack: Patient, rng: np.random.Generator) -> Patient:
    """All lesions gone, the largest gone, or every lesion smaller and paler."""
    fate = float(rng.random())
    kept: list[tuple[SimulatedLesion, Appearance]] = []
    if fate >= share("mogad", "all_lesions_resolved"):
        index = max(
            range(len(attack.lesions)),
            key=lambda n: volume_mm3(attack.brain, attack.lesions[n][0]),
        )
        gone = index if fate < share("mogad", "resolved") else None
        for n, (lesion, look) in enumerate(attack.lesions):
            rest = shrunken(attack.brain, lesion, float(rng.uniform(*LEFT_OVER)))
            if n != gone and rest.mask.any():
                kept.append((replace(rest, uptake=None), _paler(look)))
    change = {
        "resolved": len(kept) < len(attack.lesions),
        "all_lesions_resolved": not kept,
        "regressing": bool(kept),
        "new_vs_prior": False,
        "enlarging": False,
    }
    later = _patient(attack.brain, tuple(kept), change)
    attack = replace(attack, all_contrasts=True)  # its uptake is to be seen
    return replace(later, earlier=attack, months=round(float(rng.uniform(*MONTHS)), 1))


def _paler(look: Appearance) -> Appearance:
    core = look.core
    normal = Tissue(832.0, 79.6, 0.70, 0.72)  # white matter
    pale = Tissue(
        normal.t1_ms + PALER * (core.t1_ms - normal.t1_ms),
        normal.t2_ms + PALER * (core.t2_ms - normal.t2_ms),
        core.proton_density,
        core.adc,
    )
    return Appearance(pale, pale)


def _fluffy(site: str, gray: float = 1.0) -> Look:
    return Look("mogad", site, edge_mm=FLUFFY_EDGE_MM, gray=gray, roughness=0.3)


def _add_named(placing: Placing, rng: np.random.Generator, sign: str) -> None:
    """At a named site; in the peduncle and the thalamus on both sides in half of patients."""
    point, sizes = NAMED[sign]
    both = sign in BOTH_SIDES and rng.random() < 0.5
    first = bool(rng.random() < 0.5)
    for left in (first, not first) if both else (first,):
        centre = point_mm(placing.brain, point, left=left)
        lesion = cloud(placing.brain, rng, centre, float(rng.uniform(*sizes)), _fluffy(sign))
        if sign in FOSSA:  # the tentorium stops it
            below = placing.brain.infratentorial[lesion.box]
            lesion = replace(lesion, fraction=lesion.fraction * below)
        placing.add(lesion, look_of(FLUFFY, rng))


def _add_subcortical(placing: Placing, rng: np.random.Generator, drawn: dict[str, bool]) -> None:
    """Lesions on alternate sides: one of 24 to 36 mm where one is large, else 8 to 17 mm."""
    brain = placing.brain
    count = int(rng.integers(3, 7)) if drawn["multifocal"] else 1
    white = (brain.white > 0.7) & ~brain.infratentorial & (brain.ventricle_mm > 8)
    right = _right(brain)
    for n in range(count):
        large = n == 0 and drawn["size_over_20mm"]
        near = brain.cortex_mm < (8.0 if large else 4.0)
        places = np.argwhere(white & near & (right == bool(n % 2)))
        centre = brain.grid.to_mm(places[int(rng.integers(len(places)))])
        size = float(rng.uniform(24, 36) if large else rng.uniform(8, 17))
        lesion = cloud(brain, rng, centre, size, _fluffy("subcortical", 0.5))
        placing.add(lesion, look_of(FLUFFY, rng))


def _add_cortex(placing: Placing, rng: np.random.Generator, *, meninges: bool) -> None:
    """A ribbon of cortex on one side, white matter under it spared.

    Anywhere but in the occipital lobe, which is involved least (PMC9630470).
    """
    brain = placing.brain
    assert brain.mni_mm is not None
    ribbon = (brain.gray > 0.5) & (brain.cortex_mm <= 0)
    side = _right(brain) == bool(rng.random() < 0.5)
    outer = np.abs(brain.mni_mm[..., 0]) > 15.0
    places = np.argwhere(ribbon & side & outer & (brain.mni_mm[..., 1] > -65.0))
    best: SimulatedLesion | None = None
    for voxel in places[rng.integers(len(places), size=4)]:
        centre = brain.grid.to_mm(voxel)
        ball = cloud(brain, rng, centre, float(rng.uniform(32, 46)), _fluffy("cortical"))
        only = ball.fraction * (ribbon & side)[ball.box]
        strip = replace(ball, fraction=largest_component(only))
        if best is None or volume_mm3(brain, strip) > volume_mm3(brain, best):
            best = strip
    assert best is not None
    look = look_of(SWOLLEN_CORTEX, rng)
    if meninges:
        best = _with_pia(brain, best)
        look = replace(look, enhances=1.0, enhancement="uptake")
    placing.add(best, look)


def _with_pia(brain: Brain, lesion: SimulatedLesion) -> SimulatedLesion:
    """A thin film in the sulci over the lesion that takes up gadolinium."""
    from scipy.ndimage import distance_transform_edt

    away = distance_transform_edt(~lesion.mask, sampling=brain.grid.spacing_mm)
    film = (away > 0) & (away <= PIA_MM) & (brain.csf[lesion.box] > 0.3)
    fraction = np.where(film, np.float32(PIA_SHARE), lesion.fraction).astype(np.float32)
    border = lesion.mask & (brain.csf[lesion.box] > 0.05)
    return replace(lesion, fraction=fraction, uptake=(film | border).astype(np.float32))


def _right(brain: Brain) -> NDArray[np.bool_]:
    assert brain.mni_mm is not None
    right: NDArray[np.bool_] = brain.mni_mm[..., 0] > 0
    return right
