"""Signs of one lesion that its tissues and fields say: signal, border, uptake.

They complete :func:`lesionaid.simulate.truth_signs.lesion_signs`, which says what geometry
defines. What falls between two limits is None: nobody could say.
"""

from __future__ import annotations

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.pml_truth import dwi_rim, tissue_signs, wide_border
from lesionaid.simulate.tissue import Appearance

__all__ = ["look_signs"]

PATTERNS = ("nodular", "ring")
"""Uptake that an appearance names; every other lies in a field that only the signs of the patient
describe."""

OTHER_PATTERNS = ("punctate", "patchy", "open_ring", "linear", "peripheral", "cloud_like")


def look_signs(brain: Brain, lesion: SimulatedLesion, look: Appearance) -> dict[str, bool | None]:
    """Signs of a lesion's look.

    Parameters
    ----------
    brain : Brain
    lesion : SimulatedLesion
    look : Appearance

    Returns
    -------
    dict of str to bool or None
        By ids of the catalogue.
    """
    return {
        **tissue_signs(brain, lesion, look),
        "dwi_rim": dwi_rim(brain, lesion, look),
        "microcyst": lesion.cysts is not None,
        "border_white_matter_ill_defined": wide_border(brain, lesion),
        **_patterns(lesion, look),
    }


def _patterns(lesion: SimulatedLesion, look: Appearance) -> dict[str, bool | None]:
    names = (*PATTERNS, *OTHER_PATTERNS)
    if look.enhances == 0:
        return {f"enhancement_{name}": False for name in names}
    if lesion.uptake is not None:
        return {f"enhancement_{name}": None for name in names}
    return {f"enhancement_{name}": name == look.enhancement for name in names}
