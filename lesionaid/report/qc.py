"""Quality control: is the anatomy right? Mosaics with the figures and notes that belong to them.

Only the brain and 5 mm around it are drawn, so that no face can be seen. Where the brain is not
known, three middle slices are drawn so coarsely that they show a head's place and posture alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.colours import BRAIN_RGB, COLOURS, RGB, colour_table
from lesionaid.anatomy.map import LOBES, PARTS, SITES, AnatomyMap
from lesionaid.anatomy.regions import load_regions
from lesionaid.anatomy.to_template import REGISTERED_FROM
from lesionaid.geometry import Grid, resample, same_grid
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.report.ground import brain_box, brain_on, coarse, cut_grid, scans_on_one_grid
from lesionaid.report.mosaic import Layers, Mosaic, Tile, mosaic, with_key
from lesionaid.report.pictures import OUTLINE_RGB, display_window
from lesionaid.report.qc_words import Said, figures_of, notes_of, sides_in_words
from lesionaid.report.slices import Plane
from lesionaid.report.tiles import slices_of_most, spread
from lesionaid.report.words import plain
from lesionaid.study.scan import Scan, Study

__all__ = ["QC_FILES", "QualityPicture", "qc_files", "quality_pictures"]

MARGIN_MM = 5.0
"""Drawn around the brain, so that a mask that cuts brain off can be seen to."""
COARSE_MM = 8.0
"""Edge of what is told apart in a head whose brain is not known (proposed: an eye, a nose or a
mouth is then two to five points)."""
SCALE = 1.2
"""Pixels per mm."""
TILES = {Plane.AXIAL: 6, Plane.CORONAL: 6, Plane.SAGITTAL: 5}
REGION_TILES = {Plane.AXIAL: 6, Plane.CORONAL: 6}
LESION_TILES = 12
_ROW = 6

_EDGES: Mapping[str, tuple[tuple[str, ...], RGB]] = {
    "cortex": (("cortex",), COLOURS["cortex"]),
    "cerebellum": (("cerebellum",), COLOURS["cerebellum"]),
    "brainstem": (("brainstem",), COLOURS["brainstem"]),
    "ventricles": (
        ("lateral_ventricle", "third_ventricle", "fourth_ventricle"),
        COLOURS["lateral_ventricle"],
    ),
}
"""What the registration is judged by, and the sites that make it up."""

QC_FILES = tuple(
    f"qc_{name}.png"
    for name in ("scan", "brain", "registration", "sites", "lobes", "parts", "lesions")
)
"""Files that :func:`qc_files` may write."""


@dataclass(frozen=True, slots=True)
class QualityPicture:
    """One mosaic and what is said beside it.

    Parameters
    ----------
    name : str
        ``brain registration sites lobes parts lesions``, or ``scan`` where no brain is known.
    title, caption, alt : str
    picture : Mosaic
    key : tuple of (str, RGB)
        Names of the colours, each with its number where the picture holds numbers.
    figures : tuple of (str, str)
    notes : tuple of (str, str)
    """

    name: str
    title: str
    caption: str
    alt: str
    picture: Mosaic
    key: tuple[tuple[str, RGB], ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    notes: tuple[Said, ...] = ()


def qc_files(pictures: Iterable[QualityPicture]) -> dict[str, bytes]:
    """The pictures as files of their own, the key drawn underneath."""
    return {f"qc_{one.name}.png": with_key(one.picture, one.key).png for one in pictures}


def quality_pictures(
    study: Study,
    anatomy: AnatomyMap | None,
    lesions: LesionMap | None,
    notes: Iterable[Said] = (),
) -> tuple[QualityPicture, ...]:
    """Draw what there is: nothing without a scan and anatomy, the scan alone without a brain.

    Parameters
    ----------
    study : Study
    anatomy : AnatomyMap or None
    lesions : LesionMap or None
    notes : iterable of (str, str)
        Code and sentence of every note and reason. Each is put beside the picture that it is
        about, or left out.
    """
    scans = scans_on_one_grid(study)
    if scans:
        grid = next(iter(scans.values())).grid
    elif anatomy is not None:
        grid = anatomy.grid
    else:
        return ()
    brain = brain_on(study, anatomy, grid)
    told = tuple(notes)
    if brain is None or not brain.any():
        return (_scan_alone(scans, grid, told),) if scans else ()
    return _Easel(study, anatomy, lesions, brain, grid, told).pictures()


class _Easel:
    """A study cut to its brain, and the pictures of it."""

    def __init__(
        self,
        study: Study,
        anatomy: AnatomyMap | None,
        lesions: LesionMap | None,
        brain: NDArray[np.bool_],
        grid: Grid,
        notes: tuple[Said, ...],
    ) -> None:
        corner, shape = brain_box(brain, np.zeros_like(brain), grid)
        self._window = tuple(slice(a, a + n) for a, n in zip(corner, shape, strict=True))
        self._whole = grid
        self._grid = cut_grid(grid, corner, shape)
        self._all = brain
        self._brain = np.ascontiguousarray(brain[self._window])
        self._scans = scans_on_one_grid(study)
        self._anatomy = anatomy
        self._lesions = lesions
        self._notes = notes

    def pictures(self) -> tuple[QualityPicture, ...]:
        """All that can be drawn."""
        made = []
        if self._scans:
            made.append(self._outline())
        if self._anatomy is not None:
            if self._scans:
                made.append(self._registration(self._anatomy))
            made += self._regions(self._anatomy)
        if self._lesions is not None and self._lesions.lesions:
            made.append(self._lesion_picture(self._lesions))
        return tuple(made)

    @cached_property
    def _near(self) -> NDArray[np.bool_]:
        from scipy.ndimage import distance_transform_edt

        away = distance_transform_edt(~self._brain, sampling=self._grid.spacing_mm)
        return np.asarray(away <= MARGIN_MM)

    def _levels(self, name: str | None) -> NDArray[np.uint8]:
        """A scan inside the brain and its margin; an even grey where there is no scan."""
        if name is None:
            return np.where(self._brain, 90, 0).astype(np.uint8)
        shown = display_window(self._scans[name].data, self._all)[self._window]
        return np.where(self._near, shown, 0).astype(np.uint8)

    @property
    def _reference(self) -> str | None:
        return next(iter(self._scans), None)

    def _cut(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        assert self._anatomy is not None
        moved = resample(labels, self._anatomy.grid, self._whole, order=0)
        return np.ascontiguousarray(moved[self._window])

    def _warped(self, anatomy: AnatomyMap) -> NDArray[np.uint8]:
        """Sites as registration laid them, before the patient's own tissue moved any border.

        Taken from the map's MNI coordinates, 5 mm beyond the brain too; the anatomy's own sites
        where it has none.
        """
        if anatomy.mni_mm is None or not same_grid(anatomy.grid, self._whole):
            return self._cut(anatomy.sites)
        regions = load_regions()
        mni = anatomy.mni_mm[self._window][self._near]
        ijk = np.rint(regions.grid.to_voxel(mni)).astype(np.int64)
        known = np.all((ijk >= 0) & (ijk < regions.grid.shape), axis=1)
        found = np.zeros(len(ijk), dtype=np.uint8)
        found[known] = regions.sites[tuple(ijk[known].T)]
        sites = np.zeros(self._brain.shape, dtype=np.uint8)
        sites[self._near] = found
        return sites

    def _outline(self) -> QualityPicture:
        layers = Layers(
            self._levels(self._reference), self._grid, lines=((self._brain, BRAIN_RGB),)
        )
        return QualityPicture(
            "brain",
            "Brain mask",
            f"{self._reference} with the border of the brain and {MARGIN_MM:.0f} mm around it. "
            "Brain outside the line is lost to every measurement; scalp, eye or sinus inside it "
            "is taken for brain.",
            f"{self._reference} in axial, coronal and sagittal slices with the border of the "
            f"brain; {sides_in_words()}",
            mosaic(layers, spread(self._brain, TILES), SCALE),
            (("border of the brain", BRAIN_RGB),),
            figures_of("brain", self._anatomy),
            notes_of("brain", self._notes),
        )

    def _registration(self, anatomy: AnatomyMap) -> QualityPicture:
        sites = self._warped(anatomy)
        code = {name: number for number, name in SITES.items()}
        edges = {
            name: (np.isin(sites, [code[part] for part in parts]), colour)
            for name, (parts, colour) in _EDGES.items()
        }
        shown = next((str(c) for c in REGISTERED_FROM if str(c) in self._scans), self._reference)
        title, what = {
            "template": ("Registration", "The template's edges as registration laid them"),
            "labels": ("Labels over the scan", "Edges of the labels that were given"),
            "mni": ("Template over the scan", "The template's edges, laid over unregistered"),
        }[anatomy.source]
        layers = Layers(self._levels(shown), self._grid, lines=tuple(edges.values()))
        return QualityPicture(
            "registration",
            title,
            f"{what}, on {shown}. The line of the ventricles should follow the fluid, that of the "
            "cortex the folds: where it does not, places and distances are wrong there, unless the "
            "patient's own tissue has put the border right (see the regions).",
            f"{shown} in axial, coronal and sagittal slices with the edges of cortex, ventricles, "
            f"cerebellum and brainstem; {sides_in_words()}",
            mosaic(layers, spread(self._brain, TILES), SCALE),
            tuple((name, colour) for name, (_, colour) in edges.items()),
            figures_of("registration", anatomy),
            notes_of("registration", self._notes),
        )

    def _regions(self, anatomy: AnatomyMap) -> list[QualityPicture]:
        volumes: tuple[tuple[str, NDArray[np.uint8] | None, Mapping[int, str]], ...] = (
            ("sites", anatomy.sites, SITES),
            ("lobes", anatomy.lobes, LOBES),
            ("parts", anatomy.parts, PARTS),
        )
        return [
            self._region(name, volume, names)
            for name, volume, names in volumes
            if volume is not None and volume.any()
        ]

    def _region(
        self, name: str, volume: NDArray[np.uint8], names: Mapping[int, str]
    ) -> QualityPicture:
        labels = self._cut(volume)
        table = colour_table(names)
        present = [int(number) for number in np.unique(labels) if number]
        layers = Layers(
            self._levels(self._reference), self._grid, fill=labels, colours=table, numbers=labels
        )
        shown = ", ".join(f"{number} {plain(names[number])}" for number in present)
        return QualityPicture(
            name,
            f"Regions: {name}",
            f"The numbers and colours are those of the key. Shown on "
            f"{self._reference or 'an even grey'}.",
            f"Axial and coronal slices with numbered regions: {shown}; {sides_in_words()}",
            mosaic(layers, spread(self._brain, REGION_TILES), SCALE),
            tuple((f"{number} {plain(names[number])}", table[number]) for number in present),
            figures_of(name, self._anatomy),
            notes_of(name, self._notes),
        )

    def _lesion_picture(self, lesions: LesionMap) -> QualityPicture:
        moved = resample(lesions.labels, lesions.grid, self._whole, order=0)
        labels = np.ascontiguousarray(moved[self._window])
        counted = [lesion.id for lesion in lesions.lesions if not lesion.speck]
        numbers = np.where(np.isin(labels, counted), labels, 0)
        index, drawn = slices_of_most(numbers, LESION_TILES)
        slices = [Tile(Plane.AXIAL, one) for one in index]
        rows = [slices[at : at + _ROW] for at in range(0, len(slices), _ROW)]
        layers = Layers(
            self._levels(self._reference),
            self._grid,
            lines=((labels > 0, OUTLINE_RGB),),
            numbers=numbers,
            beside=True,
        )
        said = f"{len(drawn)} of {len(counted)} lesions have a slice here"
        return QualityPicture(
            "lesions",
            "Lesions",
            f"Axial slices through the most lesions, each with its number; {said}. Specks under "
            "3 mm³ are outlined without a number.",
            f"Axial slices of {self._reference or 'a grey brain'} with outlined lesions "
            f"{', '.join(map(str, drawn))}; {sides_in_words()}",
            mosaic(layers, rows or spread(self._brain, {Plane.AXIAL: _ROW}), SCALE),
            (("border of a lesion", OUTLINE_RGB),),
            notes=notes_of("lesions", self._notes),
        )


def _scan_alone(scans: Mapping[str, Scan], grid: Grid, notes: tuple[Said, ...]) -> QualityPicture:
    """Three middle slices of a head, coarse."""
    name, scan = next(iter(scans.items()))
    data, where = coarse(np.nan_to_num(scan.data), grid, COARSE_MM)
    layers = Layers(display_window(data), where)
    row = [Tile(plane, data.shape[plane.value] // 2) for plane in Plane]
    return QualityPicture(
        "scan",
        "Scan",
        f"The middle slices of {name}, coarsened to {COARSE_MM:.0f} mm: which part is brain is not "
        "known, and a face must not be shown.",
        f"{name} in one axial, coronal and sagittal slice, coarse; {sides_in_words()}",
        mosaic(layers, [row], SCALE),
        notes=notes_of("scan", notes),
    )
