"""One row of the table of codes."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Code"]


class Code(NamedTuple):
    """What is wrong, why it matters, how to mend it."""

    title: str
    why: str
    fix: str
