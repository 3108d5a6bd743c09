"""What was published about how common the diseases are, before any image is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lesionaid.criteria.disease import Disease
from lesionaid.criteria.evidence import Read
from lesionaid.criteria.expression import Condition

__all__ = ["PublishedRisk", "RegionalPrior"]


@dataclass(frozen=True, slots=True)
class RegionalPrior:
    """How common the demyelinating diseases are where `when` holds.

    Parameters
    ----------
    id, title : str
    when : Condition
        On the context alone.
    prevalence : mapping of Disease to float
        Per 100,000; only the ratios are used.
    cite : str
    read : {"primary_table", "abstract", "secondary", "derived", "recalled"}
    note : str
    """

    id: str
    title: str
    when: Condition
    prevalence: Mapping[Disease, float]
    cite: str
    read: Read
    note: str = ""


@dataclass(frozen=True, slots=True)
class PublishedRisk:
    """How often PML came up in a stratum of patients; quoted, never used as a prior.

    Parameters
    ----------
    id, title : str
    when : Condition
        On the context alone.
    per_1000 : str
        As printed: patients with PML per 1000 over the months that the title names.
    cite : str
    read : {"primary_table", "abstract", "secondary", "derived", "recalled"}
    note : str
    """

    id: str
    title: str
    when: Condition
    per_1000: str
    cite: str
    read: Read
    note: str = ""
