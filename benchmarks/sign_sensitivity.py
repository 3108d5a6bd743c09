"""How often each sign is found in simulated patients: ``python benchmarks/sign_sensitivity.py``.

    python benchmarks/sign_sensitivity.py [--n 1] [--seed 11] [-o docs/sign_sensitivity.md]

Patients of the second generator family, which sets no threshold, are scanned at 1 mm and in
slices of 3 mm and measured; every sign is held against what is true of them by construction.
Self-consistency on simulated scans, never accuracy. The way is that of ``lesionaid assess``
with three shortcuts: the lesion mask and the warp to MNI152 are the simulator's own and no bias
field is laid over the scans, so errors of segmentation, registration and bias correction are not
in these figures. Signs of change are not asked: only the
last date is scanned.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from lesionaid.anatomy.align import align_study
from lesionaid.anatomy.brain import Brain
from lesionaid.anatomy.build import build_anatomy
from lesionaid.anatomy.refine import refine_anatomy
from lesionaid.anatomy.to_template import Registered
from lesionaid.context import ClinicalContext
from lesionaid.features.catalogue import measure
from lesionaid.files import write_atomic
from lesionaid.geometry import Grid, resample
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.derive import derive
from lesionaid.simulate.diseases import FAMILIES
from lesionaid.simulate.generate import Order, Patient, simulate_patient
from lesionaid.simulate.protocol import Protocol, scanned
from lesionaid.simulate.study import ALL_CONTRASTS, SimulatedStudy
from lesionaid.simulate.truth_look import look_signs
from lesionaid.simulate.truth_signs import PART, Margin, lesion_signs
from lesionaid.study.scan import Contrast, LesionMask, Scan, Source, Study
from lesionaid.tables import SignTable
from lesionaid.truth import Truth

SLICES: Mapping[str, float | None] = {"1 mm": None, "3 mm": 3.0}
CONTRASTS = (*ALL_CONTRASTS, Contrast.SWI, Contrast.PHASE)

OUTSIDE_MM = 300.0
"""MNI152 mm of what lies outside the simulated field: nowhere near a brain."""

MOSTLY, HALF = 0.8, 0.5
"""A measured lesion stands for a simulated one that makes up most of it and has half of its
volume there; lesions that ran together are not compared one by one."""


@dataclass
class Tally:
    """What was said of a sign where it is true, and where it is false."""

    present: Counter[Truth] = field(default_factory=Counter)
    absent: Counter[Truth] = field(default_factory=Counter)

    def add(self, truth: bool, found: Truth) -> None:
        """Count one lesion or patient."""
        (self.present if truth else self.absent)[found] += 1


Key = tuple[str, str, str]
"""Level, sign, slices."""

STUDY = "study"
"""Level of the tally of patients, by disease."""


@dataclass(frozen=True)
class KnownWarp:
    """The simulator's own way to MNI152, in place of a registration."""

    study: SimulatedStudy

    def moving_mm(self, grid: Grid) -> np.ndarray:
        """MNI152 mm of every voxel of a grid."""
        mni = self.study.brain.mni_mm
        assert mni is not None
        axes = [
            resample(mni[..., axis], self.study.grid, grid, order=1, fill=OUTSIDE_MM)
            for axis in range(3)
        ]
        return np.stack(axes, axis=-1).astype(np.float32)


def study_of(simulated: SimulatedStudy) -> Study:
    """The scans and the mask as the gate would hand them on."""
    scans = {
        contrast: Scan(
            data.astype(np.float32),
            simulated.grid_of(contrast),
            contrast,
            Source(f"{contrast}.nii.gz", "", "RAS", simulated.grid_of(contrast)),
        )
        for contrast, data in simulated.scans.items()
    }
    where = simulated.grid_of(Contrast.FLAIR)
    mask = LesionMask(
        simulated.mask.astype(np.int32), where, Source("lesions.nii.gz", "", "RAS", where)
    )
    return Study(scans=scans, reference=where, lesions=mask)


def measured(simulated: SimulatedStudy) -> tuple[SignTable, LesionMap]:
    """The signs by the way of ``assess``, the warp apart."""
    study = align_study(study_of(simulated))
    assert study.reference is not None
    assert study.lesions is not None
    inside = simulated.brain.inside.astype(np.uint8)
    brain = Brain(resample(inside, simulated.grid, study.reference, order=0) > 0, "given")
    known = Registered(KnownWarp(simulated), {})  # type: ignore[arg-type]
    anatomy = refine_anatomy(build_anatomy(study, brain, known), study)
    lesions = lesion_map(study.lesions)
    return derive(measure(study, anatomy, lesions), load_catalogue(), ClinicalContext()), lesions


def pairs(simulated: SimulatedStudy, lesions: LesionMap) -> Iterator[tuple[int, int]]:
    """Measured lesions and the number of the simulated one that each stands for."""
    labels = resample(simulated.labels, simulated.grid, lesions.grid, order=0)
    whole = np.bincount(labels.ravel())
    for lesion in lesions.lesions:
        if lesion.speck:
            continue
        here = labels[lesion.box][lesions.labels[lesion.box] == lesion.id]
        counts = np.bincount(here, minlength=2)
        best = int(np.argmax(counts[1:])) + 1
        if counts[best] >= max(MOSTLY * lesion.n_voxels, HALF * whole[best], 1):
            yield lesion.id, best


def of_change(sign: str) -> bool:
    """Whether a sign asks for an earlier date, which is not scanned here."""
    return load_catalogue().signs[sign].section == "change"


def compare(simulated: SimulatedStudy, slices: str, tallies: dict[Key, Tally]) -> None:
    """Add what was found in one patient."""
    signs, lesions = measured(simulated)

    def add(level: str, truths: Mapping[str, object], found: Mapping[str, object]) -> None:
        for sign, truth in truths.items():
            if isinstance(truth, bool) and sign in found and not of_change(sign):
                tally = tallies.setdefault((level, sign, slices), Tally())
                tally.add(truth, found[sign].truth)  # type: ignore[attr-defined]

    add("patient", simulated.signs, signs.patient)
    margin = Margin(max(simulated.brain.grid.spacing_mm) / 4, PART)
    for measured_id, number in pairs(simulated, lesions):
        lesion, look = simulated.lesions[number - 1]
        truths = {
            **lesion_signs(simulated.truth[number - 1], margin),
            **look_signs(simulated.brain, lesion, look),
        }
        add("lesion", truths, signs.lesions[measured_id])


def share(part: Counter[Truth], truth: Truth) -> str:
    total = sum(part.values())
    return f"{100 * part[truth] / total:.0f} %" if total else "–"


def examination(patient: SimulatedStudy, slice_mm: float | None) -> SimulatedStudy:
    """The last date of a patient, every contrast, without a bias field."""
    study = scanned(patient, Protocol(CONTRASTS, sessions=1, slice_mm=slice_mm), seed=0)
    return replace(study, acquisition=replace(study.acquisition, bias=0.0))


def rows(tallies: Mapping[Key, Tally], level: str) -> list[list[str]]:
    """Worst first: by what is found at 1 mm less what is falsely called."""
    catalogue = load_catalogue()
    found = []
    for sign in sorted({sign for one, sign, _ in tallies if one == level}):
        if catalogue.signs[sign].measure is None:
            continue
        fine, thick = (tallies.get((level, sign, slices), Tally()) for slices in SLICES)
        n_present, n_absent = sum(fine.present.values()), sum(fine.absent.values())
        cells = [f"`{sign}`", str(n_present), str(n_absent)]
        for tally in (fine, thick):
            cells += [
                share(tally.present, Truth.TRUE),
                share(tally.present, Truth.UNKNOWN),
                share(tally.absent, Truth.TRUE),
                share(tally.absent, Truth.UNKNOWN),
            ]
        hit = fine.present[Truth.TRUE] / n_present if n_present else 1.0
        false = fine.absent[Truth.TRUE] / n_absent if n_absent else 0.0
        found.append((hit - false, cells))
    return [cells for _, cells in sorted(found, key=lambda row: (row[0], row[1]))]


HEADER = (
    "| sign | with | without | found | unknown | false | unknown | found, 3 mm | unknown | "
    "false | unknown |"
)


def table(tallies: Mapping[Key, Tally], level: str) -> Iterator[str]:
    yield HEADER
    yield "|---|" + "--:|" * 10
    for cells in rows(tallies, level):
        yield "| " + " | ".join(cells) + " |"


def document(tallies: Mapping[Key, Tally], given: argparse.Namespace) -> str:
    """The page that tells which sign to improve next."""
    catalogue = load_catalogue()
    first = next(iter(SLICES))
    patients = ", ".join(
        f"{tally.present.total()} {disease}"
        for (level, disease, slices), tally in sorted(tallies.items())
        if level == STUDY and slices == first
    )
    tallies = {key: tally for key, tally in tallies.items() if key[0] != STUDY}
    silent = sorted({sign for _, sign, _ in tallies if catalogue.signs[sign].measure is None})
    unseen = sorted(
        sign
        for sign, spec in catalogue.signs.items()
        if spec.measure is not None and not any(sign == key[1] for key in tallies)
    )
    lines = [
        "# Sensitivity of every sign on simulated scans",
        "",
        f"Made by `python benchmarks/sign_sensitivity.py`, seed {given.seed}; do not edit by "
        "hand. **Self-consistency on simulated scans, never accuracy**: the second generator "
        f"family, patients {patients}, "
        "noise drawn for each.",
        "",
        "*with* and *without* count lesions (or patients) that have the sign by construction, or "
        "plainly have it not; what lies within a quarter of a voxel of a threshold is left out. "
        "*found* is the share of *with* that is called true, *false* the share of *without* that "
        "is called true; each *unknown* beside it is never counted as either. First voxels of "
        "1 mm, then slices of 3 mm. The mask and the warp to MNI152 are the simulator's own and "
        "no bias field is laid over: errors of segmentation, registration and bias correction are "
        "not in these figures. Worst first: the "
        "sign to improve next stands at the top. Small counts; read no per cent without them.",
        "",
        "## Lesion by lesion",
        "",
        *table(tallies, "lesion"),
        "",
        "## Patient by patient",
        "",
        *table(tallies, "patient"),
        "",
        "## Not in these tables",
        "",
        f"Simulated, but not measured in this version: {names(silent)}.",
        "",
        f"Measured, but the simulator does not say: {names(unseen)}.",
    ]
    return "\n".join(lines) + "\n"


def names(signs: Sequence[str]) -> str:
    return ", ".join(f"`{sign}`" for sign in signs) or "none"


def counts(tallies: Mapping[Key, Tally]) -> list[list[object]]:
    """Tallies as rows: level, sign, slices, whether it is there, what was said, how often."""
    return [
        [*key, there, truth.value, part[truth]]
        for key, tally in sorted(tallies.items())
        for there, part in ((True, tally.present), (False, tally.absent))
        for truth in Truth
        if part[truth]
    ]


def read_counts(files: Sequence[Path]) -> dict[Key, Tally]:
    """Tallies of earlier runs together."""
    tallies: dict[Key, Tally] = {}
    for file in files:
        for level, sign, slices, there, truth, count in json.loads(file.read_text()):
            tally = tallies.setdefault((level, sign, slices), Tally())
            (tally.present if there else tally.absent)[Truth(truth)] += count
    return tallies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=1, help="patients of each disease")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--voxel", type=float, default=1.0)
    parser.add_argument("--diseases", nargs="*", default=list(FAMILIES["second"]))
    parser.add_argument("--counts", type=Path, help="file to keep the counts in")
    parser.add_argument("--add", type=Path, nargs="+", default=[], help="counts of earlier runs")
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    tallies = read_counts(given.add)
    for number in range(1, given.n + 1):
        for disease in given.diseases:
            order = Order((disease,), seed=given.seed, family="second", voxel_mm=given.voxel)
            patient = simulate_patient(order, Patient("x", disease, number))
            for slices, thickness in SLICES.items():
                compare(examination(patient, thickness), slices, tallies)
                tallies.setdefault((STUDY, disease, slices), Tally()).add(True, Truth.TRUE)
                print(f"{disease} {number} {slices}", flush=True)
            if given.counts is not None:
                write_atomic(given.counts, json.dumps(counts(tallies), indent=1) + "\n")
    text = document(tallies, given)
    if given.output is None:
        print(text, end="")
    else:
        write_atomic(given.output, text)


if __name__ == "__main__":
    main()
