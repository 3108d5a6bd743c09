"""Every item of the criteria of distribution, as measured, study by study.

    python benchmarks/criteria_items.py [--samples] [--real] [--masks]

Prints, as Markdown, the regions of McDonald 2017 and 2024, the items of Matthews and Cacciaguerra
and the signs of callosum and lobes: of the simulated sample scans, of the two native MS scans of
the shared data (``$LESIONAID_SHARED`` or ``../shared``), and of its 14 MS masks in MNI152.
What a brain scan cannot show, cord and optic nerve, stays unknown. Cacciaguerra's criteria are
evaluated as if the question NMOSD or MS had been asked.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from lesionaid.anatomy.build import build_anatomy
from lesionaid.context import ClinicalContext
from lesionaid.criteria.load import load_rules
from lesionaid.features.catalogue import measure
from lesionaid.lesions.components import lesion_map
from lesionaid.pipeline import assess
from lesionaid.rules_path import rules_dir
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.derive import derive
from lesionaid.study.load import StudyPaths, find_study, load_study
from lesionaid.study.scan import Contrast
from lesionaid.tables import SignTable
from lesionaid.verdict.decide import decide

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared")) / "data"
QUESTION = ClinicalContext(values={"question": "nmosd_vs_ms"})

ITEMS: Mapping[str, tuple[str, ...]] = {
    "McDonald 2017 and 2024": (
        "periventricular",
        "juxtacortical_or_cortical",
        "infratentorial",
        "spinal",
        "optic_nerve",
    ),
    "Matthews": (
        "periventricular_body",
        "inferior_temporal",
        "juxtacortical_ufibre",
        "dawson_fingers",
        "fluffy_infratentorial",
    ),
    "Cacciaguerra, besides": (
        "periventricular_ovoid",
        "periependymal_lateral_ventricle",
        "longitudinally_extensive_myelitis",
    ),
    "callosum": (
        "corpus_callosum",
        "callosal_genu",
        "callosal_body",
        "callosal_splenium",
        "calloso_septal_interface",
        "callosal_extensive",
        "callosal_acute_oedematous",
        "subcallosal_dot_dash",
    ),
    "distribution": (
        "unilobar",
        "multilobar",
        "widespread",
        "bilateral",
        "symmetric",
        "brain_normal_or_nonspecific",
        "punctate_satellites",
    ),
}
CRITERIA = (
    "ms.dis_2017",
    "ms.dis_2024",
    "ms.matthews_2013",
    "nmosd.cacciaguerra_2019",
    "mogad.banwell_2023_support",
)
SHORT = {"true": "yes", "false": "no", "unknown": "?"}


def samples() -> Iterator[tuple[str, SignTable]]:
    """The simulated patients that are shipped."""
    for folder in sorted((ROOT / "sample_scans").glob("sub-*")):
        yield folder.name.removeprefix("sub-"), assess(folder).signs


def real() -> Iterator[tuple[str, SignTable]]:
    """Two patients with MS in their own space."""
    yield "patient19", assess(find_study(SHARED / "open_ms" / "patient19")).signs
    folder = SHARED / "mslesseg" / "P14"
    for date in ("T1", "T2"):
        scans = {
            Contrast.FLAIR: folder / f"P14_{date}_FLAIR.nii.gz",
            Contrast.T1W: folder / f"P14_{date}_T1.nii.gz",
        }
        paths = StudyPaths(scans=scans, lesions=folder / f"P14_{date}_MASK.nii.gz")
        yield f"P14 {date}", assess(paths).signs


def masks() -> Iterator[tuple[str, SignTable]]:
    """MS masks in MNI152, without scans."""
    catalogue = load_catalogue()
    folder = SHARED / "open_ms_masks_mni"
    with (folder / "native_scale.csv").open() as file:
        scales = {row["patient"]: float(row["native_scale"]) for row in csv.DictReader(file)}
    for name, scale in scales.items():
        paths = StudyPaths(lesions=folder / f"patient{name}_lesions.nii.gz")
        study = load_study(paths, space="mni", native_scale=scale)
        assert study.lesions is not None
        lesions = lesion_map(study.lesions, study.native_scale)
        table = measure(study, build_anatomy(study), lesions)
        yield name, derive(table, catalogue, ClinicalContext())


def print_table(title: str, found: Mapping[str, SignTable]) -> None:
    """A row an item, a column a study; the number of lesions that show it in brackets."""
    rules = load_rules(rules_dir(), load_catalogue().signs.keys())
    verdicts = {name: decide(rules, signs, QUESTION) for name, signs in found.items()}
    print(f"\n## {title}\n\n| item | {' | '.join(found)} |\n|---|{'---|' * len(found)}")
    for group, names in ITEMS.items():
        print(f"| **{group}** |{' |' * len(found)}")
        for item in names:
            print(f"| {item} | {' | '.join(_cell(signs, item) for signs in found.values())} |")
    print(f"| **criteria** |{' |' * len(found)}")
    for item in CRITERIA:
        cells = [SHORT[verdict.criteria[item].truth.value] for verdict in verdicts.values()]
        print(f"| {item} | {' | '.join(cells)} |")


def _cell(signs: SignTable, item: str) -> str:
    number = sum(row[item].truth.value == "true" for row in signs.lesions.values() if item in row)
    said = SHORT[signs.patient[item].truth.value]
    return f"{said} ({number})" if number else said


def main() -> None:
    """Print the tables asked for; without an option, that of the samples."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("samples", "real", "masks"):
        parser.add_argument(f"--{name}", action="store_true")
    asked = parser.parse_args()
    if asked.samples or not (asked.real or asked.masks):
        print_table("Simulated sample scans", dict(samples()))
    if asked.real:
        print_table("MS, native scans", dict(real()))
    if asked.masks:
        print_table("MS, 14 masks in MNI152", dict(masks()))


if __name__ == "__main__":
    main()
