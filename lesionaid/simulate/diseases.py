"""Every generator by family and disease: what ``lesionaid simulate`` can make.

A generator takes a seed and, by keyword, ``settings`` (:class:`BrainSettings` or None), and
returns a :class:`SimulatedStudy`. It raises ValueError where the brain that it drew has no
room; the next seed may. What is scanned, and how, is decided afterwards
(:func:`lesionaid.simulate.protocol.scanned`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from lesionaid.simulate.brain import Brain, BrainSettings, make_brain
from lesionaid.simulate.iris import pml_patient, pml_series
from lesionaid.simulate.mixed import mixed_patient
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


MAKERS: Mapping[str, PatientMaker] = {
    "ms": ms_patient,
    "pml": pml_patient,
    "nmosd": nmosd_patient,
    "mogad": mogad_patient,
    "mogad_follow_up": partial(mogad_patient, follow_up=True),
    "tumefactive": tumefactive_patient,
    "vascular": vascular_patient,
    "pml_inflammatory": partial(pml_patient, stage="inflammatory"),
    "pml_iris": pml_series,
    "mixed": mixed_patient,
}

GENERATORS: Mapping[str, Generator] = {
    disease: partial(scanned_patient, make) for disease, make in MAKERS.items()
}
"""The first family: the one that settings are chosen with and models are trained on. Only it has
the follow-up of MOGAD, at which no lesion may be left."""

FAMILIES: Mapping[str, Mapping[str, Generator]] = {"first": GENERATORS, "second": SECOND}
