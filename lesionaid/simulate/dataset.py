"""Simulated studies with known answers: relapsing MS, and MS with one PML focus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.simulate.brain import Brain, BrainSettings, make_brain
from lesionaid.simulate.lesions import SimulatedLesion, occupied_by
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.pml import GROWTH_PER_MONTH, pml_course, satellites, volume_before
from lesionaid.simulate.study import (
    ALL_CONTRASTS,
    DAYS_PER_MONTH,
    PRIOR_CONTRASTS,
    SimulatedStudy,
    examine,
    head_position,
)
from lesionaid.simulate.tissue import ms_appearance, pml_appearance

__all__ = ["SimulatedStudy", "simulate_ms", "simulate_pml", "with_ring"]


def simulate_ms(
    seed: int, *, count: int = 22, settings: BrainSettings | None = None
) -> SimulatedStudy:
    """A patient with relapsing MS; one plaque enhances as a nodule, one as a ring.

    Parameters
    ----------
    seed : int
    count : int
        Plaques.
    settings : BrainSettings, optional
    """
    rng = np.random.default_rng(seed)
    brain = make_brain(rng, settings or BrainSettings(ventricle_mm=1.5))
    plaques = ms_lesions(brain, rng, count)
    by_size = sorted(range(len(plaques)), key=lambda n: -plaques[n].diameter_mm)
    enhancing = dict(zip(by_size[1:3], ("nodular", "ring"), strict=False))
    lesions = tuple(
        (with_ring(plaque, brain), ms_appearance(rng, enhancement=enhancing.get(n, "none")))
        for n, plaque in enumerate(plaques)
    )
    return examine(
        brain,
        lesions,
        rng,
        ALL_CONTRASTS,
        context={"host": "ms", "drug": "none"},
        signs={
            "punctate_satellites_of_pml": False,
            "enhancing_lesions": sorted(n + 1 for n in enhancing),
        },
        expected={"pattern_is_not": "pml_like", "alert_lesions": []},
    )


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


def with_ring(plaque: SimulatedLesion, brain: Brain) -> SimulatedLesion:
    """A plaque whose outer 2 mm are its rim, for ring enhancement."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(plaque.mask, sampling=brain.grid.spacing_mm)
    rim = np.clip(3.0 - depth, 0, 1).astype(np.float32)
    return replace(plaque, rim=rim)
