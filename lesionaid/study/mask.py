"""Lesion masks as people have them: binary, 0/255, probabilistic, labelled; or no mask at all.

What the numbers mean is decided from the numbers alone, and said:

==================================  =====================================================
values                              reading
==================================  =====================================================
none but 0                          empty mask, a known zero (``W24``)
one value                           that value is lesion (``W22`` unless it is 1)
several whole numbers               need ``labels``, else ``E37``; more than 50: ``E38``
fractions within 0 and 1            probabilities, cut at ``mask_threshold`` (``W23``)
anything else                       an image, not a mask (``E38``)
==================================  =====================================================
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lesionaid.errors import MaskError, Note
from lesionaid.geometry import Grid, same_grid, to_ras
from lesionaid.study.gate import INTEGER_TOLERANCE, whole_numbers
from lesionaid.study.nifti import RawImage, read_image
from lesionaid.study.options import GateOptions
from lesionaid.study.scan import LesionMask, Scan
from lesionaid.study.space import check_overlap, check_space, foreground

__all__ = ["load_mask"]

DEFAULT_THRESHOLD = 0.5
LST_AI_LABELS = {1: "periventricular", 2: "juxtacortical", 3: "subcortical", 4: "infratentorial"}
"""Annotated output of LST-AI (Wiltgen et al. 2024, doi 10.1016/j.nicl.2024.103611)."""
MAX_LABELS = 50
"""More distinct values than any lesion label scheme has (proposed)."""
MAX_BRAIN_FRACTION = 0.5
"""Row 35 of the bad-input catalogue: more than half of the brain is no lesion mask."""
MAX_VOLUME_MM3 = 600_000.0
"""Half of a mean adult brain of about 1200 ml (proposed): where the scan is a whole head or
there is none, brain masks are caught by their size."""
SMALL_PROBABILITY = 0.05
"""Probability maps are near 0 over most of the brain, normalised images are not (proposed)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """A mask's numbers, understood."""

    labels: NDArray[np.int32]
    kind: Literal["binary", "instances"]
    notes: tuple[Note, ...]
    threshold: float | None = None
    probability: NDArray[np.float64] | None = None


def load_mask(
    path: Path,
    reference: Scan | None,
    options: GateOptions | None = None,
    *,
    others: Sequence[Scan] = (),
) -> tuple[LesionMask, tuple[Note, ...]]:
    """Read a lesion mask and check that it belongs to the scan.

    Parameters
    ----------
    path : Path
    reference : Scan or None
        A scan of the study; None when a mask is all there is, and then nothing is known
        of its space.
    options : GateOptions, optional
        `labels`, `mask_threshold`, `resample_mask`.
    others : sequence of Scan
        Further scans of the study. A mask drawn on one of them lies on its grid and is
        held against that one (noted ``W28``); aligning the scans moves it along.

    Returns
    -------
    mask : LesionMask
        RAS+, on its own grid: shape and volume are measured there, so it is not resampled.
    notes : tuple of Note

    Raises
    ------
    MaskError
        ``E35`` to ``E38``.
    GridError
        ``E40``, ``E41`` (the rules are in :mod:`lesionaid.study.space`).
    GateError, OutputError
        As :func:`~lesionaid.study.nifti.read_image`.
    """
    options = options or GateOptions()
    raw = read_image(path, options)
    name = raw.source.name
    values, affine = to_ras(raw.data, raw.affine)
    grid = Grid((values.shape[0], values.shape[1], values.shape[2]), affine)
    values, notes = _finite(values, name)
    reading = _read_values(values, options, name)
    notes = (*raw.notes, *notes, *reading.notes)
    lesion = reading.labels != 0
    _check_size(lesion, grid, reading.probability, reference, name)
    if not lesion.any():
        notes += (Note("W24", name),)
    if reference is not None:
        notes += _place(lesion, grid, raw, (reference, *others), options)
    soft = reading.probability
    mask = LesionMask(
        data=reading.labels,
        grid=grid,
        source=raw.source,
        kind=reading.kind,
        threshold=reading.threshold,
        soft_volume_mm3=None if soft is None else float(soft.sum()) * grid.voxel_volume_mm3,
    )
    return mask, notes


def _place(
    lesion: NDArray[np.bool_],
    grid: Grid,
    raw: RawImage,
    scans: Sequence[Scan],
    options: GateOptions,
) -> tuple[Note, ...]:
    """Hold the mask against the scan it was drawn on, by default the first."""
    name = raw.source.name
    drawn_on = next((scan for scan in scans if same_grid(grid, scan.grid)), scans[0])
    same, notes = check_space(
        lesion,
        grid,
        drawn_on,
        name=name,
        form_code=raw.form.code,
        vouched=options.resample_mask,
    )
    if drawn_on is not scans[0]:
        notes += (Note("W28", name, f"the grid of the {drawn_on.contrast}"),)
    return notes + check_overlap(lesion, grid, drawn_on, name=name, same_grid=same)


def _finite(values: NDArray[Any], name: str) -> tuple[NDArray[Any], tuple[Note, ...]]:
    """NaN is a usual background of masks; it is counted and read as background."""
    if values.dtype.kind != "f":
        return values, ()
    finite = np.isfinite(values)
    n_bad = int(values.size - np.count_nonzero(finite))
    if n_bad == 0:
        return values, ()
    note = Note("W19", name, f"{n_bad} of {values.size} voxels, read as background")
    return np.where(finite, values, 0), (note,)


def _read_values(values: NDArray[Any], options: GateOptions, name: str) -> _Reading:
    if values.min() < -INTEGER_TOLERANCE:
        raise MaskError("E38", file=name, value=f"values down to {values.min():.4g}")
    numbers = whole_numbers(values)
    if numbers is not None:
        return _read_labels(numbers, options.labels, name)
    if values.max() > 1 + INTEGER_TOLERANCE:
        raise MaskError("E38", file=name, value=f"fractions up to {values.max():.4g}")
    if options.labels is not None:
        raise MaskError("E38", file=name, value="fractions, where labels were announced")
    return _read_probability(values, options.mask_threshold, name)


def _read_labels(
    numbers: NDArray[np.int32], labels: str | tuple[int, ...] | None, name: str
) -> _Reading:
    present = [int(value) for value in np.unique(numbers) if value != 0]
    if labels == "instances":
        return _Reading(numbers, "instances", ())
    if isinstance(labels, tuple):
        chosen = np.isin(numbers, labels).astype(np.int32)
        if present and not chosen.any():
            return _Reading(chosen, "binary", (Note("W25", name, _listed(present)),))
        merged = sorted(set(labels) & set(present))
        return _Reading(chosen, "binary", _merge_note(merged, name))
    if labels == "lst-ai":
        if not set(present) <= set(LST_AI_LABELS):
            value = f"{_listed(present)}; LST-AI writes 1 to 4"
            raise MaskError("E37", file=name, value=value)
    elif len(present) > MAX_LABELS:
        value = f"{len(present)} different values up to {present[-1]}"
        raise MaskError("E38", file=name, value=value)
    elif len(present) > 1:
        raise MaskError("E37", file=name, value=_listed(present))
    return _Reading((numbers != 0).astype(np.int32), "binary", _merge_note(present, name))


def _merge_note(values: list[int], name: str) -> tuple[Note, ...]:
    return () if values in ([], [1]) else (Note("W22", name, f"lesion: {_listed(values)}"),)


def _read_probability(values: NDArray[Any], chosen: float | None, name: str) -> _Reading:
    threshold = DEFAULT_THRESHOLD if chosen is None else chosen
    probability = np.clip(values, 0, 1).astype(np.float64)
    lesion = (probability >= threshold).astype(np.int32)
    origin = "default" if chosen is None else "as chosen"
    value = f"p >= {threshold:g} ({origin}); highest p {probability.max():.3g}"
    return _Reading(lesion, "binary", (Note("W23", name, value),), threshold, probability)


def _check_size(
    lesion: NDArray[np.bool_],
    grid: Grid,
    probability: NDArray[np.float64] | None,
    reference: Scan | None,
    name: str,
) -> None:
    """Refuse brain masks, inverted masks and normalised images."""
    brain_mm3 = grid.extent_mm3
    if reference is not None:
        brain_mm3 = np.count_nonzero(foreground(reference)) * reference.grid.voxel_volume_mm3
    limit = min(MAX_BRAIN_FRACTION * brain_mm3, MAX_VOLUME_MM3)
    if probability is not None:
        spread = np.count_nonzero(probability > SMALL_PROBABILITY) * grid.voxel_volume_mm3
        if spread > limit:
            value = f"values above {SMALL_PROBABILITY} in {spread / 1000:.0f} ml"
            raise MaskError("E38", file=name, value=value)
    volume = np.count_nonzero(lesion) * grid.voxel_volume_mm3
    if volume > limit:
        raise MaskError("E35", file=name, value=f"{volume / 1000:.0f} ml")


def _listed(values: list[int]) -> str:
    shown = ", ".join(map(str, values[:10]))
    return f"{shown} and {len(values) - 10} more" if len(values) > 10 else shown
