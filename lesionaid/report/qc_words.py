"""What is said beside the pictures of quality control: figures with their limits, notes, sides."""

from __future__ import annotations

from collections.abc import Mapping

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.anatomy.to_template import (
    LEAST_OVERLAP,
    LEAST_SIMILARITY,
    WEAK_OVERLAP,
    WEAK_SIMILARITY,
)
from lesionaid.report.slices import PATIENT_RIGHT_IS_LEFT
from lesionaid.report.words import plain, value_words

__all__ = ["Said", "figures_of", "notes_of", "sides_in_words"]

Said = tuple[str, str]
"""The code of a note or a reason, and its sentence."""

_NOTES: Mapping[str, frozenset[str]] = {
    "scan": frozenset({"A01", "A02", "A03", "A04", "A05", "A06"}),
    "brain": frozenset({"W26", "W37"}),
    "registration": frozenset({"W30", "W31", "W34"}),
    "sites": frozenset({"W36"}),
    "lesions": frozenset({"A20", "A21", "A22", "A23", "W40", "W41", "W42"}),
}
"""Codes that are shown beside a picture."""

_FIGURES: Mapping[str, tuple[str, str]] = {
    "brain_overlap_dice": ("registration", "overlap of the brains (Dice)"),
    "registration_correlation": ("registration", "similarity inside the brain (correlation)"),
    "jacobian_min": ("registration", "smallest local change of volume (Jacobian)"),
    "jacobian_max": ("registration", "largest local change of volume (Jacobian)"),
    "ventricles_moved_ml": ("sites", "ventricle moved to the patient's own tissue"),
    "cortex_moved_ml": ("sites", "cortex moved to the patient's own tissue"),
    "brain_volume_ml": ("brain", "volume of the brain"),
    "brain_template_dice": ("brain", "overlap with the template's brain (Dice)"),
    "brain_similarity": ("brain", "similarity to the template (normalised mutual information)"),
    "brain_inner_correlation": ("brain", "similarity inside the brain (correlation)"),
    "labels_recognised": ("sites", "share of the labels that was recognised"),
}
_LIMITS: Mapping[str, str] = {
    "brain_overlap_dice": f"weak under {WEAK_OVERLAP:.2f}, refused under {LEAST_OVERLAP:.2f}",
    "registration_correlation": (
        f"weak under {WEAK_SIMILARITY:.2f}, refused under {LEAST_SIMILARITY:.2f}"
    ),
    "jacobian_min": "1 keeps the volume; at 0 or below the map is folded",
}


def figures_of(name: str, anatomy: AnatomyMap | None) -> tuple[tuple[str, str], ...]:
    """Quality figures of one picture, with the limits they are held against."""
    if anatomy is None:
        return ()
    rows = []
    for figure, value in anatomy.quality.items():
        default = "brain" if figure.startswith("brain_") else "registration"
        picture, words = _FIGURES.get(figure, (default, plain(figure)))
        if picture == name:
            limit = _LIMITS.get(figure)
            shown = value_words(value)
            rows.append((words, f"{shown} ({limit})" if limit else shown))
    if name == "registration" and anatomy.error_mm is not None:
        rows.append(("median error of a distance", f"{anatomy.error_mm:.1f} mm"))
    return tuple(rows)


def notes_of(name: str, notes: tuple[Said, ...]) -> tuple[Said, ...]:
    """Notes that belong beside one picture."""
    return tuple(note for note in notes if note[0] in _NOTES.get(name, ()))


def sides_in_words() -> str:
    """The convention of sides, for those who cannot see the letters."""
    side = "left" if PATIENT_RIGHT_IS_LEFT else "right"
    return f"the patient's right is on the picture's {side}"
