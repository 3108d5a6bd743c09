"""Simulated studies with known answers: relapsing MS, and MS with one PML focus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.simulate.brain import BrainSettings, make_brain
from lesionaid.simulate.lesions import occupied_by
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.ms_patient import ms_patient
from lesionaid.simulate.pml import pml_course
from lesionaid.simulate.pml_dots import satellites
from lesionaid.simulate.pml_front import GROWTH_PER_MONTH, volume_before
from lesionaid.simulate.study import (
    ALL_CONTRASTS,
    DAYS_PER_MONTH,
    PRIOR_CONTRASTS,
    SimulatedStudy,
    examine,
    examined,
    head_position,
)
from lesionaid.simulate.tissue import ms_appearance, pml_appearance

__all__ = ["SimulatedStudy", "simulate_ms", "simulate_pml"]


def simulate_ms(
    seed: int, *, count: int = 22, settings: BrainSettings | None = None
) -> SimulatedStudy:
    """A patient with relapsing MS, with every structure that :func:`ms_patient` draws.

    Parameters
    ----------
    seed : int
    count : int
        Plaques that are placed; some may run together.
    settings : BrainSettings, optional
    """
    rng = np.random.default_rng(seed)
    brain = make_brain(rng, settings or BrainSettings(ventricle_mm=1.5))
    return examined(ms_patient(brain, rng, count=count), rng)


def simulate_pml(
    seed: int,
    *,
    volume_mm3: float = 10_000.0,
    months: float = 3.0,
    plaques: int = 8,
    dots: int = 7,
    settings: BrainSettings | None = None,
) -> SimulatedStudy:
    """A patient with old MS plaques and one PML focus, and the examination before.

    Parameters
    ----------
    seed : int
    volume_mm3 : float
        Of the PML focus now.
    months : float
        Since the prior, at which the focus was smaller by :data:`GROWTH_PER_MONTH` a month
        and had no satellites.
    plaques, dots : int
        MS plaques, the same at both dates; satellites.
    settings : BrainSettings, optional

    Raises
    ------
    ValueError
        When the brain has no room for the focus: choose another seed or a smaller volume.
    """
    rng = np.random.default_rng(seed)
    brain = make_brain(rng, settings or BrainSettings(ventricle_mm=1.0))
    old = ms_lesions(brain, rng, plaques)
    occupied = occupied_by(brain.grid.shape, old)
    course = pml_course(brain, rng, volume_mm3, occupied=occupied, cortical=True)
    if course is None:
        raise ValueError(f"seed {seed}: no room for a focus of {volume_mm3:g} mm3")
    focus = course.lesion(volume_mm3)
    around = satellites(brain, rng, focus, dots, occupied=occupied)
    earlier = course.lesion(volume_before(volume_mm3, months))
    ms = tuple((plaque, ms_appearance(rng)) for plaque in old)
    context = {"host": "ms", "drug": "natalizumab"}
    prior = examine(
        brain,
        (*ms, (earlier, pml_appearance())),
        rng,
        PRIOR_CONTRASTS,
        position=head_position(rng),
        context={**context, "drug_months": 30 - months},
        signs={"pml_lesion": len(ms) + 1},
        expected={},
    )
    pml = len(ms) + 1
    return replace(
        examine(
            brain,
            (*ms, (focus, pml_appearance()), *((dot, pml_appearance()) for dot in around)),
            rng,
            ALL_CONTRASTS,
            context={
                **context,
                "drug_months": 30,
                "prior_interval_days": round(months * DAYS_PER_MONTH),
            },
            signs={
                "pml_lesion": pml,
                "satellites": [pml + 1 + n for n in range(len(around))],
                "new_or_enlarging": [pml, *(pml + 1 + n for n in range(len(around)))],
                "unchanged": [n + 1 for n in range(len(ms))],
                "juxtacortical": True,
                "periventricular": False,
                "mass_effect": False,
                "contrast_enhancement": False,
                "dwi_rim": True,
                "growth_percent_per_month": round(100 * GROWTH_PER_MONTH, 1),
            },
            expected={"pattern": "pml_like", "alert_lesions": [pml]},
        ),
        prior=prior,
    )
