"""The exception tree and the notes.

::

    LesionaidError
    ├── InputError      a file or form that cannot be used       exit 65
    │   ├── GateError       header, data or completeness of a scan
    │   ├── GridError       images that do not lie on one another
    │   ├── MaskError       a lesion mask that cannot be read as one
    │   ├── FormError       context, reader's form, cases
    │   └── RuleError       a rule, sign or reference file
    ├── AnalysisError   the study ends as ``not_analysable``     (verdict, exit 0)
    ├── OutputError     cannot read or write                     exit 74
    └── UsageError      options that do not go together          exit 2

Every error carries a stable code. What it means, why it matters and how to mend it
stand in one table, :data:`lesionaid.codes.CODES`, which ``lesionaid explain`` prints.
"""

from __future__ import annotations

from dataclasses import dataclass

from lesionaid.codes import CODES

__all__ = [
    "AnalysisError",
    "FormError",
    "GateError",
    "GridError",
    "InputError",
    "LesionaidError",
    "MaskError",
    "Note",
    "OutputError",
    "RuleError",
    "UsageError",
]


class LesionaidError(Exception):
    """An error that a user can act on.

    Parameters
    ----------
    code : str
        Key of :data:`lesionaid.codes.CODES`.
    file : str
        Name of the file as the user gave it, without folders.
    value : str
        What was found there.
    """

    exit_code = 65

    def __init__(self, code: str, *, file: str = "", value: str = "") -> None:
        self.code = code
        self.file = file
        self.value = value
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """Code, what is wrong, where, why it matters, how to fix; one line each."""
        entry = CODES[self.code]
        lines = [f"{self.code} {entry.title}" + (f": {self.value}" if self.value else "")]
        if self.file:
            lines.append(f"  File: {self.file}")
        lines += [f"  Why it matters: {entry.why}", f"  Fix: {entry.fix}"]
        return "\n".join(lines)

    @property
    def sentence(self) -> str:
        """What is wrong and how to fix it, on one line."""
        entry = CODES[self.code]
        found = f": {self.value}" if self.value else ""
        return f"{entry.title[:1].upper()}{entry.title[1:]}{found}. To mend it: {entry.fix}"


class InputError(LesionaidError):
    """Input that cannot be used."""


class GateError(InputError):
    """A scan that the gate refuses."""


class GridError(InputError):
    """Images that do not lie on one another."""


class MaskError(InputError):
    """A lesion mask that cannot be read as one."""


class FormError(InputError):
    """A clinical context, reader's form or case file that cannot be used."""


class RuleError(InputError):
    """A rule, sign or reference file that cannot be used."""


class AnalysisError(LesionaidError):
    """A study that is in order but cannot be analysed: the verdict is ``not_analysable``."""

    exit_code = 0


class OutputError(LesionaidError):
    """A file that cannot be read from or written to disk."""

    exit_code = 74


class UsageError(LesionaidError):
    """Options that do not go together."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Note:
    """Something the reader must know though the work goes on (codes ``W..``).

    Parameters
    ----------
    code : str
        Key of :data:`lesionaid.codes.CODES`.
    file : str
        Name of the file, without folders; empty for the whole study.
    value : str
        What was found.
    """

    code: str
    file: str = ""
    value: str = ""

    @property
    def text(self) -> str:
        """One line for a terminal or a report."""
        where = f" ({self.file})" if self.file else ""
        return f"{CODES[self.code].title}{': ' + self.value if self.value else ''}{where}"
