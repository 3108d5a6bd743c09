"""The kit of sign phantoms: small brains with a known answer for every sign.

A phantom is a study that a function draws on a grid of any spacing, and the truth that the sign
must have there. ``test_phantoms.py`` collects ``PHANTOMS`` from every ``phantoms_*.py`` of this
folder, measures each at 1 mm and in slices of 3 mm, and again reoriented, moved and with its
lesions renumbered. A room adds a file and nothing else. A worked example, whole:

    # tests/signs/phantoms_example.py
    from lesionaid.quantity import Reason
    from lesionaid.study.scan import Contrast
    from lesionaid.truth import Truth
    from tests.signs.kit import PhantomStudy, SignPhantom, Spacing, ball, image, study

    LESION = ((14, 14, 0), 6.0)  # centre in mm, radius

    def lesion_of_signal(spacing: Spacing, signal: float) -> PhantomStudy:
        mask = ball(spacing, *LESION)
        t1w = image(spacing, Contrast.T1W, (mask, signal), noise_sd=3.0)  # white matter is 100
        return study(spacing, mask, {Contrast.T1W: t1w})

    def dark(spacing: Spacing) -> PhantomStudy:
        return lesion_of_signal(spacing, 80.0)

    def just_not_dark(spacing: Spacing) -> PhantomStudy:
        return lesion_of_signal(spacing, 88.0)

    def no_t1w(spacing: Spacing) -> PhantomStudy:
        return study(spacing, ball(spacing, *LESION))

    PHANTOMS = (
        SignPhantom("t1_hypointense", "dark", Truth.TRUE, dark),
        SignPhantom("t1_hypointense", "just not dark", Truth.FALSE, just_not_dark),
        SignPhantom(
            "t1_hypointense", "no T1w", Truth.UNKNOWN, no_t1w, reason=Reason.IMAGE_MISSING
        ),
    )

Give ``thick=Truth.UNKNOWN`` where slices of 3 mm cannot show the sign. Use one module-level
function for several signs: tables are kept by function, so it is measured once. ``lesion=3``
asks one lesion (ids run from the largest down); without it the patient is asked.

The brain (:func:`brain`) is that of ``tests/unit/anatomy_phantom.py`` with the named parts of
``tests/unit/parts_phantom.py``: within 30 mm of 0, from the middle outwards along x lateral
ventricle (|x| < 4), white matter, cortex (24 to 27), cerebrospinal fluid; corpus callosum above
z = 15 in the middle, cerebellum below z = -22, deep grey matter at |x| 8 to 14, |y| and |z| < 6.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.change.match import CHANGE_SPECS, match
from lesionaid.context import ClinicalContext
from lesionaid.features.catalogue import measure, with_extra
from lesionaid.geometry import Grid, reorient
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.quantity import Reason
from lesionaid.signs.catalogue import load_catalogue
from lesionaid.signs.derive import derive
from lesionaid.study.scan import Contrast, LesionMask, Scan, Study
from lesionaid.tables import SignTable, SignValue
from lesionaid.truth import Truth
from tests.unit import anatomy_phantom, parts_phantom
from tests.unit.anatomy_phantom import source_of

__all__ = [
    "FINE",
    "SPACINGS",
    "THICK",
    "PhantomStudy",
    "SignPhantom",
    "Spacing",
    "answer",
    "ball",
    "brain",
    "ellipsoid",
    "grid",
    "image",
    "mask_of",
    "moved",
    "positions",
    "renumbered",
    "reoriented",
    "signs_of",
    "slab",
    "study",
]

Spacing = tuple[float, float, float]
Mask = NDArray[np.bool_]

FINE: Spacing = (1.0, 1.0, 1.0)
THICK: Spacing = (1.0, 1.0, 3.0)
SPACINGS: Mapping[str, Spacing] = {"1 mm": FINE, "1 x 1 x 3 mm": THICK}


@dataclass(frozen=True, slots=True, eq=False)
class PhantomStudy:
    """What :func:`lesionaid.features.catalogue.measure` needs, and a mask of an earlier date.

    Parameters
    ----------
    study : Study
        Aligned, on the grid of `anatomy`.
    anatomy : AnatomyMap or None
    lesions : LesionMap
    prior : ndarray of bool, or None
        Mask of an earlier date on the same grid, for signs of change; None is "no prior".
    """

    study: Study
    anatomy: AnatomyMap | None
    lesions: LesionMap
    prior: Mask | None = None


@dataclass(frozen=True, slots=True)
class SignPhantom:
    """A study for which the truth of a sign is known.

    Parameters
    ----------
    sign : str
        Id of the sign.
    name : str
        What is drawn, in a few words.
    expect : Truth
        At 1 mm.
    build : callable
        Draws the study on a grid of a spacing; a function of a module, so that several signs
        can share what was measured.
    thick : Truth or None
        In slices of 3 mm; None is the same as at 1 mm.
    lesion : int or None
        Lesion that is asked; None asks the patient.
    reason : Reason or None
        Why it is unknown, where it is expected to be.
    """

    sign: str
    name: str
    expect: Truth
    build: Callable[[Spacing], PhantomStudy]
    thick: Truth | None = None
    lesion: int | None = None
    reason: Reason | None = None

    def expected(self, spacing: Spacing) -> Truth:
        """Truth on a grid of this spacing."""
        return self.expect if spacing == FINE or self.thick is None else self.thick

    def __str__(self) -> str:
        return f"{self.sign}: {self.name}"


# Drawing, in RAS+ mm


@cache
def grid(spacing: Spacing, half_mm: Spacing = (30.0, 30.0, 30.0)) -> Grid:
    """Grid centred on 0; its voxels straddle the middle plane."""
    return anatomy_phantom.grid_of(spacing, half_mm)


@cache
def positions(spacing: Spacing) -> NDArray[np.float64]:
    """RAS+ mm of every voxel, shape (I, J, K, 3)."""
    return anatomy_phantom.positions(grid(spacing))


@cache
def brain(spacing: Spacing) -> AnatomyMap:
    """The brain of boxes; change it with :func:`dataclasses.replace`, never in place."""
    return parts_phantom.anatomy_with_parts(grid(spacing))


def ball(spacing: Spacing, centre: Sequence[float], radius: float) -> Mask:
    """Voxels whose centre lies within `radius` mm of a point."""
    return np.linalg.norm(positions(spacing) - np.asarray(centre), axis=-1) <= radius


def ellipsoid(
    spacing: Spacing,
    centre: Sequence[float],
    radii: Sequence[float],
    degrees: float = 0.0,
    axes: str = "xy",
) -> Mask:
    """An ellipsoid whose first axis is turned from x in the plane of two axes."""
    return parts_phantom.ellipsoid(grid(spacing), centre, radii, degrees, axes)


def slab(spacing: Spacing, low: Sequence[float], high: Sequence[float]) -> Mask:
    """Voxels whose centre lies between two corners, in mm."""
    return parts_phantom.box(grid(spacing), low, high)


def image(
    spacing: Spacing,
    contrast: Contrast,
    *drawn: tuple[Mask, float],
    noise_sd: float = 0.0,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Scan of the brain: white matter 100, and each mask in its own signal, later over earlier.

    ``FLAIR`` has its own tissue signals, every other contrast those of ``T1w``.
    """
    data = anatomy_phantom.tissue_image(brain(spacing), contrast)
    for mask, signal in drawn:
        data[mask] = signal
    return data + np.random.default_rng(seed).normal(0.0, noise_sd, data.shape)


def mask_of(spacing: Spacing, data: NDArray[np.generic], kind: str = "binary") -> LesionMask:
    """A lesion mask on the grid; ``kind="instances"`` keeps the integers apart."""
    where = grid(spacing)
    return LesionMask(data.astype(np.int32), where, source_of(where), kind=kind)  # type: ignore[arg-type]


def study(
    spacing: Spacing,
    lesions: NDArray[np.generic],
    images: Mapping[Contrast, NDArray[np.generic]] | None = None,
    *,
    anatomy: AnatomyMap | str | None = "brain",
    prior: NDArray[np.generic] | None = None,
    kind: str = "binary",
    **more: object,
) -> PhantomStudy:
    """A study of the brain of boxes.

    Parameters
    ----------
    spacing : Spacing
    lesions : ndarray
        The mask; see `kind`.
    images : mapping of Contrast to ndarray, optional
    anatomy : AnatomyMap or None, optional
        Left out it is :func:`brain`; None is "not registered".
    prior : ndarray, optional
        Mask of an earlier date, on the same grid.
    kind : {"binary", "instances"}
    **more
        Other fields of :class:`Study`, such as ``space="mni"``.
    """
    mask = mask_of(spacing, lesions, kind)
    made = anatomy_phantom.study_of(grid(spacing), images or {}, lesions=mask, **more)
    found = brain(spacing) if isinstance(anatomy, str) else anatomy
    before = None if prior is None else prior.astype(bool)
    return PhantomStudy(made, found, lesion_map(mask, made.native_scale), before)


# Measuring


def signs_of(phantom: PhantomStudy) -> SignTable:
    """Signs of a phantom, by the way that :func:`lesionaid.pipeline.assess` goes."""
    table = measure(phantom.study, phantom.anatomy, phantom.lesions)
    change = match(
        phantom.lesions,
        phantom.prior,
        space=phantom.study.space,
        native_scale=phantom.study.native_scale,
    )
    table = with_extra(table, CHANGE_SPECS, change.lesions, change.study)
    return derive(table, load_catalogue(), ClinicalContext())


@cache
def _signs_at(build: Callable[[Spacing], PhantomStudy], spacing: Spacing) -> SignTable:
    return signs_of(build(spacing))


def answer(phantom: SignPhantom, spacing: Spacing) -> SignValue:
    """The sign as measured; the table of each function and spacing is kept."""
    return pick(_signs_at(phantom.build, spacing), phantom)


def pick(signs: SignTable, phantom: SignPhantom) -> SignValue:
    """The value that a phantom asks for."""
    if phantom.lesion is None:
        return signs.patient[phantom.sign]
    return signs.lesions[phantom.lesion][phantom.sign]


# The same study, told otherwise


def reoriented(phantom: PhantomStudy, codes: str) -> PhantomStudy:
    """Every volume stored along other axes, such as ``"LPS"``; nothing moves in space."""
    return _changed(phantom, lambda data, where: reorient(data, where.affine, codes))


def moved(phantom: PhantomStudy, by_mm: Sequence[float]) -> PhantomStudy:
    """The whole study elsewhere in the scanner; MNI152 positions stay with the tissue."""
    shift = np.eye(4)
    shift[:3, 3] = by_mm
    return _changed(phantom, lambda data, where: (data, shift @ where.affine))


def renumbered(phantom: PhantomStudy, seed: int = 0) -> PhantomStudy:
    """Lesions given as instances under other integers."""
    labels = phantom.lesions.labels
    n = len(phantom.lesions.lesions)
    numbers = np.concatenate([[0], 3 + 2 * np.random.default_rng(seed).permutation(n)])
    where = phantom.lesions.grid
    mask = LesionMask(numbers[labels].astype(np.int32), where, source_of(where), kind="instances")
    again = replace(phantom.study, lesions=mask)
    return replace(phantom, study=again, lesions=lesion_map(mask, again.native_scale))


Volume = NDArray[Any]
Retold = Callable[[Volume, Grid], tuple[Volume, NDArray[np.float64]]]


def _changed(phantom: PhantomStudy, retell: Retold) -> PhantomStudy:
    def volume(data: Volume, where: Grid) -> tuple[Volume, Grid]:
        again, affine = retell(data, where)
        return again, Grid((again.shape[0], again.shape[1], again.shape[2]), affine)

    def scan(one: Scan) -> Scan:
        data, where = volume(one.data, one.grid)
        valid = None if one.valid is None else volume(one.valid, one.grid)[0]
        return replace(one, data=data, grid=where, valid=valid)

    before = phantom.study
    assert before.lesions is not None
    labels, where = volume(before.lesions.data, before.lesions.grid)
    lesions = replace(before.lesions, data=labels, grid=where)
    again = replace(
        before,
        scans={contrast: scan(one) for contrast, one in before.scans.items()},
        reference=lesions.grid,
        lesions=lesions,
    )
    return PhantomStudy(
        again,
        None if phantom.anatomy is None else _anatomy(phantom.anatomy, volume),
        lesion_map(lesions, again.native_scale),
        None if phantom.prior is None else volume(phantom.prior, before.lesions.grid)[0],
    )


def _anatomy(
    anatomy: AnatomyMap, volume: Callable[[Volume, Grid], tuple[Volume, Grid]]
) -> AnatomyMap:
    def data(one: Volume | None) -> Volume | None:
        return None if one is None else volume(one, anatomy.grid)[0]

    return replace(
        anatomy,
        grid=volume(anatomy.sites, anatomy.grid)[1],
        distances_mm={name: data(one) for name, one in anatomy.distances_mm.items()},
        **{name: data(getattr(anatomy, name)) for name in _VOLUMES},
    )


_VOLUMES = ("sites", "lobes", "mni_mm", "parts", "zones")
