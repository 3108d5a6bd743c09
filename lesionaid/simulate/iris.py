"""PML in a patient with MS: before symptoms, inflammatory, and IRIS after the drug.

The focus and its satellites are those of :mod:`lesionaid.simulate.pml`; the stage decides
contrast uptake: at the border, in patches and in dots (PMID 26369555), in inflammatory PML
90 % and in IRIS 24 of 26. Swelling is not modelled; perivascular uptake outside the lesion
(a third of IRIS) is not either.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.patient import Patient, structure_signs
from lesionaid.simulate.placing import Placing
from lesionaid.simulate.pml import pml_course, satellites, volume_before
from lesionaid.simulate.shapes import patches, shell
from lesionaid.simulate.tissue import ms_appearance, pml_appearance

__all__ = ["Stage", "pml_patient"]

Stage = Literal["early", "inflammatory", "iris"]

VOLUME_MM3 = (4_000.0, 14_000.0)
"""Of the focus (proposed round the 6.7 ml of PCR-negative PML; PMC5885213)."""

STRENGTH = {"early": 0.3, "inflammatory": 0.5, "iris": 1.0}
"""Share of full enhancement (proposed: faint unless in IRIS)."""


def pml_patient(
    brain: Brain,
    rng: np.random.Generator,
    *,
    stage: Stage = "early",
    plaques: int = 8,
    months: float = 3.0,
) -> Patient:
    """MS with one new PML focus, and the date before it.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator
    stage : {"early", "inflammatory", "iris"}
    plaques : int
        MS plaques, the same at both dates; 0 for PML without MS.
    months : float
        Since the earlier date.

    Raises
    ------
    ValueError
        When the brain has no room for the focus.
    """
    drawn = draw_signs(
        "pml", rng, only={"punctate_satellites", "cortical_gm", "contrast_enhancement"}
    )
    if stage != "early":
        drawn |= draw_signs(f"pml_{stage}", rng, only={"contrast_enhancement"})
    pattern = draw_signs("pml_iris", rng)
    placing = Placing(brain)
    for plaque in ms_lesions(brain, rng, plaques):
        placing.add(plaque, ms_appearance(rng))
    old = placing.lesions
    volume = float(rng.uniform(*VOLUME_MM3))
    course = pml_course(brain, rng, volume, occupied=placing.taken, cortical=drawn["cortical_gm"])
    if course is None:
        raise ValueError(f"no room for a focus of {volume:.0f} mm3")
    focus = course.lesion(volume)
    enhances = STRENGTH[stage] if drawn["contrast_enhancement"] else 0.0
    look = pml_appearance(enhances=enhances)
    dots: tuple[SimulatedLesion, ...] = ()
    if drawn["punctate_satellites"]:
        count = int(rng.integers(4, 10))
        dots = satellites(brain, rng, focus, count, occupied=placing.taken)
    shown = _uptake(brain, rng, focus, pattern) if enhances else focus
    new = ((shown, look), *((dot, pml_appearance()) for dot in dots))
    lesions = (*old, *new)
    before = (*old, (course.lesion(volume_before(volume, months)), pml_appearance()))
    main = len(old) + 1
    signs = {
        **drawn,
        "punctate_satellites": len(dots) >= 3,
        "pml_lesion": main,
        "new_or_enlarging_lesions": list(range(main, len(lesions) + 1)),
        "oedema": False,
        "mass_effect": False,
        **{
            name: bool(enhances and pattern[name])
            for name in ("enhancement_patchy", "enhancement_punctate", "enhancement_peripheral")
        },
        **structure_signs(lesions),
    }
    context = {"host": "ms" if plaques else "none", "drug": "natalizumab", "drug_months": 30}
    earlier = Patient("pml", brain, before, {"pml_lesion": main}, context)
    expected = {"alert_lesions": [main]}
    return Patient("pml", brain, lesions, signs, context, expected, earlier, months)


def _uptake(
    brain: Brain,
    rng: np.random.Generator,
    focus: SimulatedLesion,
    pattern: dict[str, bool],
) -> SimulatedLesion:
    """Patches and dots, at the border where that is drawn; a faint border otherwise."""
    where = np.zeros_like(focus.fraction)
    if pattern["enhancement_patchy"]:
        where = np.maximum(where, patches(brain, rng, focus.box, knot_mm=9.0, share=0.35))
    if pattern["enhancement_punctate"]:
        where = np.maximum(where, patches(brain, rng, focus.box, knot_mm=3.0, share=0.12))
    border = shell(brain, focus, 4.0)
    if pattern["enhancement_peripheral"]:
        where = where * border if where.any() else border
    return replace(focus, uptake=where.astype(np.float32))
