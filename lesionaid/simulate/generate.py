"""Many simulated patients at once: the same files whatever the number of processes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lesionaid import __version__
from lesionaid.errors import UsageError
from lesionaid.files import write_atomic
from lesionaid.simulate.brain import BrainSettings
from lesionaid.simulate.diseases import FAMILIES
from lesionaid.simulate.order import Order, Patient, patients
from lesionaid.simulate.protocol import scanned
from lesionaid.simulate.study import SimulatedStudy, dates
from lesionaid.simulate.truth_columns import TRUTH_COLUMNS, sidecar
from lesionaid.simulate.write import SIMULATED, lesion_rows, write_session, write_study

__all__ = ["Order", "Patient", "make_dataset", "patients", "simulate_patient"]

ATTEMPTS = 12
"""Seeds tried for a patient: a brain may have no room for a lesion."""

NATIVE_SCALE = (0.84, 0.92)
"""Patient's mm for one mm of the template (as :class:`BrainSettings` explains)."""

VENTRICLE_MM = (0.0, 2.5)
"""How far the walls of the lateral ventricles move outwards (proposed)."""

CENTRAL_SHARE = 2.0
"""With each mm of cortex lost the ventricles' walls move this far besides (proposed: atrophy in MS
is seen in sulci and ventricles together)."""


def simulate_patient(order: Order, patient: Patient) -> SimulatedStudy:
    """One patient, by the order's seed, the disease and the number alone.

    Raises
    ------
    UsageError
        ``U21`` when no brain had room for the lesions.
    """
    generator = FAMILIES[order.family][patient.disease]
    name = f"{order.family} {patient.disease}".encode()
    for attempt in range(ATTEMPTS):
        key = (*name, patient.number, attempt)
        state = np.random.SeedSequence(order.seed, spawn_key=key).generate_state(3)
        try:
            study = generator(int(state[0]), settings=_head(order, int(state[2])))
        except ValueError:
            continue
        return scanned(study, order.protocol, int(state[1]))
    raise UsageError("U21", value=patient.label)


def _head(order: Order, seed: int) -> BrainSettings:
    """Size of the head and width of the ventricles, another for each patient, and the atrophy."""
    rng = np.random.default_rng(seed)
    return BrainSettings(
        spacing_mm=order.voxel_mm,
        native_scale=float(rng.uniform(*NATIVE_SCALE)),
        ventricle_mm=float(rng.uniform(*VENTRICLE_MM)) + CENTRAL_SHARE * order.atrophy_mm,
        atrophy_mm=order.atrophy_mm,
        base=order.base,
    )


def make_dataset(order: Order, folder: Path, *, processes: int = 1) -> Iterator[Patient]:
    """Make everybody and write them, then the tables; yields each patient once written.

    Parameters
    ----------
    order : Order
    folder : Path
        Must be empty or not there.
    processes : int

    Raises
    ------
    UsageError
        ``U20``, ``U21``; ``U22`` when the folder holds something.
    OutputError
        ``E74`` when it cannot be written to.
    """
    people = patients(order)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("U22", value=folder.name)
    rows: list[_Known] = []
    for patient, found in zip(people, _all(order, people, folder, processes), strict=True):
        rows.append(found)
        yield patient
    _write_tables(order, people, rows, folder)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is true of one patient, as rows of the two tables: lesions and signs."""

    lesions: tuple[Mapping[str, Any], ...]
    signs: tuple[Mapping[str, Any], ...]


def _all(order: Order, people: Sequence[Patient], folder: Path, processes: int) -> Iterator[_Known]:
    if processes <= 1:
        yield from (_make(order, folder, patient) for patient in people)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # A fresh interpreter each: forking one with threads may hang.
    fresh = get_context("spawn")
    with ProcessPoolExecutor(processes, fresh, _take_order, (order, folder)) as pool:
        yield from pool.map(_make_ordered, people)


_taken: list[tuple[Order, Path]] = []
"""The order of this process: sent once, for a brain of the user's is large."""


def _take_order(order: Order, folder: Path) -> None:
    _taken.append((order, folder))


def _make_ordered(patient: Patient) -> _Known:
    order, folder = _taken[-1]
    return _make(order, folder, patient)


def _make(order: Order, folder: Path, patient: Patient) -> _Known:
    """Write one patient; what is true of him at each date comes back."""
    study = simulate_patient(order, patient)
    subject = folder / f"sub-{patient.label}"
    sessions = dates(study)
    if order.bids:
        for number, one in enumerate(sessions, start=1):
            session = f"{number:02d}"
            where = subject / f"ses-{session}"
            write_session(one, where, patient.label, session, bids=True)
    else:
        write_study(study, subject, patient.label, session=f"{len(sessions):02d}")
    named = [
        ({"participant_id": subject.name, "session_id": f"ses-{number:02d}"}, one)
        for number, one in enumerate(sessions, start=1)
    ]
    return _Known(
        tuple({**name, **row} for name, one in named for row in lesion_rows(one)),
        tuple(
            {**name, "sign": sign, "value": value}
            for name, one in named
            for sign, value in one.signs.items()
        ),
    )


def _write_tables(
    order: Order,
    people: Sequence[Patient],
    rows: Sequence[_Known],
    folder: Path,
) -> None:
    where = ("participant_id", "session_id")
    lesions = (row for known in rows for row in known.lesions)
    signs = (row for known in rows for row in known.signs)
    write_atomic(folder / "truth.tsv", _tsv((*where, *TRUTH_COLUMNS), lesions))
    write_atomic(folder / "truth.json", _json(sidecar()))
    write_atomic(folder / "truth_signs.tsv", _tsv((*where, "sign", "value"), signs))
    table = (
        {
            "participant_id": f"sub-{patient.label}",
            "disease": patient.disease,
            "family": order.family,
        }
        for patient in people
    )
    named = ("participant_id", "disease", "family")
    write_atomic(folder / "participants.tsv", _tsv(named, table))
    write_atomic(folder / "participants.json", _json(PARTICIPANTS))
    write_atomic(folder / "dataset_description.json", _json(_description(order)))
    write_atomic(folder / ".bidsignore", BIDSIGNORE)
    write_atomic(folder / "README", README)


BIDSIGNORE = (
    "# Known answers of simulated studies.\n"
    "truth.tsv\ntruth.json\ntruth_signs.tsv\n**/truth.json\n**/context.yaml\n**/*_mask.*\n"
)

PARTICIPANTS = {
    "disease": {"Description": "What the generator simulates; nobody was diagnosed."},
    "family": {"Description": "Generator family. Figures on the second are the honest ones."},
    "simulated": {"Description": "Always true: nobody was scanned."},
}

README = (
    f"{SIMULATED}\n\nNobody was scanned. Every image, sidecar and table here is simulated; "
    "truth.json beside each session, truth.tsv (a row a lesion) and truth_signs.tsv (a row a "
    "sign) hold the known answers. Results on it are self-consistency of lesionaid, never "
    "clinical accuracy.\n"
)


def _description(order: Order) -> dict[str, Any]:
    return {
        "Name": "Simulated brain MRI with known lesions (no patients)",
        "BIDSVersion": "1.9.0",
        "DatasetType": "raw",
        "Simulated": True,
        "GeneratedBy": [{"Name": "lesionaid simulate", "Version": __version__}],
        "SimulatedWith": {
            "seed": order.seed,
            "family": order.family,
            "diseases": list(order.diseases),
            "count": order.count,
            "voxel_mm": order.voxel_mm,
            "brain": "template" if order.base is None else order.base.origin,
        },
    }


def _tsv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A table whose every row says that it is simulated."""
    lines = ["\t".join((*columns, "simulated"))]
    lines += ["\t".join((*(_cell(row[name]) for name in columns), "true")) for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return "n/a"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value)) or "n/a"
    return str(value)


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=2) + "\n"
