"""A heavy load of MS and one new, early PML lesion: the patient in whom PML is missed.

Plaques and PML are those of their own generators; on natalizumab no plaque enhances (2 of 59
ratings of new MS lesions do; Wijburg et al. 2016, doi 10.1136/jnnp-2016-313772).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.iris import pml_on_plaques
from lesionaid.simulate.ms_patient import ms_patient
from lesionaid.simulate.patient import Patient

__all__ = ["mixed_patient"]

PLAQUES = (32, 45)
"""Plaques asked for (proposed: of those that find room at least 20 must be left)."""

FEWEST = 20
"""Of a heavy load (proposed)."""

TRIES = 10
"""Patients drawn until one has a single focus (of those with early PML a part have more)."""


def mixed_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """At least 20 plaques, the same at both dates, and a PML lesion that grew between them.

    Parameters
    ----------
    brain : Brain
        With MNI coordinates.
    rng : numpy.random.Generator

    Returns
    -------
    Patient
        The later date; its ``earlier`` is the date before. What is true of the plaques stands
        beside what is true of the PML lesion.

    Raises
    ------
    ValueError
        When the brain has no room for 20 plaques or for one PML lesion.
    """
    ms = ms_patient(brain, rng, count=int(rng.integers(*PLAQUES, endpoint=True)))
    old = tuple((plaque, replace(look, enhances=0.0)) for plaque, look in ms.lesions)
    if len(old) < FEWEST:
        raise ValueError(f"room for {len(old)} plaques, {FEWEST} are asked for")
    of_plaques = {
        sign: truth for sign, truth in ms.signs.items() if truth is True and "enhanc" not in sign
    }
    for _ in range(TRIES):
        patient = pml_on_plaques(brain, rng, old, stage="early")
        if [lesion.role for lesion, _ in patient.lesions].count("main") == 1:
            return replace(patient, disease="mixed", signs={**of_plaques, **patient.signs})
    raise ValueError("no patient with a single focus was drawn")
