"""Simulated studies with known answers: two recipes, and the folder they are written to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.files import write_atomic
from lesionaid.geometry import Grid
from lesionaid.simulate.brain import Brain, BrainSettings, make_brain
from lesionaid.simulate.contrast import (
    PROTOCOL,
    Appearance,
    coarse_grid,
    ms_appearance,
    pml_appearance,
    render,
)
from lesionaid.simulate.lesions import (
    LesionTruth,
    SimulatedLesion,
    label_map,
    occupied_by,
    truth_of,
)
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.nifti import nifti_bytes
from lesionaid.simulate.pml import GROWTH_PER_MONTH, pml_course, satellites, volume_before
from lesionaid.study.scan import Contrast

__all__ = ["SimulatedStudy", "simulate_ms", "simulate_pml", "write_study"]

DIFFUSION_VOXEL = 2
"""Voxels of the brain's grid to one voxel of DWI and ADC, per axis."""

WHITE_MATTER_LEVEL = 60.0
"""Stored signal of white matter: noise of 3 % spans two units, CSF on T2w fits a byte."""

ALL_CONTRASTS = (
    Contrast.FLAIR,
    Contrast.T1W,
    Contrast.T1W_CE,
    Contrast.T2W,
    Contrast.DWI,
    Contrast.ADC,
)
PRIOR_CONTRASTS = (Contrast.FLAIR, Contrast.T1W)

BIDS_SUFFIX: Mapping[Contrast, str] = {
    Contrast.FLAIR: "FLAIR",
    Contrast.T1W: "T1w",
    Contrast.T1W_CE: "ce-gadolinium_T1w",
    Contrast.T2W: "T2w",
    Contrast.DWI: "dwi",
    Contrast.ADC: "ADC",
}

SIMULATED = "Simulated by lesionaid; no patient. MNI152 template, deformed."


@dataclass(frozen=True, slots=True, eq=False)
class SimulatedStudy:
    """One examination.

    Parameters
    ----------
    brain : Brain
    position : ndarray of shape (4, 4)
        Rigid motion of the head in the scanner, applied to every affine.
    lesions : tuple of (SimulatedLesion, Appearance)
    labels : ndarray of shape brain.grid.shape, int32
        Lesion n of `lesions` has label n.
    scans : mapping of Contrast to ndarray
        Stored values; DWI and ADC on :func:`~lesionaid.simulate.contrast.coarse_grid`.
    context : mapping
        Clinical context, made up.
    signs : mapping
        What is true of the patient by construction.
    expected : mapping
        What lesionaid should say.
    prior : SimulatedStudy or None
    """

    brain: Brain
    position: NDArray[np.float64]
    lesions: tuple[tuple[SimulatedLesion, Appearance], ...]
    labels: NDArray[np.int32]
    scans: Mapping[Contrast, NDArray[np.integer[Any]]]
    context: Mapping[str, Any]
    signs: Mapping[str, Any]
    expected: Mapping[str, Any]
    prior: SimulatedStudy | None = None

    @property
    def grid(self) -> Grid:
        """The grid of mask and structural scans, with the head where it lay."""
        return _moved(self.brain.grid, self.position)

    @property
    def truth(self) -> tuple[LesionTruth, ...]:
        """What is true of each lesion, centroids in scanner mm."""
        here = replace(self.brain, grid=self.grid)
        return truth_of(here, self.labels, [lesion for lesion, _ in self.lesions])


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
        (_with_ring(plaque, brain), ms_appearance(rng, enhancement=enhancing.get(n, "none")))
        for n, plaque in enumerate(plaques)
    )
    return _examine(
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
    prior = _examine(
        brain,
        (*ms, (earlier, pml_appearance())),
        rng,
        PRIOR_CONTRASTS,
        position=_head_position(rng),
        context={**context, "drug_months": 30 - months},
        signs={"pml_lesion": len(ms) + 1},
        expected={},
    )
    pml = len(ms) + 1
    return replace(
        _examine(
            brain,
            (*ms, (focus, pml_appearance()), *((dot, pml_appearance()) for dot in around)),
            rng,
            ALL_CONTRASTS,
            context={**context, "drug_months": 30, "prior_interval_days": round(months * 30.4)},
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


def write_study(study: SimulatedStudy, folder: Path, subject: str, *, session: str = "") -> None:
    """Write scans, mask, sidecars, context and truth; a prior goes into ``prior/``.

    Parameters
    ----------
    study : SimulatedStudy
    folder : Path
    subject : str
        BIDS label without ``sub-``.
    session : str
        BIDS label without ``ses-``; empty for none.
    """
    stem = f"sub-{subject}" + (f"_ses-{session}" if session else "")
    for contrast, data in study.scans.items():
        grid, slope = study.grid, 1.0
        if contrast in (Contrast.DWI, Contrast.ADC):
            grid = coarse_grid(grid, DIFFUSION_VOXEL)
        if contrast is Contrast.ADC:
            slope = 1e-3
        name = f"{stem}_{BIDS_SUFFIX[contrast]}"
        packed = nifti_bytes(data, grid, f"{contrast} simulated by lesionaid", slope=slope)
        write_atomic(folder / f"{name}.nii.gz", packed)
        write_atomic(folder / f"{name}.json", _json(_sidecar(contrast)))
    mask = (study.labels > 0).astype(np.uint8)
    packed = nifti_bytes(mask, study.grid, "lesion mask, simulated by lesionaid")
    write_atomic(folder / f"{stem}_label-lesion_mask.nii.gz", packed)
    sidecar = {"Description": f"Known lesion mask. {SIMULATED}", "Simulated": True}
    write_atomic(folder / f"{stem}_label-lesion_mask.json", _json(sidecar))
    write_atomic(folder / "context.yaml", _context_yaml(study.context))
    write_atomic(folder / "truth.json", _json(_truth_record(study)))
    if study.prior is not None:
        write_study(study.prior, folder / "prior", subject, session="01")


def _examine(
    brain: Brain,
    lesions: tuple[tuple[SimulatedLesion, Appearance], ...],
    rng: np.random.Generator,
    contrasts: Sequence[Contrast],
    *,
    context: Mapping[str, Any],
    signs: Mapping[str, Any],
    expected: Mapping[str, Any],
    position: NDArray[np.float64] | None = None,
) -> SimulatedStudy:
    scans = {}
    for contrast in contrasts:
        coarser = DIFFUSION_VOXEL if contrast in (Contrast.DWI, Contrast.ADC) else 1
        image = render(
            brain,
            lesions,
            contrast,
            rng,
            white_matter_level=WHITE_MATTER_LEVEL,
            coarser=coarser,
        )
        scans[contrast] = _stored(image)
    return SimulatedStudy(
        brain=brain,
        position=np.eye(4) if position is None else position,
        lesions=lesions,
        labels=label_map(brain, [lesion for lesion, _ in lesions]),
        scans=scans,
        context=context,
        signs=signs,
        expected=expected,
    )


def _stored(image: NDArray[np.float32]) -> NDArray[np.integer[Any]]:
    """Whole numbers, in one byte where they fit: sample files stay small."""
    rounded = np.rint(image)
    return rounded.astype(np.uint8 if rounded.max() <= 255 else np.int16)


def _with_ring(plaque: SimulatedLesion, brain: Brain) -> SimulatedLesion:
    """A plaque whose outer 2 mm are its rim, for ring enhancement."""
    from scipy.ndimage import distance_transform_edt

    depth = distance_transform_edt(plaque.mask, sampling=brain.grid.spacing_mm)
    rim = np.clip(3.0 - depth, 0, 1).astype(np.float32)
    return replace(plaque, rim=rim)


def _head_position(rng: np.random.Generator) -> NDArray[np.float64]:
    """Where the head lay at another date: turned a few degrees, shifted a few mm."""
    angle = np.deg2rad(rng.uniform(2.0, 4.0))
    motion = np.eye(4)
    motion[0, 0] = motion[1, 1] = np.cos(angle)
    motion[0, 1], motion[1, 0] = -np.sin(angle), np.sin(angle)
    motion[:3, 3] = rng.uniform(-4.0, 4.0, 3)
    return np.round(motion, 6)


def _moved(grid: Grid, position: NDArray[np.float64]) -> Grid:
    """The grid after the head moved; written out, as products may round with threads."""
    return Grid(grid.shape, np.einsum("ij,jk->ik", position, grid.affine))


def _sidecar(contrast: Contrast) -> dict[str, Any]:
    """BIDS metadata; times in seconds."""
    record: dict[str, Any] = {
        "Description": SIMULATED,
        "Simulated": True,
        "MagneticFieldStrength": 3,
        "SkullStripped": True,
    }
    if contrast is Contrast.ADC:
        return {**record, "Units": "10-3 mm2/s"}
    pulse = PROTOCOL[contrast]
    record["RepetitionTime"] = pulse.tr_ms / 1000
    record["EchoTime"] = pulse.te_ms / 1000
    if pulse.ti_ms is not None:
        record["InversionTime"] = pulse.ti_ms / 1000
    if pulse.b:
        record["DiffusionBValue"] = pulse.b
    return record


def _truth_record(study: SimulatedStudy) -> dict[str, Any]:
    truth = study.truth
    return {
        "schema": "lesionaid-truth/1",
        "simulated": True,
        "description": SIMULATED,
        "expected": dict(study.expected),
        "signs": dict(study.signs),
        "total_volume_mm3": round(sum(lesion.volume_mm3 for lesion in truth), 3),
        "lesions": [asdict(lesion) for lesion in truth],
    }


def _context_yaml(context: Mapping[str, Any]) -> str:
    lines = ["# Made up for a simulated patient."]
    lines += [
        f"{key}: {value:g}" if isinstance(value, float) else f"{key}: {value}"
        for key, value in context.items()
    ]
    return "\n".join(lines) + "\n"


def _json(record: Mapping[str, Any]) -> str:
    return json.dumps(record, indent=2) + "\n"
