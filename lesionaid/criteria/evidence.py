"""What a source says: references, counts, odds ratios, and how each number was read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Evidence",
    "Grade",
    "Interval",
    "Kind",
    "Performance",
    "Read",
    "Reference",
    "Stage",
    "Table",
]

Kind = Literal["table", "rates", "odds_ratio", "frequency", "consensus"]
Read = Literal["primary_table", "abstract", "secondary", "derived", "recalled"]
Grade = Literal["A", "B", "C", "D", "E"]
Stage = Literal["any", "screening", "active"]


@dataclass(frozen=True, slots=True)
class Reference:
    """A source, by the key that rules cite.

    Parameters
    ----------
    key, title, journal : str
    year : int
    doi, pmid, url : str
        At least one is set.
    note : str
    """

    key: str
    title: str
    journal: str
    year: int
    doi: str = ""
    pmid: str = ""
    url: str = ""
    note: str = ""

    @property
    def address(self) -> str:
        """The most stable address there is."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        if self.pmid:
            return f"https://pubmed.ncbi.nlm.nih.gov/{self.pmid}/"
        return self.url


@dataclass(frozen=True, slots=True)
class Table:
    """Counts of a sign in the disease it points toward, and in the other."""

    target_yes: int
    target_n: int
    other_yes: int
    other_n: int


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its 95 % interval, as printed."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one source says about a rule.

    Parameters
    ----------
    cite : str
        Key of a reference.
    kind : {"table", "rates", "odds_ratio", "frequency", "consensus"}
    read : {"primary_table", "abstract", "secondary", "derived", "recalled"}
        How the number was read; ``recalled`` weighs nothing.
    population : str
    table : Table or None
    counts : {"ratings", "lesions", "patients"}
        What the table counts.
    patients : tuple of int or None
        Patients behind the table (target, other): the floor of a zero cell rests on them.
    rates : tuple of float or None
        Sensitivity and specificity, without counts.
    published_or : Interval or None
        As printed; only the width of its logarithm is used beside a table, so a value
        printed for the opposite sign may stand as it is.
    odds_ratio : float or None
        Printed without an interval.
    frequency : float or None
        Share of the target with the sign, where nothing is known of the other.
    cross_study : bool
        Target and comparator come from different studies.
    chronic : bool
        Counted outside attacks, where many signs have faded.
    absence_weighs : bool
        False where the absent sign says nothing, though counted: sources contradict each
        other, or the sign depends on how the scan was made. The file's limits say which.
    stage : {"any", "screening", "active"}
        Kind of PML that was counted.
    note : str
    """

    cite: str
    kind: Kind
    read: Read
    population: str
    table: Table | None = None
    counts: Literal["ratings", "lesions", "patients"] = "patients"
    patients: tuple[int, int] | None = None
    rates: tuple[float, float] | None = None
    published_or: Interval | None = None
    odds_ratio: float | None = None
    frequency: float | None = None
    cross_study: bool = False
    chronic: bool = False
    absence_weighs: bool = True
    stage: Stage = "any"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Performance:
    """Published accuracy of a criteria set in one cohort, for display.

    Parameters
    ----------
    cite, against, population : str
    read : {"primary_table", "abstract", "secondary", "derived", "recalled"}
    sensitivity, specificity : float or None
    note : str
    """

    cite: str
    against: str
    population: str
    read: Read
    sensitivity: float | None = None
    specificity: float | None = None
    note: str = ""
