"""How quiet the signs of signal are on real MS scans: ``python benchmarks/signal_on_ms.py``.

Microcysts, cavities, mottling and rings are not what MS lesions are described by, so on the MS
scans of the shared data (``$LESIONAID_SHARED`` or ``../shared``) they should be rare. Nothing
here says how often they are found where they are: no PML scan was at hand.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from lesionaid.assessment import Assessment
from lesionaid.pipeline import assess
from lesionaid.quantity import Quantity
from lesionaid.study.load import StudyPaths, find_study
from lesionaid.study.scan import Contrast
from lesionaid.truth import Truth

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared")) / "data"

SIGNS = (
    "t1_hypointense",
    "t2_heterogeneous",
    "microcyst",
    "necrotic_or_cavitary",
    "concentric_rings",
    "t2_hypointense_rim",
    "t2_flair_mismatch",
)
NUMBERS = (
    "t2w_unevenness",
    "flair_unevenness",
    "microcyst_count",
    "cavity_volume_mm3",
    "t2_flair_mismatch_share",
    "t2_dark_rim_completeness",
    "t2_dark_bands",
)

P14_SCALE = 0.87
"""Native mm for one mm of the template is not known for this patient; about the middle of the
factors of the other MS patients."""


def mslesseg(date: str, contrasts: dict[Contrast, str]) -> StudyPaths:
    """One date of patient P14, in MNI152."""
    folder = SHARED / "mslesseg" / "P14"
    scans = {contrast: folder / f"P14_{date}_{name}.nii.gz" for contrast, name in contrasts.items()}
    return StudyPaths(scans, folder / f"P14_{date}_MASK.nii.gz")


def report(name: str, result: Assessment) -> None:
    """Print how many lesions have each sign, and the measurements behind them."""
    lesions = result.signs.lesions
    print(f"\n{name}: {len(lesions)} lesions, specks left out\n")
    print("| sign | true | false | unknown |\n|---|---|---|---|")
    for sign in SIGNS:
        truths = Counter(row[sign].truth for row in lesions.values())
        counts = (truths[truth] for truth in (Truth.TRUE, Truth.FALSE, Truth.UNKNOWN))
        print(f"| {sign} | {' | '.join(map(str, counts))} |")
    print("\n| measurement | known in | values, the three highest |\n|---|---|---|")
    for measure in NUMBERS:
        values = [result.measurements.lesions[lesion][measure] for lesion in lesions]
        known = sorted((v.value for v in values if isinstance(v, Quantity)), reverse=True)
        print(f"| {measure} | {len(known)} | {', '.join(f'{v:.3g}' for v in known[:3])} |")


def main() -> None:
    """Assess the MS scans and print the figures."""
    both = {Contrast.FLAIR: "FLAIR", Contrast.T1W: "T1"}
    report("patient19", assess(find_study(SHARED / "open_ms" / "patient19")))
    for date, contrasts in (("T1", both), ("T2", {**both, Contrast.T2W: "T2"})):
        study = mslesseg(date, contrasts)
        report(f"P14 {date}", assess(study, space="mni", native_scale=P14_SCALE))


if __name__ == "__main__":
    main()
