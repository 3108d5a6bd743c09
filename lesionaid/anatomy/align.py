"""Bring every contrast, and a prior's lesions, onto the study's reference grid.

Contrasts that share the reference's grid are taken as aligned. The others are laid on it by
their headers, and a rigid registration says whether that is good enough.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.register import Rigid, register_rigid
from lesionaid.anatomy.volume import Volume, coarsen, without_air
from lesionaid.errors import AnalysisError, Note
from lesionaid.geometry import Grid, resample, same_grid
from lesionaid.study.scan import Contrast, LesionMask, Scan, Study

__all__ = ["AlignedPrior", "align_prior", "align_study"]

HEADER_TOLERANCE_MM = 1.0
"""Headers are believed where the registration moves the head by no more than this in the mean,
or by no more than a quarter of the thickest voxel edge (proposed: the registration itself was off
by 0.1 to 0.4 mm in the mean on four pairs of real dates)."""

LEAST_SIMILARITY = 1.08
"""Normalised mutual information under which an alignment has failed (proposed: ten pairs of one
patient, contrasts and dates mixed, measured 1.10 to 1.28; noise 1.07; two patients' extracted
brains 1.06). It does not tell two heads apart: two patients' whole heads measured 1.05 to
1.12."""

LEAST_GAIN = 0.002
"""Gain in mutual information that a registration must bring to overrule the headers (proposed)."""

TWINS = {Contrast.ADC: (Contrast.DWI,), Contrast.PHASE: (Contrast.SWI,)}
"""Computed from, or acquired with, the other: on one grid they need one alignment."""

LARGEST_TURN_DEGREES = 45.0
"""No head lies turned by more than this between two scans of one visit (proposed)."""


class AlignedPrior(NamedTuple):
    """A prior lesion mask on the current mask's grid.

    Parameters
    ----------
    mask : ndarray of bool, or None
        None where the prior has no mask or could not be aligned: novelty is unknown.
    seen : ndarray of bool, or None
        Where the prior's field of view reached.
    notes : tuple of Note
        With the quality of the alignment.
    """

    mask: NDArray[np.bool_] | None = None
    seen: NDArray[np.bool_] | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Alignment:
    """What was decided for a pair: a transform, or None for a failure."""

    matrix: NDArray[np.float64] | None
    text: str


def align_study(study: Study) -> Study:
    """Bring every contrast onto the reference grid.

    Parameters
    ----------
    study : Study
        As loaded.

    Returns
    -------
    Study
        Every scan on `reference`, resampled linearly where it was not, with ``valid`` False
        outside its field of view. A contrast that cannot be aligned is left out, with a note.

    Raises
    ------
    AnalysisError
        ``A04`` when there are scans, but none on the reference grid.
    """
    if study.reference is None or not study.scans:
        return replace(study, aligned=True)
    order = [contrast for contrast in Contrast if contrast in study.scans]
    on_grid = [c for c in order if same_grid(study.scans[c].grid, study.reference)]
    if not on_grid:
        raise AnalysisError("A04", value="no scan lies on the reference grid")
    anchor = study.scans[on_grid[0]]
    scans: dict[Contrast, Scan] = {}
    done: dict[Contrast, _Alignment] = {}
    notes: list[Note] = []
    for contrast in order:
        scan = study.scans[contrast]
        if contrast in on_grid:
            scans[contrast] = replace(scan, grid=study.reference)
            continue
        twin = next((c for c in TWINS.get(contrast, ()) if c in done), None)
        if twin is not None and same_grid(study.scans[twin].grid, scan.grid):
            found = done[twin]
        else:
            found = _align(anchor, scan, headers_only=study.space == "mni")
        done[contrast] = found
        if found.matrix is None:
            notes.append(Note("W31", scan.source.name, found.text))
            continue
        scans[contrast] = _move(scan, study.reference, found.matrix)
        notes.append(Note("W30", scan.source.name, found.text))
    return replace(study, scans=scans, notes=(*study.notes, *notes), aligned=True)


def align_prior(current: Study, prior: Study) -> AlignedPrior:
    """Bring the prior's lesion mask onto the current mask's grid.

    The two dates' references are registered rigidly; where they lie on one another already, and
    always in MNI152, the headers' alignment is kept. The mask is resampled linearly and cut at
    one half, which keeps volumes.

    Parameters
    ----------
    current, prior : Study
        `current` may be aligned or not.
    """
    mask = prior.lesions
    grid = current.lesions.grid if current.lesions is not None else current.reference
    if mask is None or grid is None:
        return AlignedPrior(None, None, ())
    pair = _pair(current, prior)
    if pair is None:
        moved = _move_mask(mask, grid, np.eye(4))
        note = () if current.space == "mni" else (Note("W35", mask.source.name),)
        return AlignedPrior(*moved, note)
    found = _align(*pair, headers_only=current.space == "mni")
    if found.matrix is None:
        return AlignedPrior(None, None, (Note("W32", mask.source.name, found.text),))
    note = (Note("W33", mask.source.name, found.text),)
    return AlignedPrior(*_move_mask(mask, grid, found.matrix), note)


def _pair(current: Study, prior: Study) -> tuple[Scan, Scan] | None:
    """The best two scans to align two dates by: the same contrast at both, or the references."""
    for contrast in Contrast:
        if contrast in current.scans and contrast in prior.scans:
            return current.scans[contrast], prior.scans[contrast]
    if not current.scans or not prior.scans:
        return None
    first, second = (next(c for c in Contrast if c in study.scans) for study in (current, prior))
    return current.scans[first], prior.scans[second]


def _align(fixed: Scan, moving: Scan, *, headers_only: bool) -> _Alignment:
    """Decide between the headers' alignment and a registration, or refuse."""
    if headers_only:
        return _Alignment(np.eye(4), "by the headers, as both are in MNI152")
    head = _prepared(fixed)
    rigid = register_rigid(head, _prepared(moving))
    if rigid is None:
        return _Alignment(None, "the registration did not come to an end")
    told = f"normalised mutual information {rigid.similarity:.3f}"
    if max(rigid.similarity, rigid.header_similarity) < LEAST_SIMILARITY:
        return _Alignment(None, told)
    moved = _mean_move_mm(rigid, head)
    edge = max(*fixed.source.grid.spacing_mm, *moving.source.grid.spacing_mm)
    tolerance = max(HEADER_TOLERANCE_MM, 0.25 * edge)
    gain = rigid.similarity - rigid.header_similarity
    if moved <= tolerance or gain < LEAST_GAIN:
        told = f"normalised mutual information {rigid.header_similarity:.3f}"
        return _Alignment(np.eye(4), f"by the headers, {told}; a registration moves {moved:.1f} mm")
    if _turn_degrees(rigid) > LARGEST_TURN_DEGREES:
        return _Alignment(None, f"{told}, turned by {_turn_degrees(rigid):.0f} degrees")
    return _Alignment(rigid.matrix, f"registered, moved by {moved:.1f} mm, {told}")


def _prepared(scan: Scan) -> Volume:
    data = scan.data if scan.valid is None else np.where(scan.valid, scan.data, np.float32(0))
    return without_air(coarsen(Volume(data, scan.grid)))


def _mean_move_mm(rigid: Rigid, fixed: Volume) -> float:
    """How far the transform moves the foreground, in the mean."""
    points = fixed.grid.to_mm(np.argwhere(fixed.data > fixed.data.mean()))
    moved = points @ rigid.matrix[:3, :3].T + rigid.matrix[:3, 3]
    return float(np.linalg.norm(moved - points, axis=1).mean())


def _turn_degrees(rigid: Rigid) -> float:
    cosine = np.clip((np.trace(rigid.matrix[:3, :3]) - 1) / 2, -1, 1)
    return float(np.degrees(np.arccos(cosine)))


def _move(scan: Scan, reference: Grid, matrix: NDArray[np.float64]) -> Scan:
    """Resample a scan linearly; what lies outside its field of view is not valid."""
    target = Grid(reference.shape, matrix @ reference.affine)
    known = np.ones(scan.grid.shape, dtype=np.float32)
    data = scan.data
    if scan.valid is not None:
        known = scan.valid.astype(np.float32)
        data = np.where(scan.valid, data, np.float32(0))
    moved = resample(data, scan.grid, target, order=1)
    valid = resample(known, scan.grid, target, order=1) > 0.999
    return replace(scan, data=moved, grid=reference, valid=None if valid.all() else valid)


def _move_mask(
    mask: LesionMask, grid: Grid, matrix: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The mask, and its field of view, on another grid."""
    target = Grid(grid.shape, matrix @ grid.affine)
    lesions = (mask.data > 0).astype(np.float32)
    moved = resample(lesions, mask.grid, target, order=1) >= 0.5
    seen = resample(np.ones_like(lesions), mask.grid, target, order=1) > 0.5
    return moved, seen
