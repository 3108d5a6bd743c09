"""What ``lesionaid simulate`` is asked to make, and who that comes to."""

from __future__ import annotations

from dataclasses import dataclass, field

from lesionaid.errors import UsageError
from lesionaid.simulate.brain import Brain
from lesionaid.simulate.diseases import FAMILIES
from lesionaid.simulate.protocol import Protocol

__all__ = ["Order", "Patient", "patients"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made.

    Parameters
    ----------
    diseases : tuple of str
        Keys of the family in :data:`~lesionaid.simulate.diseases.FAMILIES`.
    count : int
        Patients of each disease.
    seed : int
    family : str
    voxel_mm : float
        Of the simulated brain and of scans without thick slices.
    protocol : Protocol
    bids : bool
        A BIDS dataset; otherwise one folder a patient with its prior inside.
    base : Brain or None
        A brain that every patient gets, with its own voxels.
    atrophy_mm : float
        How much thinner every patient's cortex is.
    """

    diseases: tuple[str, ...]
    count: int = 1
    seed: int = 0
    family: str = "first"
    voxel_mm: float = 1.0
    protocol: Protocol = field(default_factory=Protocol)
    bids: bool = True
    base: Brain | None = None
    atrophy_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class Patient:
    """One line of the order.

    Parameters
    ----------
    label : str
        BIDS label without ``sub-``.
    disease : str
    number : int
    """

    label: str
    disease: str
    number: int


def patients(order: Order) -> tuple[Patient, ...]:
    """Everybody in the order, by disease.

    Raises
    ------
    UsageError
        ``U20`` for a family or disease that is not there.
    """
    known = FAMILIES.get(order.family, {})
    for disease in order.diseases:
        if disease not in known:
            names = ", ".join(known) or "no such family"
            raise UsageError("U20", value=f"{disease} (family {order.family}: {names})")
    prefix = "" if order.family == "first" else order.family
    return tuple(
        Patient(f"{prefix}{disease}{number:03d}".replace("_", ""), disease, number)
        for disease in order.diseases
        for number in range(1, order.count + 1)
    )
