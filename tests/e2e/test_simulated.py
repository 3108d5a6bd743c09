"""What simulate writes, assess reads: every layout, protocol and number of dates.

Nothing here asks for a pattern; a study that is in order must come through, and no message may
blame it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from lesionaid.simulate.brain import BrainSettings, make_brain
from lesionaid.simulate.diseases import FAMILIES
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.patient import Patient
from lesionaid.simulate.study import examined
from lesionaid.simulate.tissue import ms_appearance
from lesionaid.simulate.write import write_study
from tests.e2e.conftest import Run, assess, lesionaid

ONE_THREAD = {"OMP_NUM_THREADS": "1"}
BLAMES = {"W31", "W32", "W34"}
"""A contrast or a prior that could not be aligned, a registration that is weak."""

EVERYTHING = "FLAIR,T1w,T1w_ce,T2w,DWI,ADC,SWI,phase"

WAYS: Mapping[str, tuple[str, ...]] = {
    "thick slices with gaps and ghosts": (
        "--disease", "ms", "--voxel", "1.5", "--slices", "5", "--gap", "1", "--ghost", "0.1",
    ),
    "SWI and phase": ("--disease", "ms", "--voxel", "2", "--contrasts", EVERYTHING),
    "three dates": ("--disease", "ms", "--voxel", "2", "--sessions", "3"),
    "a series to IRIS": ("--disease", "pml_iris", "--voxel", "2"),
    "another scanner": ("--disease", "mixed", "--voxel", "2", "--scanner-change"),
    "thick slices at both dates": (
        "--disease", "pml", "--voxel", "1.5", "--slices", "4", "--gap", "0.5",
        "--contrasts", "FLAIR,T1w",
    ),
    "a FLAIR alone": ("--disease", "nmosd", "--voxel", "2", "--contrasts", "FLAIR"),
}  # fmt: skip


def simulated(out: Path, *arguments: str) -> Path:
    """Folder of the only patient."""
    made = lesionaid("simulate", out, *arguments, "--quiet", folder=out, **ONE_THREAD)
    assert made.code == 0, made.err
    (subject,) = out.glob("sub-*")
    return subject


def assessed(subject: Path, out: Path, *arguments: str) -> Run:
    """The last date with the one before it, as the documentation says."""
    sessions = sorted(subject.glob("ses-*"))
    study: list[object] = [subject]
    if sessions:
        study = [sessions[-1], *(["--prior", sessions[-2]] if len(sessions) > 1 else [])]
    return assess(out, *study, *arguments, **ONE_THREAD)


def hold_that_it_came_through(run: Run, dates: int) -> None:
    assert run.code == 0, run.err
    assert run.verdict["pattern"] != "not_analysable"
    notes = json.loads((run.folder / "run.json").read_text())["notes"]
    assert not {note["code"] for note in notes} & BLAMES, notes
    assert run.rows("lesions.tsv")
    new = {row["new_or_enlarging"] for row in run.verdict["lesions"]}
    assert new <= ({"true", "false"} if dates > 1 else {"unknown"})


def test_a_folder_with_its_prior_inside(tmp_path: Path) -> None:
    coarse = ("--disease", "pml", "--voxel", "3", "--contrasts", "FLAIR,T1w", "--study")
    subject = simulated(tmp_path / "sim", *coarse)
    hold_that_it_came_through(assessed(subject, tmp_path / "out", "--no-html"), dates=2)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(WAYS)), ids=list(WAYS))
def test_every_way_of_scanning(number: int, tmp_path: Path) -> None:
    """Layouts take turns: the files are the same, their folders are not."""
    arguments = list(WAYS.values())[number]
    layout = ("--bids", "--study")[number % 2]
    subject = simulated(tmp_path / "sim", *arguments, layout)
    dates = len(list(subject.rglob("truth.json")))
    hold_that_it_came_through(assessed(subject, tmp_path / "out"), dates)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("disease", "family"),
    [(disease, family) for family, generators in FAMILIES.items() for disease in generators],
)
def test_every_disease(disease: str, family: str, tmp_path: Path) -> None:
    subject = simulated(tmp_path / "sim", "--disease", disease, "--family", family, "--voxel", "2")
    hold_that_it_came_through(assessed(subject, tmp_path / "out"), len(list(subject.glob("ses-*"))))


@pytest.mark.slow
def test_a_prior_without_lesions_makes_every_lesion_new(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    brain = make_brain(rng, BrainSettings(spacing_mm=2.0))
    lesions = tuple((one, ms_appearance(rng)) for one in ms_lesions(brain, rng, 6))
    before = Patient("ms", brain, (), {})
    patient = Patient("ms", brain, lesions, {}, {"host": "ms"}, {}, before, 6.0)
    write_study(examined(patient, rng), tmp_path / "sim", "ms001", session="02")
    run = assess(tmp_path / "out", tmp_path / "sim", **ONE_THREAD)
    hold_that_it_came_through(run, dates=2)
    assert {row["new_or_enlarging"] for row in run.verdict["lesions"]} == {"true"}
