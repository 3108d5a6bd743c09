"""Matthews' criteria on MS masks, and on the same lesions turned or moved at random.

    python benchmarks/matthews.py [--seeds 5] [--scans] [--json FILE]

Takes the lesion masks in MNI152 of the shared data (``$LESIONAID_SHARED`` or ``../shared``) that
hold at least ten lesions of 3 mm, goes the way of ``lesionaid assess --space mni`` with each
mask's native scale, and prints every item of the rule. The published sensitivity for MS is 86 %
(577 patients, see ``rules/ms/matthews_2013.yaml``).

Three controls have the same lesions, each one turned about its own centre by a random rotation
(places stay, directions go), each one moved to a random place in cerebral white matter (both go),
or each one moved to the place of another of the same mask (a lesion keeps its shape, the sites stay
those of MS). An item that is as often true there measures number and size, not distribution.

With ``--scans`` the two MS patients with a T1w of their own are taken instead (patient 19 of the
open MS data set, and P14 of MSLesSeg at its first date), registered, with the border of their own
cortex, and the U-fibre item is also counted by lesion.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from lesionaid.anatomy.build import build_anatomy
from lesionaid.anatomy.map import SITES, AnatomyMap
from lesionaid.context import ClinicalContext
from lesionaid.criteria.load import load_rules
from lesionaid.criteria.model import RuleSet
from lesionaid.features.catalogue import measure
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.pipeline import assess
from lesionaid.quantity import Quantity
from lesionaid.rules_path import rules_dir
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.derive import derive
from lesionaid.study.load import StudyPaths, load_study
from lesionaid.study.scan import Contrast, LesionMask, Study
from lesionaid.verdict.decide import decide

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared")) / "data"
MASKS = DATA / "open_ms_masks_mni"
RULE = "ms.matthews_2013"
ITEMS = ("periventricular_body", "inferior_temporal", "juxtacortical_ufibre", "dawson_fingers")
BESIDE = ("periventricular_ovoid", "periependymal_lateral_ventricle")
LEAST = 10
TRIES = 100
"""Places tried for a moved lesion; the one with most of it in white matter is taken."""

WHITE = next(code for code, name in SITES.items() if name == "white_matter")

Move = Callable[[LesionMap, AnatomyMap, np.random.Generator], NDArray[np.int32]]


def masks() -> Iterator[tuple[str, Study, AnatomyMap]]:
    """Every mask with its native scale."""
    with (MASKS / "native_scale.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        path = MASKS / f"patient{row['patient']}_lesions.nii.gz"
        paths = StudyPaths(lesions=path)
        scale = float(row["native_scale"])
        study = load_study(paths, space="mni", native_scale=scale)
        yield row["patient"], study, build_anatomy(study)


def scans() -> Iterator[tuple[str, Study, AnatomyMap]]:
    """The patients with a T1w, registered; their images are left out afterwards."""
    p14 = DATA / "mslesseg" / "P14"
    for name, source in (
        ("19", DATA / "open_ms" / "patient19"),
        (
            "14",
            StudyPaths(
                scans={
                    Contrast.FLAIR: p14 / "P14_T1_FLAIR.nii.gz",
                    Contrast.T1W: p14 / "P14_T1_T1.nii.gz",
                },
                lesions=p14 / "P14_T1_MASK.nii.gz",
            ),
        ),
    ):
        result = assess(source)
        assert result.anatomy is not None
        yield name, replace(result.study, scans={}, reference=result.anatomy.grid), result.anatomy


def judge(
    study: Study, anatomy: AnatomyMap, lesions: LesionMap, rules: RuleSet
) -> tuple[int, dict[str, str]]:
    """Lesions from 3 mm, and the truth of every item and of the rule.

    ``ufibre_lesions`` is how many lesions have the U-fibre item.
    """
    table = measure(study, anatomy, lesions)
    count = table.study["lesion_count_3mm"]
    assert isinstance(count, Quantity)
    signs = derive(table, load_catalogue(), ClinicalContext())
    truths = {name: signs.patient[name].truth.value for name in (*ITEMS, *BESIDE)}
    verdict = decide(rules, signs, ClinicalContext())
    body, low = truths["periventricular_body"], truths["inferior_temporal"]
    truths["body_and_inferior_temporal"] = _both(body, low)
    truths["rule"] = verdict.criteria[RULE].truth.value
    bands = [row["juxtacortical_ufibre"].truth.value for row in signs.lesions.values()]
    truths["ufibre_lesions"] = str(bands.count("true"))
    return int(count.value), truths


def _both(one: str, other: str) -> str:
    if "false" in (one, other):
        return "false"
    return "true" if one == other == "true" else "unknown"


def turned(lesions: LesionMap, anatomy: AnatomyMap, rng: np.random.Generator) -> NDArray[np.int32]:
    """Every lesion turned about its own centre."""
    painted = np.zeros_like(lesions.labels)
    for lesion in lesions.lesions:
        _, index = _rotated(lesions, lesion.id, rng)
        _paint(painted, index, lesion.id)
    return painted


def moved(lesions: LesionMap, anatomy: AnatomyMap, rng: np.random.Generator) -> NDArray[np.int32]:
    """Every lesion turned and moved to a random place in cerebral white matter."""
    white = anatomy.sites == WHITE
    places = np.argwhere(white)
    painted = np.zeros_like(lesions.labels)
    for lesion in lesions.lesions:
        centre, index = _rotated(lesions, lesion.id, rng)
        best, share = index, -1.0
        for place in places[rng.integers(0, len(places), TRIES)]:
            there = index + (place - centre)
            if (there < 0).any() or (there >= painted.shape).any():
                continue
            free = white[tuple(there.T)] & (painted[tuple(there.T)] == 0)
            if free.mean() > share:
                best, share = there, float(free.mean())
            if share > 0.95:
                break
        _paint(painted, best, lesion.id)
    return painted


def swapped(lesions: LesionMap, anatomy: AnatomyMap, rng: np.random.Generator) -> NDArray[np.int32]:
    """Every lesion turned and moved to the centre of another of the same mask."""
    painted = np.zeros_like(lesions.labels)
    centres = [_rotated(lesions, lesion.id, rng)[0] for lesion in lesions.lesions]
    for lesion, place in zip(lesions.lesions, rng.permutation(len(centres)), strict=True):
        centre, index = _rotated(lesions, lesion.id, rng)
        _paint(painted, index + (centres[place] - centre), lesion.id)
    return painted


CONTROLS: dict[str, Move] = {"turned": turned, "moved": moved, "swapped": swapped}


def _rotated(
    lesions: LesionMap, lesion: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Centre of a lesion, and its voxels after a random rotation about it (isotropic grids)."""
    box = lesions.by_id[lesion].box
    start = np.array([side.start for side in box])
    inside = np.argwhere(lesions.labels[box] == lesion) + start
    centre = np.rint(inside.mean(axis=0)).astype(np.int64)
    reach = int(np.ceil(np.linalg.norm(inside - centre, axis=1).max())) + 1
    side = np.arange(-reach, reach + 1)
    around = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    back = np.rint(around @ Rotation.random(random_state=rng).as_matrix()).astype(np.int64) + centre
    back = np.clip(back, 0, np.asarray(lesions.labels.shape) - 1)
    return centre, around[lesions.labels[tuple(back.T)] == lesion] + centre


def _paint(labels: NDArray[np.int32], index: NDArray[np.int64], lesion: int) -> None:
    """Lesions keep their number even where they touch; what leaves the grid is cut off."""
    inside = ((index >= 0) & (index < labels.shape)).all(axis=1)
    labels[tuple(index[inside].T)] = lesion


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--scans", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    rules = load_rules(rules_dir(), load_catalogue().signs.keys())
    columns = (*ITEMS, "body_and_inferior_temporal", "rule", *BESIDE)
    shown = (*columns, "ufibre_lesions") if arguments.scans else columns
    print("mask lesions " + " ".join(shown))
    counts: dict[str, Counter[tuple[str, str]]] = {"as drawn": Counter()}
    counts |= {name: Counter() for name in CONTROLS}
    per_case = []
    for name, study, anatomy in scans() if arguments.scans else masks():
        assert study.lesions is not None
        lesions = lesion_map(study.lesions, study.native_scale)
        count, truths = judge(study, anatomy, lesions, rules)
        used = count >= LEAST
        note = "" if used else "  (fewer than ten: left out)"
        print(f"{name} {count} " + " ".join(truths[column] for column in shown) + note)
        per_case.append({"mask": name, "lesions": count, **truths})
        if not used:
            continue
        counts["as drawn"].update(truths.items())
        for control, move in CONTROLS.items():
            for seed in range(arguments.seeds):
                labels = move(lesions, anatomy, np.random.default_rng([seed, int(name)]))
                source = study.lesions.source
                mask = LesionMask(labels, study.lesions.grid, source, kind="instances")
                twin = lesion_map(mask, study.native_scale)
                of_twin = judge(study, anatomy, twin, rules)[1]
                counts[control].update(of_twin.items())
                if arguments.scans:
                    print(f"{name} {control} " + " ".join(of_twin[column] for column in shown))
    print("\nitem, and how often true / false / unknown in " + ", ".join(counts))
    for column in columns:
        cells = [
            "/".join(str(of[column, truth]) for truth in ("true", "false", "unknown"))
            for of in counts.values()
        ]
        print(f"{column:34s}" + "".join(f"{cell:>14s}" for cell in cells))
    if arguments.json:
        totals = {
            control: {f"{item}={truth}": n for (item, truth), n in sorted(of.items())}
            for control, of in counts.items()
        }
        arguments.json.write_text(json.dumps({"cases": per_case, "counts": totals}, indent=1))


if __name__ == "__main__":
    main()
