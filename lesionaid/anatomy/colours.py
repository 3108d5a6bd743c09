"""Colours of the anatomy's labels: one table for pictures, label files and keys.

Hues go by family (fluid blue, cortex and lobes apart, callosum violet, deep grey orange, stem red,
cerebellum green), so that a name can be guessed; the two sides of a lobe share a hue, the right
one darker. Colours alone never tell a label: a number or a name always stands beside them.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["BRAIN_RGB", "COLOURS", "RGB", "colour_table", "hex_code"]

RGB = tuple[int, int, int]

BRAIN_RGB: RGB = (255, 214, 10)
"""The border of the brain."""

COLOURS: Mapping[str, RGB] = {
    # sites
    "lateral_ventricle": (86, 180, 233),
    "third_ventricle": (0, 220, 220),
    "fourth_ventricle": (30, 110, 240),
    "cortex": (240, 128, 60),
    "white_matter": (235, 225, 190),
    "corpus_callosum": (186, 104, 200),
    "deep_gray_matter": (214, 60, 130),
    "brainstem": (220, 40, 40),
    "cerebellum": (60, 170, 90),
    "csf": (110, 130, 170),
    # lobes
    "frontal_left": (255, 150, 130),
    "frontal_right": (205, 70, 50),
    "parietal_left": (150, 200, 255),
    "parietal_right": (50, 115, 200),
    "temporal_left": (165, 230, 150),
    "temporal_right": (60, 150, 60),
    "occipital_left": (215, 175, 250),
    "occipital_right": (130, 75, 190),
    "insula_left": (255, 230, 120),
    "insula_right": (205, 165, 20),
    # parts
    "ventricle_frontal_horn": (130, 210, 255),
    "ventricle_body": (60, 160, 230),
    "ventricle_atrium": (20, 100, 200),
    "ventricle_temporal_horn": (0, 200, 210),
    "aqueduct": (0, 255, 255),
    "callosum_genu": (225, 160, 235),
    "callosum_body": (180, 100, 200),
    "callosum_splenium": (130, 50, 160),
    "thalamus": (255, 120, 40),
    "caudate": (255, 180, 60),
    "putamen": (230, 90, 130),
    "pallidum": (160, 50, 90),
    "hippocampus": (250, 230, 70),
    "amygdala": (190, 170, 20),
    "hypothalamus": (255, 60, 190),
    "internal_capsule": (235, 225, 200),
    "midbrain": (255, 110, 100),
    "pons": (215, 40, 40),
    "medulla": (140, 20, 30),
    "middle_cerebellar_peduncle": (200, 240, 120),
    "cerebellar_white_matter": (130, 220, 150),
    "cerebellar_gray_matter": (40, 140, 80),
    "inferior_temporal": (150, 200, 90),
    "anterior_temporal": (90, 130, 40),
    "optic_pathway": (255, 255, 255),
    # zones
    "corticospinal": (255, 200, 0),
    "third_ventricle_lining": (0, 160, 160),
    "fourth_ventricle_lining": (60, 90, 190),
    "periaqueductal": (255, 0, 160),
    "dorsal_medulla": (255, 90, 0),
}
"""Red, green and blue of every name of sites, lobes, parts and zones."""


def colour_table(labels: Mapping[int, str]) -> dict[int, RGB]:
    """Colours by label of one of the anatomy's maps.

    Examples
    --------
    >>> from lesionaid.anatomy.map import SITES
    >>> colour_table(SITES)[8]
    (220, 40, 40)
    """
    return {number: COLOURS[name] for number, name in labels.items()}


def hex_code(colour: RGB) -> str:
    """A colour as HTML writes it.

    Examples
    --------
    >>> hex_code((220, 40, 40))
    '#dc2828'
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)
