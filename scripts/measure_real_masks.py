"""Measure lesions on masks in MNI152, real or simulated, with one ruler.

``python scripts/measure_real_masks.py SHARED/data`` writes the per-lesion numbers that
``notebooks/02_simulated_beside_real.py`` falls back on to ``notebooks/data/``: 14 consensus masks
and the intensities of patient 19 of Lesjak Z et al., Neuroinformatics 2018;16:51, doi
10.1007/s12021-017-9348-7 (CC BY). Only derived numbers are written, no image.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects, label

from lesionaid.anatomy.map import SITES
from lesionaid.anatomy.regions import load_regions
from lesionaid.geometry import Grid

OUT = Path(__file__).resolve().parents[1] / "notebooks" / "data"

SPECK_MM3 = 3.0
"""Components below this are not counted, as everywhere in lesionaid."""

BALL_MM3 = 14.0
"""A ball of 3 mm: the smallest lesion that counts towards criteria."""

CALLOSUM = 6
ZONE_MM, FOSSA_SHARE = 3.0, 0.25
"""A lesion is periventricular or juxtacortical within 3 mm (widths of lesionaid's zones in the
images' mm), infratentorial from a quarter."""

RATIOS = {"FLAIR": "flair", "T1w": "t1w", "T2w": "t2w"}


@dataclass(frozen=True)
class Atlas:
    """lesionaid's region map with distances to ventricles and cortex, in MNI mm."""

    grid: Grid
    sites: NDArray[np.uint8]
    ventricle_mm: NDArray[np.float32]
    cortex_mm: NDArray[np.float32]


@lru_cache(maxsize=1)
def atlas() -> Atlas:
    regions = load_regions()
    code = {name: number for number, name in SITES.items()}
    away = [_signed_mm(regions.sites == code[name]) for name in ("lateral_ventricle", "cortex")]
    return Atlas(regions.grid, regions.sites, away[0], away[1])


def measure(mask: NDArray[np.bool_], scale: float, patient: str) -> list[dict[str, object]]:
    """One row a lesion of a mask on the atlas's grid.

    Parameters
    ----------
    mask : ndarray of bool
    scale : float
        Patient's mm for one mm of the map; sizes and distances that come out are the patient's.
    patient : str
    """
    parts, _ = label(mask, structure=np.ones((3, 3, 3)))
    rows = []
    for number, box in enumerate(find_objects(parts), start=1):
        inside = parts[box] == number
        if np.count_nonzero(inside) * scale**3 >= SPECK_MM3:
            rows.append({"patient": patient, **_lesion(inside, box, scale)})
    return rows


def on_atlas(
    labels: NDArray[np.integer], mm_to_voxel: NDArray[np.float64], mni_to_mm: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """A label map carried to the atlas's grid by an affine, nearest voxel."""
    grid = atlas().grid
    whole = mm_to_voxel @ mni_to_mm @ grid.affine
    i, j, k = np.ogrid[tuple(slice(0, size) for size in grid.shape)]
    index = [
        np.rint(whole[row, 0] * i + whole[row, 1] * j + whole[row, 2] * k + whole[row, 3])
        for row in range(3)
    ]
    inside = np.ones(grid.shape, dtype=bool)
    for at, size in zip(index, labels.shape, strict=True):
        inside &= (at >= 0) & (at < size)
    found = np.zeros(grid.shape, dtype=bool)
    found[inside] = labels[tuple(at[inside].astype(int) for at in index)] > 0
    return found


def real_masks(data: Path) -> list[dict[str, object]]:
    """Every lesion of the 14 masks, sizes corrected by the factor of each mask."""
    folder = data / "open_ms_masks_mni"
    with (folder / "native_scale.csv").open(encoding="utf-8") as lines:
        scales = {row["patient"]: float(row["native_scale"]) for row in csv.DictReader(lines)}
    rows = []
    for patient, scale in sorted(scales.items()):
        image = nib.load(folder / f"patient{patient}_lesions.nii.gz")
        mask = on_atlas(np.asarray(image.dataobj), np.linalg.inv(image.affine), np.eye(4))
        rows += measure(mask, scale, f"real-{patient}")
    return rows


def real_intensities(study: Path) -> list[dict[str, object]]:
    """Mean of each lesion of patient 19 over normal-appearing white matter, by lesionaid."""
    import lesionaid

    result = lesionaid.assess(study)
    return [
        {
            "lesion": lesion,
            "volume_mm3": round(float(row["volume_mm3"].value), 1),
            **{
                name: round(float(row[f"{stem}_mean_ratio_nawm"].value), 3)
                for name, stem in RATIOS.items()
            },
        }
        for lesion, row in sorted(result.measurements.lesions.items())
        if float(row["volume_mm3"].value) >= SPECK_MM3
    ]


def _lesion(
    inside: NDArray[np.bool_], box: tuple[slice, ...], scale: float
) -> Mapping[str, object]:
    here = atlas()
    ventricle, cortex = here.ventricle_mm[box][inside], here.cortex_mm[box][inside]
    elongation, angle = _long_axis(inside, box)
    volume = np.count_nonzero(inside) * scale**3
    middle = here.grid.to_mm(np.argwhere(inside).mean(axis=0) + [side.start for side in box])
    return {
        "volume_mm3": round(volume, 1),
        "diameter_mm": round(float((6 * volume / np.pi) ** (1 / 3)), 2),
        "elongation": round(elongation, 3),
        "angle_deg": round(angle, 1),
        "ventricle_mm": round(float(ventricle.min()) * scale, 2),
        "cortex_mm": round(float(cortex.min()) * scale, 2),
        "zone": _zone(here.sites[box][inside], float(ventricle.min()), float(cortex.min())),
        "callosal": bool(
            np.count_nonzero(here.sites[box][inside] == CALLOSUM) * scale**3 >= BALL_MM3
        ),
        **{f"mni_{axis}_mm": round(float(at), 1) for axis, at in zip("xyz", middle, strict=True)},
    }


def _zone(sites: NDArray[np.uint8], ventricle: float, cortex: float) -> str:
    """One zone a lesion, in the order in which criteria name them."""
    if np.isin(sites, [3, 8, 9]).mean() >= FOSSA_SHARE:
        return "infratentorial"
    if ventricle <= ZONE_MM:
        return "periventricular"
    return "juxtacortical" if cortex <= ZONE_MM else "deep_white_matter"


def _long_axis(inside: NDArray[np.bool_], box: tuple[slice, ...]) -> tuple[float, float]:
    """Long over second axis, and the long axis's angle to the ventricle's normal in degrees."""
    points = np.argwhere(inside).astype(float)
    spread = np.cov(points.T) if len(points) > 3 else np.zeros((3, 3))
    sizes, axes = np.linalg.eigh(spread + np.eye(3) / 12)
    wide = tuple(slice(max(0, side.start - 1), side.stop + 1) for side in box)
    slopes = np.gradient(atlas().ventricle_mm[wide])
    inner = tuple(
        slice(side.start - outer.start, side.stop - outer.start)
        for side, outer in zip(box, wide, strict=True)
    )
    normal = np.array([slope[inner][inside].mean() for slope in slopes])
    cosine = abs(normal @ axes[:, 2]) / max(float(np.linalg.norm(normal)), 1e-9)
    return float(np.sqrt(sizes[2] / sizes[1])), float(np.degrees(np.arccos(min(1.0, cosine))))


def _signed_mm(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    away = distance_transform_edt(~mask) - 0.5
    depth = 0.5 - distance_transform_edt(mask)
    return np.where(mask, depth, away).astype(np.float32)


def write(rows: Sequence[Mapping[str, object]], path: Path) -> None:
    """A table as TSV, in the order of the rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as lines:
        table = csv.DictWriter(lines, list(rows[0]), delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def main(arguments: Iterable[str]) -> None:
    (data,) = map(Path, arguments)
    write(real_masks(data), OUT / "real_mask_lesions.tsv")
    write(real_intensities(data / "open_ms" / "patient19"), OUT / "patient19_intensities.tsv")


if __name__ == "__main__":
    main(sys.argv[1:])
