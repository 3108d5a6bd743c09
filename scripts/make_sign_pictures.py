"""Draw a phantom of every measured sign: ``python scripts/make_sign_pictures.py [SIGN ...]``.

One picture a sign under ``rules/signs/pictures``, of the first phantom of ``tests/signs`` that
has the sign at 1 mm: an axial and a coronal slice through the lesion, outlined; radiological
view, the patient's right on the left. A scan is shown where the phantom has one that the sign
needs, otherwise the brain of boxes. Drawn, not scanned: nobody's brain.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from lesionaid.signs.catalogue import load_catalogue  # noqa: E402
from lesionaid.truth import Truth  # noqa: E402
from tests.signs.kit import FINE, PhantomStudy, SignPhantom, signs_of  # noqa: E402
from tests.signs.test_phantoms import PHANTOMS  # noqa: E402

FOLDER = ROOT / "rules" / "signs" / "pictures"
PIXELS, GAP = 3, 6
"""Pixels a voxel, and pixels between the two slices."""

SHADE = {0: 0, 1: 25, 2: 25, 3: 25, 4: 125, 5: 190, 6: 215, 7: 150, 8: 175, 9: 140, 10: 45}
"""Grey of each site of the brain of boxes."""

LINE = (255, 150, 40)


def lesion_of(phantom: SignPhantom, drawn: PhantomStudy) -> int:
    """The lesion that has the sign; the largest where the patient is asked."""
    if phantom.lesion is not None:
        return phantom.lesion
    signs = signs_of(drawn)
    having = [
        lesion
        for lesion, row in sorted(signs.lesions.items())
        if phantom.sign in row and row[phantom.sign].truth is Truth.TRUE
    ]
    return having[0] if having else 1


def background(sign: str, drawn: PhantomStudy) -> NDArray[np.uint8]:
    """Grey levels: the scan that the sign needs most, or the sites."""
    needs = load_catalogue().signs[sign].needs
    wanted = [c for c in reversed(drawn.study.scans) if str(c) in needs]
    if wanted:
        data = drawn.study.scans[wanted[0]].data
        low, high = np.percentile(data, (1, 99.8))
        return (np.clip((data - low) / max(high - low, 1e-6), 0, 1) * 255).astype(np.uint8)
    if drawn.anatomy is None:
        return np.zeros(drawn.lesions.labels.shape, dtype=np.uint8)
    return np.array([SHADE[n] for n in range(11)], dtype=np.uint8)[drawn.anatomy.sites]


def tile(grey: NDArray[np.uint8], labels: NDArray[np.int32], lesion: int, up: int) -> Image.Image:
    """One slice through the middle of a lesion: across is x, `up` is y or z."""
    axis = 3 - up
    where = np.argwhere(labels == lesion)
    index = int(np.median(where[:, axis]))
    face = np.take(grey, index, axis=axis).T[::-1, ::-1]
    mask = np.take(labels, index, axis=axis).T[::-1, ::-1] > 0
    big = np.kron(face, np.ones((PIXELS, PIXELS), dtype=np.uint8))
    inside = np.kron(mask, np.ones((PIXELS, PIXELS), dtype=bool))
    core = inside.copy()
    for move in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        core &= np.roll(inside, move, axis=(0, 1))
    image = np.repeat(big[..., None], 3, axis=-1)
    image[inside & ~core] = LINE
    picture = Image.fromarray(image)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default()
    draw.text((3, picture.height // 2 - 6), "R", fill=(255, 255, 255), font=font)
    draw.text((picture.width - 10, picture.height // 2 - 6), "L", fill=(255, 255, 255), font=font)
    return picture


def picture(phantom: SignPhantom) -> Image.Image:
    """Axial slice on the left, coronal on the right."""
    drawn = phantom.build(FINE)
    lesion = lesion_of(phantom, drawn)
    grey = background(phantom.sign, drawn)
    axial, coronal = (tile(grey, drawn.lesions.labels, lesion, up) for up in (1, 2))
    both = Image.new("RGB", (axial.width + GAP + coronal.width, max(axial.height, coronal.height)))
    both.paste(axial, (0, 0))
    both.paste(coronal, (axial.width + GAP, 0))
    return both.quantize(32)


def main(wanted: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    shown: set[str] = set()
    for phantom in PHANTOMS:
        if phantom.expect is not Truth.TRUE or phantom.sign in shown:
            continue
        shown.add(phantom.sign)
        if not wanted or phantom.sign in wanted:
            picture(phantom).save(FOLDER / f"{phantom.sign}.png", optimize=True)
    total = sum(file.stat().st_size for file in FOLDER.glob("*.png"))
    print(f"{len(shown)} signs have a phantom, {total / 1000:.0f} kB in {FOLDER.name}/")


if __name__ == "__main__":
    main(sys.argv[1:])
