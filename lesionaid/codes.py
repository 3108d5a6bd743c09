"""The table of codes: what each means, why it matters, how to mend it.

``E..`` ends the work on a study, ``W..`` is a note that travels with the result,
``A..`` ends as ``not_analysable``. Numbers are never reused.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CODES", "Code"]


class Code(NamedTuple):
    """One row of the table."""

    title: str
    why: str
    fix: str


CODES: dict[str, Code] = {
    "E01": Code(
        "file not found",
        "without the file nothing can be measured.",
        "check the path; for a dangling git-annex or DataLad link run 'datalad get FILE'.",
    ),
    "E74": Code(
        "cannot write the output",
        "results would be lost or half-written.",
        "choose an output folder that exists, is writable and has free space.",
    ),
}
