"""The meeting place of the two wings: measurements and signs, known or unknown.

The image wing fills a :class:`MeasurementTable` and knows no medicine; the knowledge
wing reads it through the sign catalogue into a :class:`SignTable` and knows no image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from lesionaid.quantity import Unit, Unknown, Value
from lesionaid.truth import Truth

__all__ = [
    "LesionGroup",
    "MeasurementSpec",
    "MeasurementTable",
    "SignSource",
    "SignTable",
    "SignValue",
]

Level = Literal["lesion", "study"]


@dataclass(frozen=True, slots=True)
class LesionGroup:
    """A main lesion with the components under 5 mm within 20 mm of it (DESIGN).

    Parameters
    ----------
    main : int
        Id of the main lesion; rules on lesions run on it.
    satellites : tuple of int
        Ids of the small components, ascending.
    """

    main: int
    satellites: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class MeasurementSpec:
    """What a measurement is: the row of the catalogue.

    Parameters
    ----------
    name : str
        Noun with its unit: ``"volume_mm3"``.
    unit : Unit or None
        None for a category.
    level : {"lesion", "study"}
    description : str
        One sentence, the operational definition.
    needs : tuple of str
        Contrasts or structures that must be there.
    reference : str
        Source of the method.
    validated : bool
        False when no real scan or truth exists to check it against.
    """

    name: str
    unit: Unit | None
    level: Level
    description: str
    needs: tuple[str, ...] = ()
    reference: str = ""
    validated: bool = True


@dataclass(frozen=True, slots=True)
class MeasurementTable:
    """Measured values: a row a lesion, and one row for the study.

    Parameters
    ----------
    specs : mapping of str to MeasurementSpec
        In the order of the catalogue, which is the order of columns.
    lesions : mapping of int to mapping of str to Value
        By lesion id, specks included.
    study : mapping of str to Value
    groups : tuple of LesionGroup
    specks : frozenset of int
        Ids that stay outside counts and rules.
    """

    specs: Mapping[str, MeasurementSpec]
    lesions: Mapping[int, Mapping[str, Value]]
    study: Mapping[str, Value]
    groups: tuple[LesionGroup, ...] = ()
    specks: frozenset[int] = frozenset()


class SignSource(StrEnum):
    """Who says so."""

    MEASURED = "measured"
    READER = "reader"
    CONTEXT = "context"


@dataclass(frozen=True, slots=True)
class SignValue:
    """One sign: its truth, the value behind it, and why it is unknown if it is.

    Parameters
    ----------
    truth : Truth
    value : Value or None
        The measurement that was held against the threshold.
    unknown : Unknown or None
        Set exactly when `truth` is unknown.
    source : SignSource
    """

    truth: Truth
    value: Value | None = None
    unknown: Unknown | None = None
    source: SignSource = SignSource.MEASURED


@dataclass(frozen=True, slots=True)
class SignTable:
    """Signs per lesion and per patient.

    Parameters
    ----------
    lesions : mapping of int to mapping of str to SignValue
        By lesion id, specks left out. Every lesion sign of the catalogue has an entry.
    patient : mapping of str to SignValue
        Every sign of the catalogue has an entry.
    groups : tuple of LesionGroup
    lesions_known : bool
        False when no lesion mask and no reader's lesions were given: "no lesion" and
        "not looked for" differ.
    """

    lesions: Mapping[int, Mapping[str, SignValue]]
    patient: Mapping[str, SignValue]
    groups: tuple[LesionGroup, ...] = ()
    lesions_known: bool = True
    extras: Mapping[str, Value] = field(default_factory=dict)
