"""Every generator of the second family, by the names and signature of the first.

A generator takes a seed and, by keyword, ``settings`` (:class:`BrainSettings` or None, of
which voxel size and base are taken), and returns a :class:`SimulatedStudy`. It raises
ValueError where the brain that it drew has no room; the next seed may.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from lesionaid.simulate.acquisition import Acquisition
from lesionaid.simulate.brain import Brain, BrainSettings
from lesionaid.simulate.patient import Patient
from lesionaid.simulate.second.brain import drawn_scanner, second_brain
from lesionaid.simulate.second.mogad import mogad_patient
from lesionaid.simulate.second.ms import ms_patient
from lesionaid.simulate.second.nmosd import nmosd_patient
from lesionaid.simulate.second.pml_stages import pml_patient
from lesionaid.simulate.second.tumefactive import tumefactive_patient
from lesionaid.simulate.second.vascular import vascular_patient
from lesionaid.simulate.study import SimulatedStudy, examined

__all__ = ["GENERATORS", "MAKERS", "Generator", "PatientMaker"]

Generator = Callable[..., SimulatedStudy]
PatientMaker = Callable[[Brain, np.random.Generator], Patient]

MAKERS: Mapping[str, PatientMaker] = {
    "ms": ms_patient,
    "pml": pml_patient,
    "nmosd": nmosd_patient,
    "mogad": mogad_patient,
    "tumefactive": tumefactive_patient,
    "vascular": vascular_patient,
    "pml_inflammatory": partial(pml_patient, stage="inflammatory"),
    "pml_iris": partial(pml_patient, stage="iris"),
    "mixed": partial(pml_patient, heavy=True),
}
"""Patients before they are scanned."""


def scanned_patient(
    make: PatientMaker, seed: int, *, settings: BrainSettings | None = None
) -> SimulatedStudy:
    """Draw a brain, a scanner and a patient, and scan him at each of his dates.

    Raises
    ------
    ValueError
        When the brain has no room for the lesions.
    """
    rng = np.random.default_rng([seed, 2])
    brain = second_brain(rng, settings)
    scanner = drawn_scanner(rng)
    return _by(examined(make(brain, rng), rng), scanner)


def _by(study: SimulatedStudy, scanner: Acquisition) -> SimulatedStudy:
    """Every date by one scanner."""
    prior = None if study.prior is None else _by(study.prior, scanner)
    return replace(study, acquisition=scanner, prior=prior)


GENERATORS: Mapping[str, Generator] = {
    disease: partial(scanned_patient, make) for disease, make in MAKERS.items()
}
"""The second family: figures on it are the honest ones."""
