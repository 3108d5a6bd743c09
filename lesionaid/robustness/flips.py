"""Counting what a disturbance changed: truth turned over, knowledge lost, knowledge gained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lesionaid.tables import SignTable
from lesionaid.truth import Truth
from lesionaid.verdict.model import Verdict

__all__ = ["Flips", "Outcome", "alert_flips", "criteria_flips", "lesion_flips", "patient_flips"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was said under one disturbance, or without one.

    Parameters
    ----------
    name : str
        Of the disturbance; ``""`` for the baseline.
    signs : SignTable
        Lesions have the ids of the baseline.
    verdict : Verdict
    """

    name: str
    signs: SignTable
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Flips:
    """How one sign, alert or criteria set fared under all disturbances.

    Parameters
    ----------
    kind : {"sign", "alert", "criteria"}
    id : str
    level : {"patient", "lesion"}
    baseline : str
        Truth without a disturbance; for lesions, how many of them have the sign and how many
        are known, ``"2 of 7"``.
    comparisons : int
        Disturbances, times lesions where the sign is a lesion's.
    true_to_false, false_to_true, known_to_unknown, unknown_to_known : int
    both_unknown : int
    vanished : int
        The lesion itself was gone.
    changed_under : tuple of str
        Disturbances that turned true into false or false into true.
    """

    kind: str
    id: str
    level: str
    baseline: str
    comparisons: int
    true_to_false: int
    false_to_true: int
    known_to_unknown: int
    unknown_to_known: int
    both_unknown: int
    vanished: int
    changed_under: tuple[str, ...]

    @property
    def flips(self) -> int:
        """True turned into false, or false into true."""
        return self.true_to_false + self.false_to_true

    @property
    def both_known(self) -> int:
        """Comparisons of two known truths: what the flip rate is a share of."""
        moved = self.known_to_unknown + self.unknown_to_known + self.both_unknown
        return self.comparisons - moved - self.vanished

    @property
    def flip_rate(self) -> float | None:
        """Flips over comparisons of two known truths; None where there was none."""
        return self.flips / self.both_known if self.both_known else None

    @property
    def unknown_rate(self) -> float | None:
        """Changes between known and unknown over all comparisons, vanished lesions left out."""
        there = self.comparisons - self.vanished
        return (self.known_to_unknown + self.unknown_to_known) / there if there else None


Change = tuple[str, Truth, Truth | None]
"""Disturbance, truth before, truth after; None where the lesion is gone."""


def patient_flips(before: Outcome, after: Sequence[Outcome]) -> tuple[Flips, ...]:
    """Every sign of the patient, in the order of the catalogue."""
    return tuple(
        _tally(
            ("sign", name, "patient", sign.truth.value),
            ((one.name, sign.truth, one.signs.patient[name].truth) for one in after),
        )
        for name, sign in before.signs.patient.items()
    )


def lesion_flips(before: Outcome, after: Sequence[Outcome]) -> tuple[Flips, ...]:
    """Every sign of the lesions, summed over them.

    Lesions that a disturbance made anew (a part that came off) have nothing to be held against
    and are left out.
    """
    names = list(next(iter(before.signs.lesions.values()), {}))
    rows = []
    for name in names:
        truths = {lesion: row[name].truth for lesion, row in before.signs.lesions.items()}
        known = [truth for truth in truths.values() if truth is not Truth.UNKNOWN]
        told = f"{known.count(Truth.TRUE)} of {len(known)}"
        changes = (
            (one.name, truth, _of_lesion(one.signs, lesion, name))
            for one in after
            for lesion, truth in truths.items()
        )
        rows.append(_tally(("sign", name, "lesion", told), changes))
    return tuple(rows)


def alert_flips(before: Outcome, after: Sequence[Outcome]) -> tuple[Flips, ...]:
    """Every alert that was raised with or without a disturbance."""
    raised = [{alert.code for alert in one.verdict.alerts} for one in (before, *after)]
    return tuple(
        _tally(
            ("alert", code, "patient", _raised(code, raised[0]).value),
            (
                (one.name, _raised(code, raised[0]), _raised(code, now))
                for one, now in zip(after, raised[1:], strict=True)
            ),
        )
        for code in sorted(set().union(*raised))
    )


def criteria_flips(before: Outcome, after: Sequence[Outcome]) -> tuple[Flips, ...]:
    """Every published criteria set: met, not met or undetermined."""
    states: Mapping[str, Truth] = {
        name: state.truth for name, state in before.verdict.criteria.items()
    }
    return tuple(
        _tally(
            ("criteria", name, "patient", truth.value),
            ((one.name, truth, one.verdict.criteria[name].truth) for one in after),
        )
        for name, truth in states.items()
    )


def _of_lesion(signs: SignTable, lesion: int, name: str) -> Truth | None:
    row = signs.lesions.get(lesion)
    return None if row is None else row[name].truth


def _raised(code: str, codes: set[str]) -> Truth:
    return Truth.TRUE if code in codes else Truth.FALSE


def _tally(what: tuple[str, str, str, str], changes: Iterable[Change]) -> Flips:
    seen: Counter[tuple[Truth, Truth]] = Counter()
    vanished = 0
    under: dict[str, None] = {}
    for name, before, after in changes:
        if after is None:
            vanished += 1
            continue
        seen[before, after] += 1
        if {before, after} == {Truth.TRUE, Truth.FALSE}:
            under[name] = None
    true, false, unknown = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
    return Flips(
        *what,
        comparisons=seen.total() + vanished,
        true_to_false=seen[true, false],
        false_to_true=seen[false, true],
        known_to_unknown=seen[true, unknown] + seen[false, unknown],
        unknown_to_known=seen[unknown, true] + seen[unknown, false],
        both_unknown=seen[unknown, unknown],
        vanished=vanished,
        changed_under=tuple(under),
    )
