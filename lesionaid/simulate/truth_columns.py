"""Every value of a simulated lesion's truth, with its unit and definition."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DESCRIPTIONS", "TRUTH_COLUMNS", "sidecar"]

_SHARE = "1"

DESCRIPTIONS: Mapping[str, tuple[str, str]] = {
    "label": ("", "Number in the label map; 0 for a lesion that is gone."),
    "mechanism": ("", "Process that the generator simulated."),
    "role": ("", "lesion, main or satellite, as the generator placed it."),
    "site": ("", "Where the generator put it; a lesion may reach other sites besides."),
    "n_voxels": ("", "Voxels that are at least half lesion, on the brain's own grid."),
    "volume_mm3": ("mm3", "Voxels times the volume of a voxel."),
    "equivalent_diameter_mm": ("mm", "Diameter of the ball of that volume."),
    "diameter_mm": (
        "mm",
        "Largest distance between the centres of two voxels: 0 for one voxel, and up to a voxel "
        "less than the body's own diameter.",
    ),
    "extent_right_mm": ("mm", "Extent of the voxels as boxes from left to right."),
    "extent_anterior_mm": ("mm", "Extent of the voxels as boxes from back to front."),
    "extent_superior_mm": ("mm", "Extent of the voxels as boxes from below upwards."),
    "ventricle_mm": (
        "mm",
        "Smallest distance of a voxel's centre to the surface of a lateral ventricle, negative "
        "inside; n/a where the brain has none within reach of the grid.",
    ),
    "ventricle_contact_mm2": (
        "mm2",
        "Area of the lateral ventricle's surface that the lesion covers: faces between a voxel "
        "of the ventricle and one outside it, either of them the lesion's, each times the cosine "
        "between its direction and the surface's.",
    ),
    "ventricle_contact_mm": (
        "mm",
        "Length of that contact: largest distance between two centres of the lesion's voxels on "
        "it, in one part connected over 26 neighbours.",
    ),
    "periventricular_mm3": ("mm3", "Volume within 3 mm of a lateral ventricle or inside it."),
    "cortex_mm": (
        "mm",
        "Smallest distance of a voxel's centre to the surface of the cerebral cortex, negative "
        "inside.",
    ),
    "cortex_contact_mm2": (
        "mm2",
        "Area of the inner surface of the cortex (towards white matter) that the lesion covers, "
        "from either side; counted as for the ventricle.",
    ),
    "cortex_contact_mm": ("mm", "Length of that contact, as for the ventricle."),
    "subcortical_mm3": (
        "mm3",
        "Volume in the U-fibre band: cerebral white matter within 3 mm of the cortex.",
    ),
    "subcortical_mm": (
        "mm",
        "Largest distance between two voxel centres of one connected part of it in that band.",
    ),
    "share_subcortical": (_SHARE, "Share of its voxels in that band."),
    "share_cortex": (_SHARE, "Share of its voxels in the cerebral cortex."),
    "share_white_matter": (_SHARE, "Share of its voxels that are at least half white matter, "
                           "above the tentorium."),
    "share_callosum": (_SHARE, "Share of its voxels in the corpus callosum, up to 12 mm of MNI "
                       "from the midline."),
    "share_deep_gray": (_SHARE, "Share of its voxels in thalamus or basal ganglia."),
    "share_infratentorial": (_SHARE, "Share of its voxels in brainstem or cerebellum."),
    "lobe": ("", "Lobe with most of its voxels: frontal, parietal, temporal or occipital, by "
             "planes; the insula goes with the lobe above or below it. n/a outside the lobes."),
    "side": ("", "left, right, or both where either holds a tenth or more."),
    "touches_third_ventricle": (
        "",
        "A voxel lies in the third ventricle or shares a face with it.",
    ),
    "touches_fourth_ventricle": (
        "",
        "A voxel lies in the fourth ventricle or shares a face with it.",
    ),
    "enhancement": (
        "",
        "Pattern of its uptake of gadolinium, none without; uptake is a field of the lesion's "
        "own, named in the signs of the session.",
    ),
    "enhancing_mm3": ("mm3", "Volume that takes up at least half of the pattern's most."),
    "central_vein": ("", "A vein runs through its middle."),
    "paramagnetic_rim": ("", "It has a rim of iron; the band beside PML is none."),
    "change": (
        "",
        "Since the date before: new, grown, shrunk, unchanged (within 5 %) or resolved (no voxel "
        "of a lesion lies on it now; listed without volume). n/a at the first date.",
    ),
    "prior_label": (
        "",
        "Number, in the label map of the date before, of the lesion with most of its voxels.",
    ),
    "prior_volume_mm3": (
        "mm3",
        "Volume at the date before, of all lesions that have become this one.",
    ),
    "growth_percent_per_month": (
        "%/month",
        "Compound growth of the volume since the date before.",
    ),
}  # fmt: skip
"""Unit (empty for words and counts) and definition, in the order of the table's columns."""

TRUTH_COLUMNS = tuple(DESCRIPTIONS)
"""Columns of ``truth.tsv`` after participant and session."""


def sidecar() -> dict[str, dict[str, str]]:
    """BIDS description of the columns of ``truth.tsv``."""
    record = {
        "participant_id": {"Description": "Simulated participant."},
        "session_id": {"Description": "Date, the earliest first."},
    }
    for name, (unit, text) in DESCRIPTIONS.items():
        record[name] = {"Description": text} | ({"Units": unit} if unit else {})
    return record
