"""Every generator by family and disease: what ``lesionaid simulate`` can make.

A generator takes a seed and, by keyword, ``settings`` (:class:`BrainSettings` or None), and
returns a :class:`SimulatedStudy`. It raises ValueError where the brain that it drew has no
room; the next seed may. What is scanned, and how, is decided afterwards
(:func:`lesionaid.simulate.protocol.scanned`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from lesionaid.simulate.brain import Brain, BrainSettings, make_brain
from lesionaid.simulate.iris import pml_on_plaques, pml_patient, pml_series
from lesionaid.simulate.mogad import mogad_patient
from lesionaid.simulate.ms_patient import ms_patient
from lesionaid.simulate.nmosd import nmosd_patient
from lesionaid.simulate.patient import Patient
from lesionaid.simulate.second.diseases import GENERATORS as SECOND
from lesionaid.simulate.study import SimulatedStudy, examined
from lesionaid.simulate.tumefactive import tumefactive_patient
from lesionaid.simulate.vascular import vascular_patient

__all__ = ["FAMILIES", "GENERATORS", "Generator", "PatientMaker", "scanned_patient"]

Generator = Callable[..., SimulatedStudy]
PatientMaker = Callable[[Brain, np.random.Generator], Patient]

HEAVY_LOAD = 26
"""Plaques placed in the patient with MS and one new PML lesion (proposed: over the 20 of a heavy
load when some have run together)."""

TRIES = 10
"""Patients drawn until one has a single focus (of those with early PML a part have more)."""


def scanned_patient(
    make: PatientMaker, seed: int, *, settings: BrainSettings | None = None
) -> SimulatedStudy:
    """Draw a brain, put a patient's lesions into it, and scan it at each of his dates.

    Raises
    ------
    ValueError
        When the brain has no room for the lesions.
    """
    rng = np.random.default_rng(seed)
    brain = make_brain(rng, settings)
    return examined(make(brain, rng), rng)


def mixed_patient(brain: Brain, rng: np.random.Generator) -> Patient:
    """A heavy load of old plaques, none of them enhancing, and one new early PML focus.

    Raises
    ------
    ValueError
        When the brain has no room for the focus.
    """
    plaques = ms_patient(brain, rng, count=HEAVY_LOAD).lesions
    old = tuple((plaque, replace(look, enhances=0.0)) for plaque, look in plaques)
    for _ in range(TRIES):
        patient = pml_on_plaques(brain, rng, old)
        if [lesion.role for lesion, _ in patient.lesions].count("main") == 1:
            return patient
    raise ValueError("no patient with a single focus was drawn")


MAKERS: Mapping[str, PatientMaker] = {
    "ms": ms_patient,
    "pml": pml_patient,
    "nmosd": nmosd_patient,
    "mogad": mogad_patient,
    "tumefactive": tumefactive_patient,
    "vascular": vascular_patient,
    "pml_inflammatory": partial(pml_patient, stage="inflammatory"),
    "pml_iris": pml_series,
    "mixed": mixed_patient,
}

GENERATORS: Mapping[str, Generator] = {
    disease: partial(scanned_patient, make) for disease, make in MAKERS.items()
}
"""The first family: the one that settings are chosen with and models are trained on."""

FAMILIES: Mapping[str, Mapping[str, Generator]] = {"first": GENERATORS, "second": SECOND}
