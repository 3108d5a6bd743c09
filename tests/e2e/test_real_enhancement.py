"""Enhancement on real scans: a glioma that enhances, and MS without known enhancement."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.conftest import Run, assess
from tests.shared_data import shared_data

pytestmark = [pytest.mark.real, pytest.mark.slow]

PATTERNS = (
    "enhancement_ring",
    "enhancement_open_ring",
    "enhancement_nodular",
    "enhancement_punctate",
    "enhancement_patchy",
    "enhancement_linear",
    "enhancement_peripheral",
    "enhancement_heterogeneous",
    "enhancement_cloud_like",
    "enhancement_ependymal",
    "enhancement_leptomeningeal",
    "enhancing_punctate_satellites",
)


def truths(run: Run, sign: str) -> dict[str, str]:
    """Truth of a sign by lesion."""
    return {row["lesion"]: row["truth"] for row in run.rows("signs.tsv") if row["sign"] == sign}


def test_the_mass_of_the_glioma_enhances_unevenly_and_nothing_far_from_it(tmp_path: Path) -> None:
    """Slices of 5.5 mm; the other candidates lie at veins and dura, and are no lesions.

    A second candidate in the same lobe, 4.5 mm from the mass, is hot in about 15 % of its
    voxels, on the line between possible and likely.
    """
    run = assess(tmp_path / "out", shared_data() / "glioma_fg6692", "--no-html")
    assert run.code == 0, run.err
    rows = {row["lesion"]: row for row in run.rows("lesions.tsv")}
    likely = [row for row in rows.values() if row["enhancement_class"] == "likely"]
    assert 1 <= len(likely) <= 2
    for row in likely:
        assert float(row["centroid_x_mm"]) > 30  # right
        assert float(row["fraction_lobe_frontal_right"]) > 0.4
    mass = max(likely, key=lambda row: float(row["volume_mm3"]))
    assert float(mass["enhanced_volume_mm3"]) > 2000
    assert float(mass["enhanced_fraction"]) > 0.3
    found = {sign for sign in PATTERNS if truths(run, sign)[mass["lesion"]] == "true"}
    assert found == {"enhancement_heterogeneous"}
    assert mass["enhancing_dot_fraction"] == mass["enhancement_edge_width_mm"] == "n/a"


def test_ms_without_known_enhancement_enhances_at_most_possibly(tmp_path: Path) -> None:
    run = assess(tmp_path / "out", shared_data() / "open_ms" / "patient19", "--no-html")
    assert run.code == 0, run.err
    rows = run.rows("lesions.tsv")
    classes = [row["enhancement_class"] for row in rows]
    assert "likely" not in classes
    assert classes.count("possible") <= 2
    plexus = [row for row in rows if row["enhancement_explained_by"] == "choroid_plexus"]
    assert plexus, "the big periventricular lesion holds hot plexus, which does not count"
    for sign in ("contrast_enhancement", *PATTERNS):
        assert "true" not in truths(run, sign).values(), sign
