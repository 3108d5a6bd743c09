"""Quality pictures: what is drawn where, what is not drawn, and what is said beside it."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lesionaid.anatomy.colours import BRAIN_RGB, COLOURS, colour_table
from lesionaid.anatomy.map import LOBES, PARTS, SITES, ZONES
from lesionaid.errors import Note
from lesionaid.geometry import Grid, reorient, to_ras
from lesionaid.quantity import Quantity, Reason, Unit, Unknown
from lesionaid.report.letters import stamp
from lesionaid.report.mosaic import GAP, Layers, Mosaic, Tile, mosaic, with_key
from lesionaid.report.page import report_html
from lesionaid.report.pictures import OUTLINE_RGB, display_window
from lesionaid.report.qc import MARGIN_MM, QC_FILES, QualityPicture, qc_files, quality_pictures
from lesionaid.report.slices import Plane
from lesionaid.report.tiles import slices_of_most, spread
from lesionaid.study.scan import Contrast, Scan, Study
from tests.unit.report_phantom import (
    anatomy,
    assessment,
    lesion_map,
    source,
    study,
    without_lesions,
)

SHAPE = (40, 50, 30)


def grid() -> Grid:
    affine = np.eye(4)
    affine[:3, 3] = (-20.0, -25.0, -15.0)
    return Grid(SHAPE, affine)


def rgb(picture: Mosaic) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)


def has(picture: Mosaic, colour: tuple[int, int, int]) -> np.ndarray:
    return np.all(rgb(picture) == np.array(colour), axis=2)


def box() -> np.ndarray:
    """10 mm wide towards the patient's right, 20 mm deep to the front, 10 mm high at the top."""
    mask = np.zeros(SHAPE, dtype=bool)
    mask[25:35, 20:40, 15:25] = True
    return mask


def named(pictures: tuple[QualityPicture, ...]) -> dict[str, QualityPicture]:
    return {one.name: one for one in pictures}


def tile(plane: Plane, index: int, **layers: object) -> Mosaic:
    flat = np.full(SHAPE, 100, dtype=np.uint8)
    return mosaic(Layers(flat, grid(), **layers), [[Tile(plane, index)]], 2.0)  # type: ignore[arg-type]


def test_outline_lies_on_the_border_of_the_mask() -> None:
    rows, columns = np.nonzero(has(tile(Plane.AXIAL, 20, lines=((box(), BRAIN_RGB),)), BRAIN_RGB))
    # Two pixels a mm, right to the left, front up; the line is one pixel outside on every side.
    assert (columns.min(), columns.max()) == (2 * (40 - 35) - 1, 2 * (40 - 25))
    assert (rows.min(), rows.max()) == (2 * (50 - 40) - 1, 2 * (50 - 20))
    assert len(rows) == 2 * (2 * 10) + 2 * (2 * 20)  # a closed line and nothing inside it


@pytest.mark.parametrize(
    ("plane", "index", "size"),
    [(Plane.AXIAL, 20, (80, 100)), (Plane.CORONAL, 30, (80, 60)), (Plane.SAGITTAL, 30, (100, 60))],
)
def test_every_plane_has_its_aspect_in_mm(plane: Plane, index: int, size: tuple[int, int]) -> None:
    drawn = tile(plane, index)
    assert drawn.size == (size[0] + GAP, size[1] + GAP)


def test_the_patients_right_is_on_the_left_and_says_so() -> None:
    fill = np.where(box(), 8, 0)
    for plane, index in ((Plane.AXIAL, 20), (Plane.CORONAL, 30)):
        drawn = tile(plane, index, fill=fill, colours={8: (255, 0, 0)})
        pixels = rgb(drawn)
        red = pixels[..., 0] > pixels[..., 1] + 40
        assert red[:, :40].sum() == red.sum() > 100
        middle = (drawn.size[1] - GAP) // 2
        plate = np.zeros((20, 20), dtype=np.uint8)
        stamp(plate, "R", row=10, column=10, ink=1, ground=0, scale=1)
        ink = np.all(pixels == 255, axis=2)
        assert ink[middle - 5 : middle + 5, :8].sum() == plate.sum()
        plate[:] = 0
        stamp(plate, "L", row=10, column=10, ink=1, ground=0, scale=1)
        assert ink[middle - 5 : middle + 5, 70:80].sum() == plate.sum()


def test_a_number_stands_inside_its_region_and_beside_a_lesion() -> None:
    labels = np.where(box(), 12, 0)
    for beside in (False, True):
        drawn = tile(Plane.AXIAL, 20, numbers=labels, beside=beside)
        ink = np.all(rgb(drawn) == 255, axis=2)
        inside = ink[22:58, 12:28].sum()
        plate = np.zeros((20, 20), dtype=np.uint8)
        stamp(plate, "12", row=10, column=10, ink=1, ground=0, scale=1)
        assert inside == (0 if beside else plate.sum())
        assert ink.sum() > plate.sum()  # the number and the letters


def test_storage_order_leaves_no_trace() -> None:
    whole = study()
    flair = whole.scans[Contrast.FLAIR]
    pictures = []
    for codes in ("RAS", "LPS", "SAR"):
        data, affine = reorient(flair.data, flair.grid.affine, codes)
        back, straight = to_ras(data, affine)
        scan = Scan(back, Grid(back.shape, straight), Contrast.FLAIR, source("x.nii.gz"))
        same = replace(whole, scans={Contrast.FLAIR: scan})
        pictures.append(qc_files(quality_pictures(same, anatomy(), lesion_map())))
    assert pictures[0] == pictures[1] == pictures[2]


def test_nothing_beyond_the_margin_of_the_brain_is_drawn() -> None:
    inside = box()
    near = np.zeros(SHAPE, dtype=bool)
    near[19:41, 14:46, 9:31] = True  # the brain and 5 mm around it, and one more voxel
    brain = np.where(inside, 100.0 + np.arange(inside.size).reshape(SHAPE) % 7, 0)
    known = replace(
        anatomy(), grid=grid(), sites=inside.astype(np.uint8), lobes=np.zeros(SHAPE, np.uint8)
    )
    pictures = []
    for face in (0.0, 300.0):
        data = np.where(near, brain, face).astype(np.float32)
        scan = Scan(data, grid(), Contrast.FLAIR, source("x.nii.gz"))
        whole = Study({Contrast.FLAIR: scan}, grid(), aligned=True)
        pictures.append(quality_pictures(whole, known, None))
    assert pictures[0] == pictures[1]
    for one in pictures[0]:
        assert one.picture.size[0] <= 6 * ((20 + 2 * MARGIN_MM) * 1.2 + GAP + 1)


def test_the_margin_itself_is_drawn() -> None:
    known = replace(anatomy(), grid=grid(), sites=box().astype(np.uint8))
    pictures = []
    for beside in (0.0, 300.0):
        data = np.where(box(), 100.0 + np.arange(box().size).reshape(SHAPE) % 7, beside)
        scan = Scan(data.astype(np.float32), grid(), Contrast.FLAIR, source("x.nii.gz"))
        whole = Study({Contrast.FLAIR: scan}, grid(), aligned=True)
        pictures.append(named(quality_pictures(whole, known, None))["brain"].picture)
    assert rgb(pictures[1]).mean() > rgb(pictures[0]).mean() + 30


def test_without_a_brain_the_scan_is_too_coarse_to_show_a_face() -> None:
    pattern = (np.indices(SHAPE).sum(axis=0) % 2).astype(np.float32) * 100  # detail of one voxel
    whole = Study(
        {Contrast.FLAIR: Scan(pattern, grid(), Contrast.FLAIR, source("x.nii.gz"))}, grid()
    )
    (one,) = quality_pictures(whole, None, None, [("A01", "no brain found"), ("W40", "other")])
    assert one.name == "scan"
    assert one.notes == (("A01", "no brain found"),)
    image = rgb(one.picture)
    coarse = image[10:40, 10:30, 0]
    assert len(np.unique(coarse)) <= 6  # blocks, not voxels


def test_no_scan_and_no_anatomy() -> None:
    nothing = Study({}, None)
    assert quality_pictures(nothing, None, None) == ()
    regions = named(quality_pictures(nothing, anatomy(), lesion_map()))
    assert set(regions) == {"sites", "lesions"}  # the phantom has no lobes
    empty = replace(anatomy(), sites=np.zeros_like(anatomy().sites))
    assert set(named(quality_pictures(study(), empty, None))) == {"scan"}


def test_figures_and_notes_stand_beside_their_picture() -> None:
    measured = replace(
        anatomy(),
        quality={
            "registration_correlation": Quantity(0.41, Unit.NONE),
            "jacobian_min": Unknown(Reason.NOT_MEASURED, "no warp"),
            "brain_volume_ml": Quantity(1210.0, Unit.ML),
        },
    )
    notes = [("W34", "registration is weak"), ("W37", "found in a head"), ("W10", "units")]
    seen = named(quality_pictures(study(), measured, lesion_map(), notes))
    assert [code for code, _ in seen["registration"].notes] == ["W34"]
    assert [code for code, _ in seen["brain"].notes] == ["W37"]
    words = dict(seen["registration"].figures)
    assert words["similarity inside the brain (correlation)"].startswith("0.41 (weak under 0.50")
    assert words["smallest local change of volume (Jacobian)"].startswith("no warp")
    assert words["median error of a distance"] == "1.4 mm"
    assert dict(seen["brain"].figures) == {"volume of the brain": "1210 ml"}


def test_the_overlay_shows_the_registration_not_what_tissue_made_of_it() -> None:
    flair = study().scans[Contrast.FLAIR]
    whole = replace(study(), scans={Contrast.FLAIR: flair}, space="mni")
    mm = flair.grid.to_mm(np.indices(flair.grid.shape).reshape(3, -1).T)
    mni = mm.reshape(*flair.grid.shape, 3).astype(np.float32)
    shifted = mni + np.float32([0, 12, 0])
    drawn = [
        named(quality_pictures(whole, replace(anatomy(), mni_mm=where), None))["registration"]
        for where in (mni, shifted)
    ]
    line = [has(one.picture, COLOURS["cortex"]) for one in drawn]
    assert line[0].sum() > 100
    assert (line[0] != line[1]).any()  # the map's sites are the same in both
    assert COLOURS["brainstem"] in [colour for _, colour in drawn[0].key]


def test_every_file_is_named_and_holds_its_key() -> None:
    pictures = quality_pictures(study(), anatomy(), lesion_map())
    files = qc_files(pictures)
    assert set(files) < set(QC_FILES)
    assert files == qc_files(quality_pictures(study(), anatomy(), lesion_map()))
    sites = named(pictures)["sites"]
    alone = with_key(sites.picture, sites.key)
    assert alone.size[1] > sites.picture.size[1]
    colour = COLOURS["white_matter"]
    assert has(alone, colour)[sites.picture.size[1] :].sum() >= 100
    assert sites.key == (("5 white matter", colour),)
    assert "5 white matter" in sites.alt


def test_lesions_are_outlined_and_counted() -> None:
    one = named(quality_pictures(study(), anatomy(), lesion_map()))["lesions"]
    assert "3 of 3 lesions" in one.caption
    assert has(one.picture, OUTLINE_RGB).sum() > 20


def test_slices_of_most_lesions() -> None:
    numbers = np.zeros((4, 4, 6), dtype=np.int32)
    numbers[0, 0, 1:5] = 1
    numbers[2, 2, 4] = 2
    numbers[3, 0, 0] = 3
    assert slices_of_most(numbers, 9) == ([0, 4], [1, 2, 3])
    assert slices_of_most(numbers, 1) == ([4], [1, 2])
    assert slices_of_most(np.zeros((2, 2, 2), dtype=np.int32), 3) == ([], [])


def test_slices_are_spread_over_the_brain_and_never_repeat() -> None:
    brain = np.zeros(SHAPE, dtype=bool)
    brain[:, :, 10:13] = True
    (row,) = spread(brain, {Plane.AXIAL: 6})
    assert [one.index for one in row] == [10, 11, 12]


def test_every_label_has_a_colour_of_its_own() -> None:
    names = [name for labels in (SITES, LOBES, PARTS, ZONES) for name in labels.values()]
    assert sorted(names) == sorted(COLOURS)
    for labels in (SITES, LOBES, PARTS, ZONES):
        colours = [np.array(colour) for colour in colour_table(labels).values()]
        for position, colour in enumerate(colours):
            for other in colours[:position]:
                assert np.abs(colour - other).max() >= 25


def test_few_greys_make_a_palette() -> None:
    levels = display_window(np.random.default_rng(1).normal(100, 20, SHAPE).astype(np.float32))
    drawn = mosaic(Layers(levels, grid()), [[Tile(Plane.AXIAL, 20)]], 2.0)
    assert Image.open(io.BytesIO(drawn.png)).mode == "P"


def test_the_page_folds_the_pictures_and_opens_them_at_a_warning() -> None:
    calm = report_html(assessment()).decode()
    assert 'id="qc-registration"' in calm
    assert '<details class="more"><summary>Quality control' in calm
    assert "the patient&#39;s right is on the picture&#39;s left" in calm
    warned = report_html(replace(assessment(), notes=(Note("W34", value="<b>0.4</b>"),))).decode()
    assert '<details class="more" open><summary>Quality control' in warned
    beside = warned[warned.index('id="qc-registration"') : warned.index('id="qc-sites"')]
    assert "W34" in beside
    assert "&lt;b&gt;0.4" in beside
    assert "style=" not in beside


def test_the_page_of_a_study_that_could_not_be_located_shows_the_scan_and_the_reason() -> None:
    page = report_html(without_lesions()).decode()
    scan = page[page.index('id="qc-scan"') : page.index('id="comparison"')]
    assert "No lesion mask was given." in scan  # the phantom's reason has the code A01
    assert "<img" in scan
