"""What a sign is, and what else a form may say: the rows of the sign catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lesionaid.quantity import Unit
from lesionaid.signs.condition import Condition

__all__ = ["SECTIONS", "VALIDATIONS", "Expansion", "InputSpec", "SignSpec", "Validation"]

Validation = Literal["validated", "self-consistency", "unvalidated"]
VALIDATIONS: tuple[Validation, ...] = ("validated", "self-consistency", "unvalidated")
"""What a measured sign has been held against: readers or real scans with a truth, phantoms and
simulated scans, or phantoms alone where no real scan exists that could show it."""

SECTIONS: Mapping[str, str] = {
    "extent": "Size and extent",
    "border": "Borders",
    "satellites": "Satellites",
    "cortex": "Cortex and the white matter under it",
    "ventricle": "Lateral ventricles",
    "callosum": "Corpus callosum",
    "deep_grey": "Deep grey matter and diencephalon",
    "posterior_fossa": "Posterior fossa",
    "distribution": "Lobes, sides and number",
    "signal": "Signal and tissue",
    "diffusion": "Diffusion",
    "enhancement": "Enhancement",
    "susceptibility": "Susceptibility",
    "change": "Change since the prior scan",
    "cord": "Spinal cord",
    "optic_nerve": "Optic nerves",
    "criteria": "Clinical and combined inputs of published criteria",
}
"""Parts of a form, in its order."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """Signs that a word in a form makes true and false; every other stays unknown."""

    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SignSpec:
    """One sign: a file of ``rules/signs``.

    Parameters
    ----------
    id : str
        The file's name.
    title : str
    section : str
        Key of :data:`SECTIONS`.
    reader : str
        Definition for a reader, in words.
    level : {"lesion", "patient"}
        A lesion sign holds for the patient too, see `patient`.
    patient : {"any", "all"}
        The patient's value of a lesion sign: any lesion has it, or every lesion has it.
    aliases : tuple of str
        Other names accepted in forms and criteria.
    group : str
        Correlated signs share a group (weighing); empty for none.
    measure : Condition or None
        Operational definition; None for a sign that only a reader or another source can give.
    threshold : {"published", "proposed"} or None
    source : str
        Where the definition or its threshold comes from.
    implies : tuple of str
        Signs that are true wherever this one is, by definition.
    excludes : tuple of str
        Signs that are false wherever this one is true, by definition.
    reads_as : str
        Sign whose answer in a form answers this one too; empty for none.
    values : mapping of str to Expansion
        Words that may stand in a form instead of true and false.
    needs : tuple of str
        What an examination must hold for the sign to be seen.
    unknown_when, limits, references : tuple of str
    information : bool
        True for what weighs nothing.
    validation : Validation or None
        None for a sign without a measure.
    picture : str
        Drawing of a phantom that has the sign, as a path beside the file; empty for none.
    """

    id: str
    title: str
    section: str
    reader: str
    level: Literal["lesion", "patient"]
    patient: Literal["any", "all"] = "any"
    aliases: tuple[str, ...] = ()
    group: str = ""
    measure: Condition | None = None
    threshold: Literal["published", "proposed"] | None = None
    source: str = ""
    implies: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    reads_as: str = ""
    values: Mapping[str, Expansion] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    unknown_when: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    information: bool = False
    validation: Validation | None = None
    picture: str = ""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """A key of a form that is no sign itself but answers signs: a pattern, a size, a list.

    Parameters
    ----------
    id, title, section, reader, level, aliases
        As of a sign.
    kind : {"choice", "list", "number", "text"}
    values : mapping of str to Expansion
        Words allowed, of a choice or list; a text may say anything.
    unit : Unit or None
        Of a number; each of `signs` has a threshold in it.
    low, high : float or None
        Smallest and largest number accepted.
    signs : tuple of str
    information : bool
    """

    id: str
    title: str
    section: str
    reader: str
    level: Literal["lesion", "patient"]
    kind: Literal["choice", "list", "number", "text"]
    aliases: tuple[str, ...] = ()
    values: Mapping[str, Expansion] = field(default_factory=dict)
    unit: Unit | None = None
    low: float | None = None
    high: float | None = None
    signs: tuple[str, ...] = ()
    information: bool = False
