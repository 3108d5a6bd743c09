"""How often lesionaid alerts on MS scans, and on the same scans with one PML lesion pasted in.

    python benchmarks/alert_rates.py [--seeds 3] [--only 03 17] [--skip-patient19] [--json FILE]

Takes the 14 lesion masks in MNI152 and the full scans of patient 19 from the shared data
(``$LESIONAID_SHARED`` or ``../shared``). Untouched scans are real; the pasted lesions are our
own, so what is found on these twins is self-consistency and never accuracy. Intervals are
Wilson's (1927, J Am Stat Assoc 22:209), 95 %. The units of twins are not independent: several
twins share a patient, so their intervals are too narrow.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from lesionaid.assessment import Assessment
from lesionaid.pipeline import assess
from lesionaid.simulate.brain import brain_from_anatomy, template_brain
from lesionaid.simulate.nifti import nifti_bytes
from lesionaid.simulate.paste import Pasted, paste_lesion
from lesionaid.study.load import StudyPaths, find_study
from lesionaid.study.scan import Contrast

ROOT = Path(__file__).resolve().parents[1]
SHARED = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared")) / "data"
ALERT = "pml_review"


@dataclass(frozen=True, slots=True)
class Row:
    """What was said of one study.

    Parameters
    ----------
    name : str
    seed : int or None
        None for an untouched scan.
    pattern : str
        The headline.
    groups, groups_alerted, groups_pml_like : int
        Lesion groups in all, and those that were not pasted but alerted or were named.
    pasted_alerted, pasted_pml_like : bool or None
        The pasted lesion; None for an untouched scan.
    """

    name: str
    seed: int | None
    pattern: str
    groups: int
    groups_alerted: int
    groups_pml_like: int
    pasted_alerted: bool | None = None
    pasted_pml_like: bool | None = None

    @property
    def alerted(self) -> bool:
        """Whether any lesion of the study alerted."""
        return self.groups_alerted > 0 or bool(self.pasted_alerted)


def wilson(hits: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson score interval of a proportion."""
    if total == 0:
        return 0.0, 1.0
    share = hits / total
    centre = share + z * z / (2 * total)
    half = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def row_of(name: str, seed: int | None, result: Assessment, pasted: Pasted | None) -> Row:
    """Count alerts and PML-like lesion groups, the pasted one apart."""
    alerted = {i for a in result.verdict.alerts if a.code == ALERT for i in a.lesions}
    named = {x.lesion for x in result.verdict.lesions if x.pattern == "pml_like"}
    groups = {x.lesion for x in result.verdict.lesions}
    ours: set[int] = set()
    main = None
    if pasted is not None and result.lesions is not None:
        labels = result.lesions.labels
        ours = {int(i) for i in np.unique(labels[pasted.labels > 0]) if i}
        main = int(np.bincount(labels[pasted.labels == 1]).argmax())
    others = groups - ours
    return Row(
        name=name,
        seed=seed,
        pattern=result.verdict.pattern,
        groups=len(others),
        groups_alerted=len(others & alerted),
        groups_pml_like=len(others & named),
        pasted_alerted=None if main is None else main in alerted,
        pasted_pml_like=None if main is None else main in named,
    )


def mask_rows(seeds: int, only: list[str]) -> Iterator[Row]:
    """The 14 masks in MNI152, untouched and pasted into."""
    folder = SHARED / "open_ms_masks_mni"
    with (folder / "native_scale.csv").open() as table:
        scales = {row["patient"]: float(row["native_scale"]) for row in csv.DictReader(table)}
    for patient, scale in sorted(scales.items()):
        if only and patient not in only:
            continue
        name = f"mask{patient}"
        paths = StudyPaths(lesions=folder / f"patient{patient}_lesions.nii.gz")
        result = assess(paths, space="mni", native_scale=scale)
        yield row_of(name, None, result, None)
        assert result.lesions is not None
        mask, grid = result.lesions.labels > 0, result.lesions.grid
        brain = template_brain(grid, scale)
        for seed in (100 * int(patient) + n for n in range(seeds)):
            pasted = paste_lesion({}, mask, brain, seed, native_scale=scale)
            with tempfile.TemporaryDirectory() as scratch:
                twin = Path(scratch) / "lesions.nii.gz"
                data = pasted.mask.astype(np.uint8)
                twin.write_bytes(nifti_bytes(data, grid, "twin, simulated lesion"))
                answer = assess(StudyPaths(lesions=twin), space="mni", native_scale=scale)
            yield row_of(name, seed, answer, pasted)


def patient19_rows(seeds: int) -> Iterator[Row]:
    """The full scans of patient 19: as they are, with its biggest lesion declared new, twins."""
    folder = SHARED / "open_ms" / "patient19"
    result = assess(folder)
    yield row_of("patient19", None, result, None)
    with tempfile.TemporaryDirectory() as scratch:
        yield row_of(
            "patient19, biggest declared new",
            None,
            assess(folder, reader_form=_declare_new(Path(scratch), "biggest")),
            None,
        )
    assert result.anatomy is not None
    assert result.lesions is not None
    names = find_study(folder).scans
    scans = {contrast: result.study.scans[contrast].data for contrast in names}
    brain = brain_from_anatomy(result.anatomy)
    for seed in range(1900, 1900 + seeds):
        pasted = paste_lesion(scans, result.lesions.labels > 0, brain, seed)
        with tempfile.TemporaryDirectory() as scratch:
            twin = _write_twin(Path(scratch), pasted, result)
            answer = assess(twin)
            yield row_of("patient19", seed, answer, pasted)
            assert answer.lesions is not None
            main = int(np.bincount(answer.lesions.labels[pasted.labels == 1]).argmax())
            form = _declare_new(Path(scratch), str(main))
            declared = assess(twin, reader_form=form)
            yield row_of("patient19, pasted declared new", seed, declared, pasted)


def _write_twin(folder: Path, pasted: Pasted, result: Assessment) -> StudyPaths:
    assert result.study.reference is not None
    assert result.lesions is not None
    scans: dict[Contrast, Path] = {}
    for contrast, data in pasted.scans.items():
        scans[contrast] = folder / f"{contrast}.nii.gz"
        stored = np.clip(np.rint(data), 0, 32767).astype(np.int16)
        packed = nifti_bytes(stored, result.study.reference, "twin, simulated lesion")
        scans[contrast].write_bytes(packed)
    lesions = folder / "lesions.nii.gz"
    mask = pasted.mask.astype(np.uint8)
    lesions.write_bytes(nifti_bytes(mask, result.lesions.grid, "twin, simulated lesion"))
    return StudyPaths(scans=scans, lesions=lesions)


def _declare_new(folder: Path, lesion: str) -> Path:
    form = folder / "reader.yaml"
    form.write_text(f"lesions:\n  {lesion}: {{new_or_enlarging: true}}\n")
    return form


def report(rows: Iterable[Row]) -> str:
    """Rates of untouched scans and twins, with intervals."""
    rows = list(rows)
    lines = []
    for title, kind in (("masks in MNI152", "mask"), ("full scans", "patient19")):
        chosen = [row for row in rows if row.name.startswith(kind)]
        for name in sorted({"masks" if kind == "mask" else row.name for row in chosen}):
            part = chosen if kind == "mask" else [row for row in chosen if row.name == name]
            lines += _untouched(f"{title}: {name}", [row for row in part if row.seed is None])
            lines += _twins(f"{title}: {name}", [row for row in part if row.seed is not None])
    return "\n".join(lines)


def _untouched(title: str, rows: list[Row]) -> list[str]:
    if not rows:
        return []
    groups = sum(row.groups for row in rows)
    return [
        f"{title}, untouched (real)",
        _rate("  patients that alert", sum(row.alerted for row in rows), len(rows)),
        _rate("  patients named pml_like", sum(_named(row) for row in rows), len(rows)),
        _rate("  lesion groups that alert", sum(row.groups_alerted for row in rows), groups),
        _rate("  lesion groups pml_like", sum(row.groups_pml_like for row in rows), groups),
        "  patterns: " + _counts(row.pattern for row in rows),
    ]


def _twins(title: str, rows: list[Row]) -> list[str]:
    if not rows:
        return []
    groups = sum(row.groups for row in rows)
    patients = sorted({row.name for row in rows})
    every = sum(all(r.pasted_alerted for r in rows if r.name == name) for name in patients)
    return [
        f"{title}, one simulated PML lesion pasted in (self-consistency)",
        _rate(
            "  twins whose pasted lesion alerts", _sum(r.pasted_alerted for r in rows), len(rows)
        ),
        _rate("  patients all of whose twins do", every, len(patients)),
        _rate("  pasted lesions pml_like", _sum(r.pasted_pml_like for r in rows), len(rows)),
        _rate("  twins named pml_like", sum(_named(row) for row in rows), len(rows)),
        _rate("  other lesion groups that alert", sum(r.groups_alerted for r in rows), groups),
        "  patterns: " + _counts(row.pattern for row in rows),
    ]


def _named(row: Row) -> bool:
    return row.pattern == "pml_like"


def _sum(values: Iterable[bool | None]) -> int:
    return sum(bool(value) for value in values)


def _rate(title: str, hits: int, total: int) -> str:
    low, high = wilson(hits, total)
    share = f"{hits / total:6.1%}" if total else "   n/a"
    return f"{title:<36}{hits:>5} of {total:<5}{share}  ({low:.1%} to {high:.1%})"


def _counts(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(f"{name} {found.count(name)}" for name in sorted(set(found)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3, help="twins per patient")
    parser.add_argument("--only", nargs="*", default=[], help="patients of the masks: 03 17 …")
    parser.add_argument("--skip-patient19", action="store_true")
    parser.add_argument("--json", type=Path, help="also write every row here")
    arguments = parser.parse_args()
    if not SHARED.is_dir():
        sys.exit("the shared scans are not here: set LESIONAID_SHARED")
    rows = []
    sources = [mask_rows(arguments.seeds, arguments.only)]
    if not arguments.skip_patient19:
        sources.append(patient19_rows(arguments.seeds))
    for row in (row for source in sources for row in source):
        rows.append(row)
        print(row, file=sys.stderr)
    print(report(rows))
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")


if __name__ == "__main__":
    main()
