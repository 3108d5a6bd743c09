"""Personal data in a header or its sidecar: found and named by kind, never repeated.

Keys are those that dcm2niix writes without its anonymisation option (``-ba n``) and the
DICOM keywords of the Basic Application Level Confidentiality Profile (DICOM PS3.15 E).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from lesionaid.errors import Note
from lesionaid.study.bids import image_stem

__all__ = ["header_notes", "sidecar_notes"]

MAX_SIDECAR_BYTES = 1_000_000
MIN_YEAR, MAX_YEAR = 1900, 2100

_KEYS = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientAddress",
    "AccessionNumber",
    "ReferringPhysicianName",
    "PerformingPhysicianName",
    "OperatorsName",
    "InstitutionAddress",
    "StudyInstanceUID",
    "AcquisitionDateTime",
    "StudyDate",
)
_KEY_PATTERN = re.compile("|".join(_KEYS).encode(), re.IGNORECASE)
_PERSON_NAME = re.compile(rb"[A-Za-z]{2,}\^[A-Za-z]{2,}")
_DATE = re.compile(rb"(?<!\d)(\d{4})([-/.]?)(\d{2})\2(\d{2})(?!\d)")


def header_notes(texts: Mapping[str, bytes], extensions: bytes, name: str) -> tuple[Note, ...]:
    """``W17`` when free text of the header or an extension looks personal."""
    found = []
    for field, text in (*texts.items(), ("extension", extensions)):
        kinds = [
            kind
            for kind, hit in (
                ("a person's name", _PERSON_NAME.search(text)),
                ("an identifier", _KEY_PATTERN.search(text)),
                ("a date", any(map(_is_date, _DATE.finditer(text)))),
            )
            if hit
        ]
        if kinds:
            found.append(f"{field}: {', '.join(kinds)}")
    return (Note("W17", name, "; ".join(found)),) if found else ()


def sidecar_notes(image: Path) -> tuple[Note, ...]:
    """``W17`` when the JSON beside an image holds keys that name a person or a date."""
    sidecar = image.with_name(f"{image_stem(image.name) or image.name}.json")
    try:
        if not sidecar.is_file() or sidecar.stat().st_size > MAX_SIDECAR_BYTES:
            return ()
        content = json.loads(sidecar.read_bytes())
    except (OSError, ValueError, RecursionError):
        return ()  # the sidecar is not needed for anything else
    known = {key.lower() for key in _KEYS}
    keys = (
        [key for key, value in content.items() if value and key.lower() in known]
        if (isinstance(content, dict))
        else []
    )
    return (Note("W17", sidecar.name, ", ".join(keys)),) if keys else ()


def _is_date(match: re.Match[bytes]) -> bool:
    year, month, day = (int(match.group(index)) for index in (1, 3, 4))
    return MIN_YEAR <= year <= MAX_YEAR and 1 <= month <= 12 and 1 <= day <= 31
