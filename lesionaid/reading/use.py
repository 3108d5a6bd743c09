"""How much of a case is used: signs, then context, then serology."""

from __future__ import annotations

from enum import StrEnum

from lesionaid.signs.cases import Use as Part

__all__ = ["Use"]


class Use(StrEnum):
    """How much of a case is used; each step takes in the one before."""

    SIGNS = "signs"
    """What was seen on the images, nothing else: the headline of every evaluation."""
    CONTEXT = "context"
    """Signs and clinical context."""
    SEROLOGY = "serology"
    """Signs, clinical context and serology."""

    @property
    def parts(self) -> frozenset[Part]:
        """Parts of a case that may be used."""
        if self is Use.SIGNS:
            return frozenset({"signs"})
        if self is Use.CONTEXT:
            return frozenset({"signs", "context"})
        return frozenset({"signs", "context", "serology"})
