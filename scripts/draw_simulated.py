"""Draw simulated patients: ``python scripts/draw_simulated.py [FOLDER [DISEASE ...]]``.

One picture a disease of :mod:`lesionaid.simulate.diseases`, a row a site: FLAIR and T1w after
gadolinium in two planes, and DWI (SWI for MS). Radiological view, right of the patient on the
left; every row is captioned "simulated". Needs pillow, which matplotlib of the notebook extra
brings.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from lesionaid.simulate.acquisition import render
from lesionaid.simulate.brain import Brain, BrainSettings, make_brain
from lesionaid.simulate.diseases import GENERATORS
from lesionaid.simulate.lesions import SimulatedLesion
from lesionaid.simulate.mogad import mogad_patient
from lesionaid.simulate.tissue import Appearance
from lesionaid.study.scan import Contrast

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "simulator"
SPACING_MM = 1.2
SEEDS = {"nmosd": (12, 6, 14, 18), "mogad": (1, 2, 12)}
"""Patients that show a disease's sites between them; others are looked for from 1 on."""

SEARCHED = range(1, 7)
ROWS = {"nmosd": 12}
MOST_ROWS = 7
TILE, STRIP, FRAME = 216, 20, 4
"""Pixels: edge of a picture, height of a caption, space between pictures."""

SHADED = [round(round(value / 255 * 47) / 47 * 255) for value in range(256)]
"""48 even grey levels: a picture stays under 400 kB."""

TOP = {Contrast.FLAIR: 105.0, Contrast.T1W_CE: 100.0, Contrast.DWI: 105.0, Contrast.SWI: 90.0}
"""What is shown as white, where normal white matter is 60."""

WIDE = {"vascular": 150.0}
"""Smallest field in mm, where the pattern and not the lesion is the point."""

LAST = {"ms": Contrast.SWI}
"""The fifth column where it is not DWI."""

MIDLINE_MM = 12.0
"""Lesions this near the midline are shown on a sagittal slice, the others on a coronal one."""

Lesions = Sequence[tuple[SimulatedLesion, Appearance]]
Scans = dict[tuple[int, Contrast], NDArray[np.float32]]


@dataclass(frozen=True)
class Row:
    """One lesion to show: where, how wide, and what stands above it."""

    brain: Brain
    lesions: Lesions
    lesion: SimulatedLesion
    caption: str
    seed: int
    field_mm: float = 70.0


def main(folder: Path = FOLDER, *diseases: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for disease in diseases or (*GENERATORS, "mogad_follow_up"):
        rows = list(follow_up_rows() if disease == "mogad_follow_up" else disease_rows(disease))
        picture = sheet(rows, LAST.get(disease, Contrast.DWI))
        picture.point(SHADED).save(folder / f"{disease}.png", optimize=True)


def disease_rows(disease: str) -> Iterator[Row]:
    """The largest lesion of every site, from as few patients as show them all."""
    shown: set[str] = set()
    rows = ROWS.get(disease, MOST_ROWS)
    for seed in SEEDS.get(disease, SEARCHED):
        if len(shown) >= rows:
            return
        try:
            study = GENERATORS[disease](seed, settings=BrainSettings(spacing_mm=SPACING_MM))
        except ValueError:  # this brain has no room for the lesions
            continue
        largest = sorted(study.lesions, key=lambda pair: -pair[0].mask.sum())
        for lesion, look in largest:
            name = site_name(lesion, look)
            if name in shown or len(shown) >= rows:
                continue
            shown.add(name)
            caption = f"{disease}: {name}; seed {seed}; simulated, no patient"
            field = WIDE.get(disease, 70.0)
            yield Row(study.brain, study.lesions, lesion, caption, seed, field)


def follow_up_rows() -> Iterator[Row]:
    """The same slices at the attack and after it, of a patient whose lesions went in part."""
    for seed in SEARCHED:
        rng = np.random.default_rng(seed)
        brain = make_brain(rng, BrainSettings(spacing_mm=SPACING_MM))
        after = mogad_patient(brain, rng, follow_up=True)
        if after.earlier is None or not (after.lesions and after.signs["resolved"]):
            continue
        largest = sorted(after.earlier.lesions, key=lambda pair: -pair[0].mask.sum())
        for lesion, _ in largest[:2]:
            for when, date in (("at the attack", after.earlier), ("later", after)):
                place = f"{lesion.site.replace('_', ' ')} {when}"
                caption = f"mogad: {place}; seed {seed}; simulated, no patient"
                yield Row(brain, date.lesions, lesion, caption, seed)
        return


def site_name(lesion: SimulatedLesion, look: Appearance) -> str:
    role = "" if lesion.role == "lesion" else f", {lesion.role}"
    pattern = "" if lesion.uptake is not None else f" ({look.enhancement})"
    uptake = f", enhancing{pattern}" if look.enhances > 0 else ""
    return f"{lesion.site.replace('_', ' ')}{role}{uptake}"


def sheet(rows: Sequence[Row], last: Contrast) -> Image.Image:
    """Rows of five pictures under their captions."""
    width = 5 * (TILE + FRAME)
    picture = Image.new("L", (width, len(rows) * (TILE + STRIP + FRAME)))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=14)
    scans: Scans = {}
    for n, row in enumerate(rows):
        top = n * (TILE + STRIP + FRAME)
        draw.text((4, top + 2), row.caption, fill=255, font=font)
        for column, tile in enumerate(tiles(row, last, scans)):
            picture.paste(tile, (column * (TILE + FRAME), top + STRIP))
    return picture


def tiles(row: Row, last: Contrast, scans: Scans) -> Iterator[Image.Image]:
    """The row's pictures; each scan of a patient is made once and kept in `scans`."""
    where = np.argwhere(row.lesion.mask) + [side.start for side in row.lesion.box]
    middle = where.mean(axis=0)
    nearest = where[int(np.argmin(((where - middle) ** 2).sum(axis=1)))]
    size = float(np.ptp(where, axis=0).max()) * SPACING_MM
    field = float(np.clip(2.2 * size, row.field_mm, 150.0))
    sideways = 0 if abs(mni_x(row.brain, nearest)) < MIDLINE_MM else 1
    for contrast, planes in (
        (Contrast.FLAIR, (2, sideways)),
        (Contrast.T1W_CE, (2, sideways)),
        (last, (2,)),
    ):
        key = (id(row.lesions), contrast)
        if key not in scans:
            rng = np.random.default_rng(row.seed)
            scans[key] = render(row.brain, row.lesions, contrast, rng)
        image = scans[key]
        zoom = image.shape[0] / row.brain.grid.shape[0]
        for plane in planes:
            yield tile(image, nearest * zoom, plane, field / SPACING_MM * zoom, contrast)


def tile(
    image: NDArray[np.float32],
    at: NDArray[np.float64],
    plane: int,
    width: float,
    contrast: Contrast,
) -> Image.Image:
    """A square of one slice round a place; axial and coronal seen from the feet or the front."""
    half = round(width / 2)
    centre = np.rint(at).astype(int)
    padded = np.pad(image, half)
    axes = [axis for axis in range(3) if axis != plane]
    part: list[slice | int] = [slice(None)] * 3
    part[plane] = int(centre[plane]) + half
    for axis in axes:
        part[axis] = slice(int(centre[axis]), int(centre[axis]) + 2 * half)
    cut = padded[tuple(part)].T[::-1]
    if plane != 0:
        cut = cut[:, ::-1]
    shades = np.clip(cut / TOP[contrast] * 255, 0, 255).astype(np.uint8)
    picture = Image.fromarray(shades).resize((TILE, TILE), Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=12)
    label = f"{contrast.value} {('sagittal', 'coronal', 'axial')[plane]}"
    left, right = ("P", "A") if plane == 0 else ("R", "L")
    for at_x, at_y, text in (
        (4, TILE - 18, label),
        (4, TILE // 2 - 8, left),
        (TILE - 13, TILE // 2 - 8, right),
    ):
        draw.text((at_x, at_y), text, fill=255, font=font, stroke_width=2, stroke_fill=0)
    return picture


def mni_x(brain: Brain, voxel: NDArray[np.intp]) -> float:
    return 0.0 if brain.mni_mm is None else float(brain.mni_mm[tuple(voxel)][0])


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(*map(Path, arguments[:1]), *arguments[1:])
