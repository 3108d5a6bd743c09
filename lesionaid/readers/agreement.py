"""Who agrees with whom on which sign: every pair of readers, and all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from lesionaid.readers.forms import Form
from lesionaid.readers.kappa import Agreement, Estimate, cohen, fleiss, tabulate
from lesionaid.truth import Truth

__all__ = ["COMPUTED", "Agreements", "ManyReaders", "Pair", "compare"]

COMPUTED = "computed"
"""Name of the reader that is lesionaid itself."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two readers on one sign."""

    sign: str
    first: str
    second: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class ManyReaders:
    """Three or more human readers on one sign.

    Parameters
    ----------
    sign : str
    readers : tuple of str
    n, left_out : int
        Cases that all of them answered, and cases that some left open.
    kappa : Estimate
        Fleiss' kappa.
    """

    sign: str
    readers: tuple[str, ...]
    n: int
    left_out: int
    kappa: Estimate


@dataclass(frozen=True, slots=True)
class Agreements:
    """Everything about a reader study.

    Parameters
    ----------
    readers : tuple of str
        Sorted; the computed signs last.
    cases : tuple of str
    pairs : tuple of Pair
        By sign, in the order of the catalogue; signs that nobody answered are left out.
    many : tuple of ManyReaders
        Empty for fewer than three human readers.
    """

    readers: tuple[str, ...]
    cases: tuple[str, ...]
    pairs: tuple[Pair, ...]
    many: tuple[ManyReaders, ...]


def compare(forms: Iterable[Form], signs: Sequence[str]) -> Agreements:
    """Compare readers sign by sign over the cases that both of them read.

    Parameters
    ----------
    forms : iterable of Form
        One for each case and reader, those of :data:`COMPUTED` too; the order does not matter.
    signs : sequence of str
        Ids of the signs to compare.
    """
    readings: dict[str, dict[str, Mapping[str, Truth]]] = {}
    for form in forms:
        readings.setdefault(form.reader, {})[form.case] = form.signs
    readers = tuple(sorted(readings, key=lambda name: (name == COMPUTED, name)))
    people = tuple(name for name in readers if name != COMPUTED)
    answered = [sign for sign in signs if _answered(sign, readings)]
    return Agreements(
        readers=readers,
        cases=tuple(sorted({case for of_reader in readings.values() for case in of_reader})),
        pairs=tuple(
            Pair(sign, first, second, _pair(sign, readings[first], readings[second]))
            for sign in answered
            for first, second in combinations(readers, 2)
        ),
        many=tuple(_many(sign, people, readings) for sign in answered) if len(people) > 2 else (),
    )


def _answered(sign: str, readings: Mapping[str, Mapping[str, Mapping[str, Truth]]]) -> bool:
    return any(
        signs.get(sign, Truth.UNKNOWN).known
        for of_reader in readings.values()
        for signs in of_reader.values()
    )


def _answers(
    sign: str, readings: Mapping[str, Mapping[str, Truth]], cases: Iterable[str]
) -> list[Truth]:
    return [readings[case].get(sign, Truth.UNKNOWN) for case in cases]


def _pair(
    sign: str,
    first: Mapping[str, Mapping[str, Truth]],
    second: Mapping[str, Mapping[str, Truth]],
) -> Agreement:
    shared = sorted(first.keys() & second.keys())
    return cohen(tabulate(_answers(sign, first, shared), _answers(sign, second, shared)))


def _many(
    sign: str,
    people: tuple[str, ...],
    readings: Mapping[str, Mapping[str, Mapping[str, Truth]]],
) -> ManyReaders:
    shared = sorted(set.intersection(*(set(readings[name]) for name in people)))
    columns = [_answers(sign, readings[name], shared) for name in people]
    complete = [row for row in zip(*columns, strict=True) if all(truth.known for truth in row)]
    yes = [sum(truth is Truth.TRUE for truth in row) for row in complete]
    kappa = fleiss(yes, len(people))
    return ManyReaders(sign, people, len(complete), len(shared) - len(complete), kappa)
