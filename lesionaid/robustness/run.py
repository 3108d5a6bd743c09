"""One assessment held against itself: mask, slices and alignment disturbed, all else reused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from lesionaid.assessment import Assessment
from lesionaid.pipeline import Knowledge, conclude, measured
from lesionaid.robustness.flips import (
    Flips,
    Outcome,
    alert_flips,
    criteria_flips,
    lesion_flips,
    patient_flips,
)
from lesionaid.robustness.perturb import Baseline, Perturbation, perturbations
from lesionaid.verdict.fragility import VerdictFlips
from lesionaid.verdict.model import Verdict

__all__ = ["Robustness", "disturbed_assessment", "with_verdict"]


@dataclass(frozen=True, slots=True, eq=False)
class Robustness:
    """How an assessment fared.

    Parameters
    ----------
    tested : tuple of Perturbation
    left_out : tuple of Perturbation
        Those that change nothing here, such as 3 mm slices of a scan that has them.
    outcomes : tuple of Outcome
        One for each of `tested`.
    verdict : VerdictFlips
    flips : tuple of Flips
        Alerts, criteria sets, signs of the patient, signs of the lesions.
    """

    tested: tuple[Perturbation, ...]
    left_out: tuple[Perturbation, ...]
    outcomes: tuple[Outcome, ...]
    verdict: VerdictFlips
    flips: tuple[Flips, ...]


def disturbed_assessment(
    assessment: Assessment,
    knowledge: Knowledge,
    under: Sequence[Perturbation] | None = None,
    progress: Callable[[str], None] = lambda name: None,
) -> Robustness | None:
    """Measure and conclude again under every disturbance.

    Registration, anatomy, the search for lesions and the prior's alignment are those of the
    assessment: what is tested is the measurement, the signs and the rules.

    Parameters
    ----------
    assessment : Assessment
    knowledge : Knowledge
        That it was made with.
    under : sequence of Perturbation, optional
        All of :func:`~lesionaid.robustness.perturb.perturbations` by default.
    progress : callable
        Told each disturbance before it is made.

    Returns
    -------
    Robustness or None
        None where there is nothing to disturb: no lesion, or a study that could not be analysed.
    """
    if assessment.lesions is None or assessment.verdict.pattern == "not_analysable":
        return None
    case = Baseline.of(assessment.study, assessment.lesions, assessment.prior)
    if case is None:
        return None
    tested: list[Perturbation] = []
    left_out: list[Perturbation] = []
    outcomes: list[Outcome] = []
    for one in perturbations() if under is None else under:
        progress(one.name)
        made = one.make(case)
        if made is None:
            left_out.append(one)
            continue
        table = measured(made.study, assessment.anatomy, made.lesions, made.prior)
        outcomes.append(Outcome(one.name, *conclude(table, knowledge, made.study)))
        tested.append(one)
    before = Outcome("", assessment.signs, assessment.verdict)
    return Robustness(
        tested=tuple(tested),
        left_out=tuple(left_out),
        outcomes=tuple(outcomes),
        verdict=_verdict_flips(assessment.verdict, outcomes),
        flips=(
            *alert_flips(before, outcomes),
            *criteria_flips(before, outcomes),
            *patient_flips(before, outcomes),
            *lesion_flips(before, outcomes),
        ),
    )


def with_verdict(assessment: Assessment, robustness: Robustness | None) -> Assessment:
    """The assessment, its verdict saying how it fared; untouched where nothing was tested."""
    if robustness is None:
        return assessment
    found = robustness.verdict
    verdict = replace(assessment.verdict, fragile=found.fragile, robustness=found)
    return replace(assessment, verdict=verdict)


def _verdict_flips(verdict: Verdict, outcomes: list[Outcome]) -> VerdictFlips:
    patterns = {one.name: one.verdict.pattern for one in outcomes}
    return VerdictFlips(verdict.pattern, patterns)
