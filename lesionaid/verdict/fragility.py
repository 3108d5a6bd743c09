"""Whether the verdict holds when mask, slices or alignment were a little off."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lesionaid.verdict.model import PATTERNS

__all__ = ["FRAGILE_OVER", "VerdictFlips"]

FRAGILE_OVER = 0.1
"""A verdict that changes under more than this share of the disturbances is fragile (proposed)."""


@dataclass(frozen=True, slots=True)
class VerdictFlips:
    """What small disturbances of mask, slices and alignment did to the pattern.

    Parameters
    ----------
    undisturbed : str
    patterns : mapping of str to str
        Pattern by disturbance; never empty.
    limit : float
        Share of changes above which the verdict is fragile.
    """

    undisturbed: str
    patterns: Mapping[str, str]
    limit: float = FRAGILE_OVER

    @property
    def changed(self) -> tuple[str, ...]:
        """Disturbances under which another pattern came out."""
        return tuple(name for name, one in self.patterns.items() if one != self.undisturbed)

    @property
    def to_another(self) -> int:
        """How many turned one named pattern into another; the rest lost or gained a name."""
        if self.undisturbed not in PATTERNS:
            return 0
        return sum(self.patterns[name] in PATTERNS for name in self.changed)

    @property
    def rate(self) -> float:
        """Share of the disturbances that changed the pattern."""
        return len(self.changed) / len(self.patterns)

    @property
    def fragile(self) -> bool:
        """Whether the pattern changed under more than the limit."""
        return self.rate > self.limit

    def to_json_dict(self) -> dict[str, Any]:
        """``robustness`` of ``verdict.json``."""
        return {
            "tested": len(self.patterns),
            "changed": len(self.changed),
            "to_another_pattern": self.to_another,
            "rate": round(self.rate, 4),
            "fragile_over": self.limit,
            "patterns": dict(self.patterns),
        }
