"""The anatomy of one patient, on the reference grid, in mm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lesionaid.errors import Note
from lesionaid.geometry import Grid
from lesionaid.quantity import Value

__all__ = ["LOBES", "PARTS", "SITES", "ZONES", "AnatomyMap"]

SITES: Mapping[int, str] = {
    1: "lateral_ventricle",
    2: "third_ventricle",
    3: "fourth_ventricle",
    4: "cortex",
    5: "white_matter",
    6: "corpus_callosum",
    7: "deep_gray_matter",
    8: "brainstem",
    9: "cerebellum",
    10: "csf",
}
"""Exclusive sites of :attr:`AnatomyMap.sites`; 0 is outside the brain. ``cortex`` and
``white_matter`` are cerebral; ``cerebellum`` holds its cortex and white matter;
``csf`` is cerebrospinal fluid outside the ventricles."""

LOBES: Mapping[int, str] = {
    1: "frontal_left",
    2: "frontal_right",
    3: "parietal_left",
    4: "parietal_right",
    5: "temporal_left",
    6: "temporal_right",
    7: "occipital_left",
    8: "occipital_right",
    9: "insula_left",
    10: "insula_right",
}
"""Exclusive lobes of :attr:`AnatomyMap.lobes`, cortex and white matter together."""

PARTS: Mapping[int, str] = {
    1: "ventricle_frontal_horn",
    2: "ventricle_body",
    3: "ventricle_atrium",
    4: "ventricle_temporal_horn",
    5: "aqueduct",
    6: "callosum_genu",
    7: "callosum_body",
    8: "callosum_splenium",
    9: "thalamus",
    10: "caudate",
    11: "putamen",
    12: "pallidum",
    13: "hippocampus",
    14: "amygdala",
    15: "hypothalamus",
    16: "internal_capsule",
    17: "midbrain",
    18: "pons",
    19: "medulla",
    20: "middle_cerebellar_peduncle",
    21: "cerebellar_white_matter",
    22: "cerebellar_gray_matter",
    23: "inferior_temporal",
    24: "anterior_temporal",
    25: "optic_pathway",
}
"""Exclusive named parts of the sites in :attr:`AnatomyMap.parts`, both sides under one code; 0 is
everything else. ``ventricle_atrium`` holds the occipital horn, ``inferior_temporal`` the temporal
lobe below the superior temporal sulcus without its ``anterior_temporal`` part, ``optic_pathway``
the chiasm and the tracts."""

ZONES: Mapping[int, str] = {
    1: "corticospinal",
    2: "third_ventricle_lining",
    3: "fourth_ventricle_lining",
    4: "periaqueductal",
    5: "dorsal_medulla",
}
"""Exclusive zones of :attr:`AnatomyMap.zones`, laid over the parts. All are geometric proxies: a
corridor about a traced line, tissue within 3 mm of a ventricle or 6 mm of the aqueduct, the back
of the medulla about the obex (where the area postrema lies)."""


@dataclass(frozen=True, slots=True, eq=False)
class AnatomyMap:
    """Sites, lobes and distances in the patient's own space.

    Parameters
    ----------
    grid : Grid
        The reference grid.
    sites : ndarray of shape grid.shape, uint8
        Keys of :data:`SITES`.
    lobes : ndarray of shape grid.shape, uint8
        Keys of :data:`LOBES`.
    parts, zones : ndarray of shape grid.shape, uint8, or None
        Keys of :data:`PARTS` and :data:`ZONES`; None where the map does not know them. A user's
        labels hold the parts that they name, and no zones: a part that is nowhere in the map is
        not known, which is not the same as absent.
    distances_mm : mapping of str to ndarray of shape grid.shape, float32
        Signed distance to a structure's surface: positive outside, negative inside.
        Keys: ``lateral_ventricle``, ``cortex`` (cerebral cortex ribbon).
    mni_mm : ndarray of shape grid.shape + (3,), float32, or None
        MNI152 RAS+ mm of every voxel; None when no registration was run.
    source : {"template", "labels", "mni"}
        Registered template, the user's labels, or inputs already in MNI152.
    error_mm : float or None
        What registration can and cannot resolve: median error of a distance, in mm.
    quality : mapping of str to Value
        Similarity, brain overlap, range of the Jacobian.
    notes : tuple of Note
    """

    grid: Grid
    sites: NDArray[np.uint8]
    lobes: NDArray[np.uint8]
    distances_mm: Mapping[str, NDArray[np.float32]]
    mni_mm: NDArray[np.float32] | None
    source: Literal["template", "labels", "mni"]
    error_mm: float | None
    quality: Mapping[str, Value]
    notes: tuple[Note, ...] = ()
    parts: NDArray[np.uint8] | None = None
    zones: NDArray[np.uint8] | None = None

    @property
    def brain(self) -> NDArray[np.bool_]:
        """Everything inside the skull that has a site."""
        return self.sites > 0
