"""The table of codes: what each means, why it matters, how to mend it.

``E..`` and ``U..`` end the work on a study, ``W..`` is a note that travels with the result,
``A..`` ends as ``not_analysable``. Numbers are never reused.
"""

from __future__ import annotations

from lesionaid.codes.entry import Code
from lesionaid.codes.knowledge import KNOWLEDGE
from lesionaid.codes.running import RUNNING
from lesionaid.codes.scans import SCANS
from lesionaid.codes.studies import STUDIES

__all__ = ["CODES", "Code"]

CODES: dict[str, Code] = {**SCANS, **STUDIES, **KNOWLEDGE, **RUNNING}
