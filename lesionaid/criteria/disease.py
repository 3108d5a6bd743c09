"""The four diseases that are told apart, and pairs of them."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Disease", "Pair"]


class Disease(StrEnum):
    """The four, in the order in which they are always listed."""

    PML = "pml"
    MS = "ms"
    NMOSD = "nmosd"
    MOGAD = "mogad"

    @property
    def pattern(self) -> str:
        """Name of the pattern: ``"pml_like"``; a pattern is never a diagnosis."""
        return f"{self.value}_like"


Pair = tuple[Disease, Disease]
"""Two diseases, in the order of :class:`Disease`."""
