"""PML in a patient with MS: one date with its prior, or the series to IRIS and after.

The focus and its dots are those of :mod:`lesionaid.simulate.pml_case`; the stage decides contrast
uptake. Swelling and atrophy are not modelled, because no tissue moves: ``mass_effect`` and
``atrophy`` are not said.

References
----------
Uptake at the border, in patches and in dots in IRIS: PMID 26369555; inflammatory PML at
diagnosis: PMID 29142146. IRIS 26 to 89 days after the last natalizumab, diffusion change running
ahead of it: PMID 29343163. Growth: Scarpazza et al. 2019, JNNP 90:261.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.frequencies import draw_signs
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.ms import ms_lesions
from lesionaid.simulate.patient import Patient
from lesionaid.simulate.pml_case import PmlCase, draw_case
from lesionaid.simulate.pml_date import DateLook, PmlDate, at_date
from lesionaid.simulate.pml_front import volume_before
from lesionaid.simulate.tissue import Appearance, ms_appearance

__all__ = ["DAYS_PER_MONTH", "Stage", "pml_on_plaques", "pml_patient", "pml_series"]

Stage = Literal["early", "inflammatory", "iris"]
Placed = tuple[SimulatedLesion, Appearance]

DAYS_PER_MONTH = 30.4

VOLUME_MM3 = {
    "early": (1_000.0, 6_000.0),
    "inflammatory": (4_000.0, 14_000.0),
    "iris": (7_000.0, 18_000.0),
}
"""Of the focus (proposed: early so that about a third are longer than 3 cm, as 33 of 105 ratings
in Wijburg 2016; then round the 6.7 ml and towards the 22.9 ml of PML whose virus was missed and
found, PMC5885213)."""

STRENGTH = {"early": 0.3, "inflammatory": 0.45, "iris": 0.7}
"""Share of full enhancement (proposed: faint unless in IRIS)."""

AT_BORDER = frozenset({"enhancement_peripheral"})
"""Where faint enhancement lies, and any of which no pattern was drawn (23 of 24 in IRIS)."""

FIRST_MONTHS = (1.5, 3.0)
"""From the first date of a series to the stop of the drug (proposed: scans every 3 to 4 months
at high risk, MAGNIMS 2015)."""

IRIS_DAYS, IRIS_DAYS_PLEX = (50, 89), (26, 50)
"""Days from the stop to IRIS, without and with plasma exchange: the 26 to 89 days of PMID
29343163, cut at 50 (proposed)."""

STOP_DAYS = (0, 14)
"""Days from the last dose to the scan at which it was stopped (proposed)."""

CHRONIC_MONTHS = (6.0, 12.0)
"""From IRIS to the chronic date (proposed)."""


def pml_patient(
    brain: Brain,
    rng: np.random.Generator,
    *,
    stage: Stage = "early",
    plaques: int = 8,
    months: float = 3.0,
) -> Patient:
    """MS with one new PML focus, and the date before it.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator
    stage : {"early", "inflammatory", "iris"}
    plaques : int
        MS plaques, the same at both dates; 0 for PML without MS.
    months : float
        Since the earlier date.

    Raises
    ------
    ValueError
        When the brain has no room for the focus, or knows no MNI coordinates.
    """
    old = tuple((plaque, ms_appearance(rng)) for plaque in ms_lesions(brain, rng, plaques))
    return pml_on_plaques(brain, rng, old, stage=stage, months=months)


def pml_on_plaques(
    brain: Brain,
    rng: np.random.Generator,
    old: Sequence[Placed],
    *,
    stage: Stage = "early",
    months: float = 3.0,
) -> Patient:
    """A new PML focus beside given plaques, and the date before; see :func:`pml_patient`."""
    volume = float(rng.uniform(*VOLUME_MM3[stage]))
    case = draw_case(brain, rng, old, volume, active=stage == "iris")
    before = at_date(case, rng, volume_before(case.volume_mm3, months), DateLook(), new_dots=False)
    now = at_date(case, rng, case.volume_mm3, _stage_look(case, rng, stage), before.dots)
    context: dict[str, Any] = {
        "host": "ms" if case.old else "none",
        "drug": "natalizumab",
        "drug_months": 30,
    }
    earlier = _patient(case, before, {**context, "drug_months": 30 - round(months)})
    if stage == "iris":
        context |= {"days_since_stop": int(rng.integers(*IRIS_DAYS, endpoint=True)), "plex": False}
    return _patient(case, now, context, earlier, months)


def pml_series(
    brain: Brain,
    rng: np.random.Generator,
    *,
    plaques: int = 8,
    chronic: bool = False,
) -> Patient:
    """PML on natalizumab, the drug stopped, IRIS, and if asked for the burnt-out lesion.

    Parameters
    ----------
    brain : Brain
    rng : numpy.random.Generator
    plaques : int
        MS plaques, the same at every date.
    chronic : bool
        Whether a fourth date follows: no enhancement, no growth, T1 darker, a band on SWI where
        it is drawn. The brain does not shrink.

    Returns
    -------
    Patient
        The last date; ``earlier`` leads back to the first.

    Raises
    ------
    ValueError
        When the brain has no room for the focus, or knows no MNI coordinates.
    """
    old = tuple((plaque, ms_appearance(rng)) for plaque in ms_lesions(brain, rng, plaques))
    volume = float(rng.uniform(*VOLUME_MM3["iris"]))
    case = draw_case(brain, rng, old, volume, active=True)
    plex = draw_signs("pml_iris", rng, only={"plex"})["plex"]
    first, stop, iris = _calendar(rng, plex=plex)
    faint = draw_signs("pml", rng, only={"contrast_enhancement"})["contrast_enhancement"]
    looks = (
        DateLook(),
        _faint(faint, t1_dark=True),
        _stage_look(case, rng, "iris"),
    )
    since = (None, stop, iris)
    gaps = (0.0, first, (iris - stop) / DAYS_PER_MONTH)
    drug_months = int(rng.integers(24, 49))
    patient: Patient | None = None
    dots: tuple[SimulatedLesion, ...] = ()
    for number, (look, days, gap) in enumerate(zip(looks, since, gaps, strict=True)):
        ahead = sum(gaps[number + 1 :])
        date = at_date(case, rng, volume_before(case.volume_mm3, ahead), look, dots)
        dots = date.dots
        context: dict[str, Any] = {
            "host": "ms" if case.old else "none",
            "drug": "natalizumab",
            "drug_months": drug_months if days is None else drug_months + round(first),
        }
        if days is not None:
            context |= {"days_since_stop": days, "plex": plex}
        patient = _patient(case, date, context, patient, gap)
    assert patient is not None
    return _chronic(case, rng, dots, patient) if chronic else patient


def _calendar(rng: np.random.Generator, *, plex: bool) -> tuple[float, int, int]:
    """Months to the stop; days since it at the second and third date."""
    first = round(float(rng.uniform(*FIRST_MONTHS)), 1)
    stop = int(rng.integers(*STOP_DAYS, endpoint=True))
    iris = int(rng.integers(*(IRIS_DAYS_PLEX if plex else IRIS_DAYS), endpoint=True))
    return first, stop, iris


def _stage_look(case: PmlCase, rng: np.random.Generator, stage: Stage) -> DateLook:
    """Enhancement and oedema by the frequencies of the stage."""
    drawn = dict(case.drawn)
    if stage == "early":
        return _faint(drawn["contrast_enhancement"], t1_dark=drawn["t1_hypointense"])
    drawn |= draw_signs(f"pml_{stage}", rng, only={"contrast_enhancement", "oedema"})
    patterns = draw_signs("pml_iris", rng)
    kept = {name for name, truth in patterns.items() if truth and "enhanc" in name}
    if stage == "inflammatory":
        kept -= {"enhancement_perivascular"}  # counted in IRIS alone
    if not kept & {"enhancement_patchy", "enhancement_punctate"}:
        kept |= AT_BORDER
    return DateLook(
        enhances=STRENGTH[stage] if drawn["contrast_enhancement"] else 0.0,
        patterns=frozenset(kept - {"contrast_enhancement"}),
        t1_dark=drawn["t1_hypointense"],
        oedema=drawn["oedema"],
        band=drawn.get("swi_hypointense_rim", False),
    )


def _faint(enhances: bool, *, t1_dark: bool) -> DateLook:
    """Before IRIS: a faint border, or nothing."""
    return DateLook(STRENGTH["early"] if enhances else 0.0, AT_BORDER, t1_dark=t1_dark)


def _chronic(
    case: PmlCase,
    rng: np.random.Generator,
    dots: tuple[SimulatedLesion, ...],
    iris: Patient,
) -> Patient:
    months = round(float(rng.uniform(*CHRONIC_MONTHS)), 1)
    look = DateLook(t1_dark=True, burnt_out=True, band=case.drawn["swi_hypointense_rim"])
    date = at_date(case, rng, case.volume_mm3, look, dots, new_dots=False)
    since = iris.context["days_since_stop"] + round(months * DAYS_PER_MONTH)
    context = {**iris.context, "days_since_stop": since}
    return _patient(case, date, context, iris, months, growing=False)


def _patient(
    case: PmlCase,
    date: PmlDate,
    context: dict[str, Any],
    earlier: Patient | None = None,
    months: float = 0.0,
    *,
    growing: bool = True,
) -> Patient:
    signs = dict(date.signs)
    main = signs["pml_lesion"]
    if earlier is None or not growing:
        signs.pop("new_or_enlarging_lesions")
    if earlier is not None:
        before, now = _bright_mm3(earlier), _bright_mm3_of(case.brain, date.lesions)
        signs["dwi_expansion"] = now > before
    expected = {"alert_lesions": [main]} if earlier is not None and growing else {}
    return Patient("pml", case.brain, date.lesions, signs, context, expected, earlier, months)


def _bright_mm3(patient: Patient) -> float:
    return _bright_mm3_of(patient.brain, patient.lesions)


def _bright_mm3_of(brain: Brain, lesions: tuple[Placed, ...]) -> float:
    """Volume of PML whose tissue is bright on DWI: ADC of the rim not over 1.0."""
    voxels = sum(
        int(np.count_nonzero(lesion.mask & (lesion.rim >= 0.5)))
        for lesion, look in lesions
        if lesion.mechanism == "pml" and look.rim.adc <= 1.0
    )
    return voxels * brain.grid.voxel_volume_mm3
