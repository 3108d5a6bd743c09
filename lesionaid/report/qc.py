"""Quality control: is the anatomy right? Mosaics with the figures and notes that belong to them.

Only the brain and 5 mm around it are drawn, so that no face can be seen. Where the brain was not
found, three middle slices are drawn so coarsely that they show a head's place and posture alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.colours import BRAIN_RGB, COLOURS, RGB, colour_table
from lesionaid.anatomy.map import LOBES, PARTS, SITES, AnatomyMap
from lesionaid.anatomy.to_template import (
    LEAST_OVERLAP,
    LEAST_SIMILARITY,
    REGISTERED_FROM,
    WEAK_OVERLAP,
    WEAK_SIMILARITY,
)
from lesionaid.geometry import Grid, resample
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.report.ground import brain_box, brain_on, cut_grid, scans_on_one_grid
from lesionaid.report.mosaic import Layers, Mosaic, Tile, mosaic, with_key
from lesionaid.report.pictures import OUTLINE_RGB, display_window
from lesionaid.report.slices import PATIENT_RIGHT_IS_LEFT, Plane
from lesionaid.report.words import plain, value_words
from lesionaid.study.scan import Scan, Study

__all__ = ["QC_FILES", "QualityPicture", "qc_files", "quality_pictures"]

Said = tuple[str, str]
"""The code of a note or a reason, and its sentence."""

MARGIN_MM = 5.0
"""Drawn around the brain, so that a mask that cuts brain off can be seen to."""
COARSE_MM = 8.0
"""Edge of what is told apart in a head whose brain was not found (proposed: an eye, a nose or a
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

_NOTES: Mapping[str, frozenset[str]] = {
    "scan": frozenset({"A01", "A02", "A03", "A04", "A05", "A06"}),
    "brain": frozenset({"W26", "W37"}),
    "registration": frozenset({"W30", "W31", "W34"}),
    "sites": frozenset({"W36"}),
    "lesions": frozenset({"A20", "A21", "A22", "A23", "W40", "W41", "W42"}),
}
"""Codes that are shown beside a picture."""

_FIGURES: Mapping[str, tuple[str, str]] = {
    "brain_overlap_dice": ("registration", "overlap of the brains (Dice)"),
    "registration_correlation": ("registration", "similarity inside the brain (correlation)"),
    "jacobian_min": ("registration", "smallest local change of volume (Jacobian)"),
    "jacobian_max": ("registration", "largest local change of volume (Jacobian)"),
    "labels_recognised": ("sites", "share of the labels that was recognised"),
}
_LIMITS: Mapping[str, str] = {
    "brain_overlap_dice": f"weak under {WEAK_OVERLAP:.2f}, refused under {LEAST_OVERLAP:.2f}",
    "registration_correlation": (
        f"weak under {WEAK_SIMILARITY:.2f}, refused under {LEAST_SIMILARITY:.2f}"
    ),
    "jacobian_min": "1 keeps the volume; at 0 or below the map is folded",
}

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

    def _spread(self, tiles: Mapping[Plane, int]) -> list[list[Tile]]:
        """Slices of each plane, evenly over the brain."""
        rows = []
        for plane, count in tiles.items():
            others = tuple(axis for axis in range(3) if axis != plane.value)
            here = np.flatnonzero(self._brain.any(axis=others))
            share = (np.arange(count) + 0.7) / (
                count + 0.4
            )  # neither the first nor the last sliver
            index = here[0] + np.rint(share * (here[-1] - here[0])).astype(int)
            rows.append([Tile(plane, int(one)) for one in np.unique(index)])
        return rows

    def _cut(self, labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        assert self._anatomy is not None
        moved = resample(labels, self._anatomy.grid, self._whole, order=0)
        return np.ascontiguousarray(moved[self._window])

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
            f"brain; {_sides()}",
            mosaic(layers, self._spread(TILES), SCALE),
            (("border of the brain", BRAIN_RGB),),
            _figures_of("brain", self._anatomy),
            _notes_of("brain", self._notes),
        )

    def _registration(self, anatomy: AnatomyMap) -> QualityPicture:
        sites = self._cut(anatomy.sites)
        code = {name: number for number, name in SITES.items()}
        edges = {
            name: (np.isin(sites, [code[part] for part in parts]), colour)
            for name, (parts, colour) in _EDGES.items()
        }
        shown = next((str(c) for c in REGISTERED_FROM if str(c) in self._scans), self._reference)
        title, what = {
            "template": ("Registration", "The template's edges, carried onto the patient"),
            "labels": ("Labels over the scan", "Edges of the labels that were given"),
            "mni": ("Template over the scan", "The template's edges, laid over unregistered"),
        }[anatomy.source]
        layers = Layers(self._levels(shown), self._grid, lines=tuple(edges.values()))
        return QualityPicture(
            "registration",
            title,
            f"{what}, on {shown}. The line of the ventricles should follow the fluid, that of the "
            "cortex the folds: where it does not, places and distances are wrong there.",
            f"{shown} in axial, coronal and sagittal slices with the edges of cortex, ventricles, "
            f"cerebellum and brainstem; {_sides()}",
            mosaic(layers, self._spread(TILES), SCALE),
            tuple((name, colour) for name, (_, colour) in edges.items()),
            _figures_of("registration", anatomy),
            _notes_of("registration", self._notes),
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
            f"Axial and coronal slices with numbered regions: {shown}; {_sides()}",
            mosaic(layers, self._spread(REGION_TILES), SCALE),
            tuple((f"{number} {plain(names[number])}", table[number]) for number in present),
            _figures_of(name, self._anatomy),
            _notes_of(name, self._notes),
        )

    def _lesion_picture(self, lesions: LesionMap) -> QualityPicture:
        moved = resample(lesions.labels, lesions.grid, self._whole, order=0)
        labels = np.ascontiguousarray(moved[self._window])
        counted = [lesion.id for lesion in lesions.lesions if not lesion.speck]
        numbers = np.where(np.isin(labels, counted), labels, 0)
        index, drawn = _slices_of_most(numbers, LESION_TILES)
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
            f"{', '.join(map(str, drawn))}; {_sides()}",
            mosaic(layers, rows or self._spread({Plane.AXIAL: _ROW}), SCALE),
            (("border of a lesion", OUTLINE_RGB),),
            notes=_notes_of("lesions", self._notes),
        )


def _slices_of_most(numbers: NDArray[np.int32], count: int) -> tuple[list[int], list[int]]:
    """Axial slices that show the most lesions together, from below, and the lesions they show.

    Each next slice is the one with the most lesions not yet shown; among equals the one with
    most of their voxels, then the lowest.
    """
    inside = [
        dict(
            zip(
                *map(np.ndarray.tolist, np.unique(plane[plane > 0], return_counts=True)),
                strict=True,
            )
        )
        for plane in np.moveaxis(numbers, 2, 0)
    ]
    shown: set[int] = set()
    chosen: list[int] = []
    while len(chosen) < count:
        gains = [[n for one, n in here.items() if one not in shown] for here in inside]
        best = max(range(len(gains)), key=lambda k: (len(gains[k]), sum(gains[k]), -k), default=0)
        if not gains or not gains[best]:
            break
        chosen.append(best)
        shown |= inside[best].keys()
    return sorted(chosen), sorted(shown)


def _scan_alone(scans: Mapping[str, Scan], grid: Grid, notes: tuple[Said, ...]) -> QualityPicture:
    """Three middle slices of a head, coarse."""
    name, scan = next(iter(scans.items()))
    blocks = tuple(max(1, round(COARSE_MM / edge)) for edge in grid.spacing_mm)
    data: NDArray[np.floating[Any]] = np.nan_to_num(scan.data)
    for axis, size in enumerate(blocks):
        starts = np.arange(0, data.shape[axis], size)
        lengths = np.diff(np.append(starts, data.shape[axis]))
        wide = [1, 1, 1]
        wide[axis] = len(lengths)
        data = np.add.reduceat(data, starts, axis=axis) / lengths.reshape(wide)
    affine = grid.affine.copy()
    affine[:3, :3] = affine[:3, :3] * np.asarray(blocks)
    layers = Layers(display_window(data), Grid(data.shape, affine))
    row = [Tile(plane, data.shape[plane.value] // 2) for plane in Plane]
    return QualityPicture(
        "scan",
        "Scan",
        f"The middle slices of {name}, coarsened to {COARSE_MM:.0f} mm: the brain was not found, "
        "and a face must not be shown.",
        f"{name} in one axial, coronal and sagittal slice, coarse; {_sides()}",
        mosaic(layers, [row], SCALE),
        notes=_notes_of("scan", notes),
    )


def _figures_of(name: str, anatomy: AnatomyMap | None) -> tuple[tuple[str, str], ...]:
    """Quality figures of one picture, with the limits they are held against."""
    if anatomy is None:
        return ()
    rows = []
    for figure, value in anatomy.quality.items():
        default = "brain" if figure.startswith("brain_") else "registration"
        picture, words = _FIGURES.get(figure, (default, plain(figure)))
        if picture == name:
            limit = _LIMITS.get(figure)
            shown = value_words(value)
            rows.append((words, f"{shown} ({limit})" if limit else shown))
    if name == "registration" and anatomy.error_mm is not None:
        rows.append(("median error of a distance", f"{anatomy.error_mm:.1f} mm"))
    return tuple(rows)


def _notes_of(name: str, notes: tuple[Said, ...]) -> tuple[Said, ...]:
    return tuple(note for note in notes if note[0] in _NOTES.get(name, ()))


def _sides() -> str:
    side = "left" if PATIENT_RIGHT_IS_LEFT else "right"
    return f"the patient's right is on the picture's {side}"
