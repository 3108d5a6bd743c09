"""Three-valued truth after Kleene: true, false, and *unknown*.

Unknown is never read as false: ``bool()`` of a :class:`Truth` raises, so that
``if sign:`` cannot quietly treat "not imaged" as "absent".

References
----------
Kleene SC. Introduction to Metamathematics. 1952, section 64 (strong tables).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

__all__ = ["Truth", "all_of", "any_of", "at_least", "none_of"]


class Truth(Enum):
    """A truth value that may be unknown.

    Examples
    --------
    >>> Truth.TRUE & Truth.UNKNOWN
    <Truth.UNKNOWN: 'unknown'>
    >>> Truth.FALSE & Truth.UNKNOWN
    <Truth.FALSE: 'false'>
    >>> ~Truth.UNKNOWN
    <Truth.UNKNOWN: 'unknown'>
    """

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, value: bool | None) -> Truth:
        """Truth of a boolean; ``None`` is unknown."""
        if value is None:
            return cls.UNKNOWN
        return cls.TRUE if value else cls.FALSE

    @property
    def known(self) -> bool:
        """Whether the value is true or false."""
        return self is not Truth.UNKNOWN

    def __bool__(self) -> bool:
        raise TypeError(
            "a Truth may be unknown, so it has no bool(); "
            "compare with 'is Truth.TRUE', 'is Truth.FALSE' or 'is Truth.UNKNOWN'"
        )

    def __invert__(self) -> Truth:
        if self is Truth.UNKNOWN:
            return self
        return Truth.FALSE if self is Truth.TRUE else Truth.TRUE

    def __and__(self, other: Truth) -> Truth:
        return all_of((self, other))

    def __or__(self, other: Truth) -> Truth:
        return any_of((self, other))


def at_least(k: int, values: Iterable[Truth]) -> Truth:
    """Whether at least `k` values are true.

    True when the known-true values suffice, false when even all unknowns being true
    would not, unknown otherwise.

    Examples
    --------
    >>> at_least(2, [Truth.TRUE, Truth.UNKNOWN, Truth.FALSE])
    <Truth.UNKNOWN: 'unknown'>
    """
    values = tuple(values)
    n_true = sum(value is Truth.TRUE for value in values)
    n_unknown = sum(value is Truth.UNKNOWN for value in values)
    if n_true >= k:
        return Truth.TRUE
    if n_true + n_unknown < k:
        return Truth.FALSE
    return Truth.UNKNOWN


def all_of(values: Iterable[Truth]) -> Truth:
    """Conjunction; true for no values."""
    values = tuple(values)
    return at_least(len(values), values)


def any_of(values: Iterable[Truth]) -> Truth:
    """Disjunction; false for no values."""
    return at_least(1, values)


def none_of(values: Iterable[Truth]) -> Truth:
    """Whether no value is true."""
    return ~any_of(values)
