"""Rebuild sample_scans/: six simulated patients with known answers.

Run from anywhere: ``python scripts/make_sample_scans.py [FOLDER]``. The same version of
lesionaid, NumPy, SciPy and zlib writes the same bytes.

How the seeds were chosen: ``python scripts/make_sample_scans.py --seeds`` draws patients from
seed 1 on and prints the first of whom :attr:`Sample.typical` holds. That asks for what was
*drawn into* the patient (sites, sizes, enhancement), as the disease is described in
``rules/`` and ``lesionaid/simulate/``; nobody was assessed to choose one. What lesionaid should
say (:attr:`Sample.expected`) was written from the same descriptions, before it was asked.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from lesionaid.simulate.brain import BrainSettings
from lesionaid.simulate.diseases import GENERATORS
from lesionaid.simulate.study import SimulatedStudy, dates
from lesionaid.simulate.write import write_study
from lesionaid.study.scan import Contrast

FOLDER = Path(__file__).resolve().parents[1] / "sample_scans"

SETTINGS = BrainSettings(spacing_mm=1.2)
"""The coarsest voxels in which punctate satellites count as assessable
(``rules/signs/punctate_satellites.yaml``), so that the files are small."""

ROUTINE = (Contrast.FLAIR, Contrast.T1W, Contrast.T1W_CE, Contrast.DWI, Contrast.ADC)
WITH_T2W = (Contrast.FLAIR, Contrast.T1W, Contrast.T1W_CE, Contrast.T2W, Contrast.DWI, Contrast.ADC)


@dataclass(frozen=True, slots=True)
class Sample:
    """One folder of sample_scans.

    Parameters
    ----------
    disease : str
        Key of :data:`lesionaid.simulate.diseases.GENERATORS`.
    seed : int
        The first from 1 on whose patient is typical.
    typical : callable
        Whether a patient is a complete example of the disease, by what is true of him.
    expected : mapping
        What lesionaid should say; see ``sample_scans/README.md`` for the keys.
    contrasts : tuple of Contrast
        At the last date; earlier dates have FLAIR and T1w.
    """

    disease: str
    seed: int
    typical: Callable[[SimulatedStudy], bool]
    expected: Mapping[str, Any]
    contrasts: tuple[Contrast, ...] = ROUTINE

    def study(self) -> SimulatedStudy:
        """The patient, with what lesionaid should say of the last date.

        `alert_on` names a role; the labels that have it stand in ``alert_lesions``.
        """
        study = GENERATORS[self.disease](self.seed, settings=SETTINGS)
        expected = dict(self.expected)
        alert_on = expected.pop("alert_on", None)
        expected["alert_lesions"] = [] if alert_on is None else [study.signs[alert_on]]
        return replace(study, contrasts=self.contrasts, expected=expected)


def _has(study: SimulatedStudy, *signs: str) -> bool:
    return all(study.signs.get(sign) is True for sign in signs)


def _sites(study: SimulatedStudy, mechanism: str) -> list[str]:
    return [lesion.site for lesion, _ in study.lesions if lesion.mechanism == mechanism]


def _volume_ml(study: SimulatedStudy, mechanism: str) -> float:
    """Of all lesions of a mechanism."""
    numbers = [n for n, (one, _) in enumerate(study.lesions, 1) if one.mechanism == mechanism]
    return float(np.isin(study.labels, numbers).sum()) * study.grid.voxel_volume_mm3 / 1000


def _one_focus(study: SimulatedStudy) -> bool:
    """One PML focus along the U-fibres, with satellites; not in the temporal lobe.

    A temporal focus was set aside after one had been assessed (early PML, seed 3): the
    simulator's truth knows no temporal horn, so that it says 22 mm to the ventricle where
    lesionaid measures contact, and nobody could say who is right.
    """
    if not _has(study, "punctate_satellites", "juxtacortical_ufibre"):
        return False
    foci = [lesion for lesion in study.truth if _is_focus(lesion.mechanism, lesion.role)]
    return (
        len(foci) == 1
        and (foci[0].subcortical_mm or 0.0) >= 10
        and foci[0].lobe in ("frontal", "parietal", "occipital")
    )


def _is_focus(mechanism: str, role: str) -> bool:
    return mechanism == "pml" and role == "main"


def _quiet(study: SimulatedStudy) -> bool:
    return not study.signs.get("contrast_enhancement")


def typical_ms(study: SimulatedStudy) -> bool:
    """Every site of MS, a middling load, and nodules that enhance."""
    return (
        _has(study, "dawson_fingers", "touches_juxtacortical", "infratentorial")
        and _has(study, "corpus_callosum", "inferior_temporal", "enhancement_nodular")
        and 15 <= len(study.lesions) <= 40
        and 4 <= _volume_ml(study, "ms") <= 16
    )


def typical_early_pml(study: SimulatedStudy) -> bool:
    """One small focus with satellites, bright on DWI, dark on T1w; nothing enhances."""
    return (
        _quiet(study)
        and _one_focus(study)
        and _has(study, "dwi_hyperintense", "t1_hypointense")
        and _volume_ml(study, "pml") <= 7
    )


def typical_iris(study: SimulatedStudy) -> bool:
    """Three dates; at the last, the border of the one focus enhances."""
    return (
        len(dates(study)) == 3
        and _one_focus(study)
        and _has(study, "enhancement_peripheral", "contrast_enhancement")
    )


def typical_nmosd(study: SimulatedStudy) -> bool:
    """Area postrema, a lining of the third or fourth ventricle, a corticospinal run.

    Without a spindle of the hemispheres, which fewer patients have.
    """
    sites = _sites(study, "nmosd")
    lined = {"periependymal_third_ventricle", "periependymal_fourth_ventricle"} & set(sites)
    return (
        bool(lined)
        and {"area_postrema", "corticospinal"} <= set(sites)
        and "hemispheric" not in sites
        and _has(study, "area_postrema", "periependymal_3rd_4th", "corticospinal_tract_long")
    )


def typical_mogad(study: SimulatedStudy) -> bool:
    """Fluffy lesions in both middle peduncles and in a thalamus."""
    sites = _sites(study, "mogad")
    return (
        sites.count("cerebellar_peduncle_diffuse") == 2
        and "deep_gm_thalamus" in sites
        and _has(study, "fluffy_infratentorial", "multifocal")
    )


def typical_mixed(study: SimulatedStudy) -> bool:
    """At least 20 old plaques, and one small quiet PML focus with satellites."""
    return (
        len(_sites(study, "ms")) >= 20
        and _quiet(study)
        and _one_focus(study)
        and _volume_ml(study, "pml") <= 7
    )


SAMPLES: Mapping[str, Sample] = {
    "sub-ms01": Sample(
        "ms",
        7,
        typical_ms,
        {
            "patterns": ["ms_like"],
            "signs": [
                "periventricular",
                "touches_juxtacortical",
                "infratentorial",
                "corpus_callosum",
                "contrast_enhancement",
            ],
            "criteria": ["ms.dis_2017", "ms.matthews_2013"],
            "why": "plaques at every site of MS, Dawson's fingers among them; nothing of PML",
        },
    ),
    "sub-pml01": Sample(
        "pml",
        18,
        typical_early_pml,
        {
            "patterns": ["pml_like"],
            "alert_on": "pml_lesion",
            "signs": ["new_or_enlarging", "punctate_satellites", "juxtacortical_ufibre"],
            "rules": ["pml.punctate_lesions"],
            "why": "a focus along the U-fibres that grew fourfold in three months, with satellites",
        },
        WITH_T2W,
    ),
    "sub-iris01": Sample(
        "pml_iris",
        6,
        typical_iris,
        {
            "patterns": ["pml_like"],
            "alert_on": "pml_lesion",
            "signs": [
                "enlarging",
                "punctate_satellites",
                "juxtacortical_ufibre",
                "cortical_gm",
                "contrast_enhancement",
            ],
            "rules": ["pml.punctate_lesions", "pml.cortical_grey_matter"],
            "why": "a large focus in cortex and U-fibres, still growing, with satellites, its "
            "border enhancing",
        },
    ),
    "sub-nmosd01": Sample(
        "nmosd",
        18,
        typical_nmosd,
        {
            "patterns": ["nmosd_like", "indeterminate"],
            "among": "nmosd_like",
            "signs": ["area_postrema", "periependymal_3rd_4th", "contrast_enhancement"],
            "criteria": ["nmosd.ipnd_2015_area_postrema"],
            "why": "lesions where NMOSD has them; serology is not known, so that "
            "indeterminate may be said as long as NMOSD is among the patterns left",
        },
    ),
    "sub-mogad01": Sample(
        "mogad",
        1,
        typical_mogad,
        {
            "patterns": ["mogad_like", "indeterminate"],
            "among": "mogad_like",
            "signs": ["cerebellar_peduncle_diffuse", "deep_gm_thalamus", "infratentorial"],
            "criteria": ["mogad.banwell_2023_support"],
            "why": "large fluffy lesions of both middle peduncles and of a thalamus; rules for "
            "MOGAD weigh little, so that indeterminate may be said as long as MOGAD is among "
            "the patterns left",
        },
    ),
    "sub-mixed01": Sample(
        "mixed",
        3,
        typical_mixed,
        {
            "patterns": ["pml_like"],
            "alert_on": "pml_lesion",
            "signs": [
                "enlarging",
                "punctate_satellites",
                "juxtacortical_ufibre",
                "periventricular",
                "infratentorial",
            ],
            "criteria": ["ms.dis_2017"],
            "rules": ["pml.punctate_lesions"],
            "why": "36 old plaques, and one focus along the U-fibres that grew fourfold in three "
            "months, with satellites: the one new lesion counts, not the many old ones",
        },
    ),
}
"""`patterns`: one of them is said; `among`: one of those not separated from the leader;
`alert_on`: the lesion on which, and alone on which, ``pml_review`` fires, and none where it is
not given; `signs` and `criteria` that are true of the patient; `rules` that count."""


def first_typical(sample: Sample) -> int:
    """The smallest seed from 1 on whose patient is typical."""
    for seed in count(1):
        try:
            study = GENERATORS[sample.disease](seed, settings=SETTINGS)
        except ValueError:  # that brain has no room
            continue
        if sample.typical(study):
            return seed
    raise AssertionError("unreachable")


def main(folder: Path = FOLDER) -> None:
    for name, sample in SAMPLES.items():
        study = sample.study()
        number = len(dates(study))
        session = f"{number:02d}" if number > 1 else ""
        write_study(study, folder / name, name.removeprefix("sub-"), session=session)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--seeds"]:
        for name in sys.argv[2:] or SAMPLES:
            print(name, first_typical(SAMPLES[name]), flush=True)
    else:
        main(*map(Path, sys.argv[1:2]))
