"""From the header's forms to the one affine, or a refusal to guess.

A header may hold two orientations, qform and sform. Where both are set they must agree;
where neither is set, left and right are unknown. Which one to use is the user's choice
(:class:`~lesionaid.study.options.GateOptions`), never ours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lesionaid.errors import GateError, Note
from lesionaid.geometry import Grid, corner_distance_mm
from lesionaid.study.header import NiftiHeader
from lesionaid.study.options import GateOptions

__all__ = ["Form", "choose_form"]

Affine = NDArray[np.float64]

SILENT_VOXEL = 0.1
"""Forms closer than this fraction of a voxel at every corner agree (rounding)."""
MAX_DISAGREEMENT_MM = 5.0
"""Beyond this distance at a corner, nothing is chosen for the user (proposed)."""
VOXEL_MM = (0.1, 20.0)
"""Voxel edges of a human brain scan (proposed): 0.2 mm at 7 T to 10 mm slices, with room."""
SHEAR_COSINE = 0.01
"""Axes are perpendicular within 0.6 degrees (proposed); float32 headers err by 1e-6."""
PIXDIM_TOLERANCE = 0.01
"""pixdim and matrix agree within 1 % (proposed)."""
MAX_MM = 1e5
"""No header names a place or a length beyond 100 m unless it is damaged."""
QUATERNION_EXCESS = 1e-5
"""Three float32 numbers of a unit quaternion exceed length 1 by less."""
FLOAT32_ROUNDING = 3 * float(np.finfo(np.float32).eps)
_STANDARD_CODES = range(6)
_AXES = ("LR", "PA", "IS")


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """The orientation in use.

    Parameters
    ----------
    affine : ndarray of shape (4, 4)
        Voxel indices as stored to RAS+ mm.
    name : {"sform", "qform", "assumed"}
    code : int
        The form's code: 1 scanner, 2 aligned, 3 Talairach, 4 MNI152, 5 another template.
    """

    affine: Affine
    name: Literal["sform", "qform", "assumed"]
    code: int


def choose_form(
    header: NiftiHeader, shape: tuple[int, int, int], options: GateOptions, name: str
) -> tuple[Form, tuple[Note, ...]]:
    """Choose the orientation and check that lengths in mm follow from it.

    Parameters
    ----------
    header : NiftiHeader
    shape : tuple of int
        The three spatial axes.
    options : GateOptions
    name : str
        File name for messages.

    Returns
    -------
    form : Form
    notes : tuple of Note
        ``W07``, ``W08``, ``W11`` to ``W14``, ``W18``.

    Raises
    ------
    GateError
        ``E20`` to ``E27``, ``E29``.
    """
    if header.units in (1, 3):
        raise GateError("E22", file=name, value={1: "metres", 3: "micrometres"}[header.units])
    edges = header.pixdim[1:4]
    if not all(math.isfinite(edge) and edge != 0 for edge in edges):
        raise GateError("E21", file=name, value=_by(edges))
    if not all(1 / MAX_MM <= abs(edge) <= MAX_MM for edge in edges):
        raise GateError("E20", file=name, value=_by(edges))
    form, notes = _choose(header, shape, options, name)
    if min(edges) < 0:
        if form.name != "sform":
            raise GateError("E21", file=name, value=_by(edges))
        notes += (Note("W07", name, _by(edges)),)
    notes += _check_lengths(form, Grid(shape, form.affine), edges, name)
    if form.code not in _STANDARD_CODES:
        notes += (Note("W13", name, f"{form.name} code {form.code}"),)
    return form, notes


def _choose(
    header: NiftiHeader, shape: tuple[int, int, int], options: GateOptions, name: str
) -> tuple[Form, tuple[Note, ...]]:
    has_qform = header.qform_code > 0
    # Some writers set the code and leave the matrix empty; then there is no sform.
    has_sform = header.sform_code > 0 and not (has_qform and not header.srow.any())
    if not has_qform and not has_sform:
        if options.assume_orientation is None:
            raise GateError("E27", file=name)
        affine = _assumed(header, shape, options.assume_orientation)
        note = Note("W18", name, options.assume_orientation)
        return Form(affine, "assumed", 0), (note,)
    if has_sform and (not has_qform or options.prefer == "sform"):
        chosen = Form(_sform(header, name), "sform", header.sform_code)
        return chosen, _forms_note(header, shape, chosen, has_qform, name)
    if has_qform and (not has_sform or options.prefer == "qform"):
        affine, notes = _qform(header, name)
        chosen = Form(affine, "qform", header.qform_code)
        return chosen, notes + _forms_note(header, shape, chosen, has_sform, name)
    return _agreed(header, shape, name)


def _agreed(
    header: NiftiHeader, shape: tuple[int, int, int], name: str
) -> tuple[Form, tuple[Note, ...]]:
    """The sform, after it was held against the qform."""
    form = Form(_sform(header, name), "sform", header.sform_code)
    other, _ = _qform(header, name)
    if _sides_differ(form.affine, other):
        raise GateError("E26", file=name)
    distance = corner_distance_mm(Grid(shape, form.affine), Grid(shape, other))
    if distance > MAX_DISAGREEMENT_MM:
        raise GateError("E29", file=name, value=f"{distance:.1f} mm apart at a corner")
    return form, _forms_note(header, shape, form, True, name)


def _forms_note(
    header: NiftiHeader,
    shape: tuple[int, int, int],
    chosen: Form,
    both: bool,
    name: str,
) -> tuple[Note, ...]:
    """``W14`` when the form that is not used says something else."""
    if not both:
        return ()
    used = f"{chosen.name} used"
    try:
        other = _qform(header, name)[0] if chosen.name == "sform" else _sform(header, name)
    except GateError:
        return (Note("W14", name, f"{used}; the other is not valid"),)
    grid = Grid(shape, chosen.affine)
    distance = corner_distance_mm(grid, Grid(shape, other))
    if distance <= SILENT_VOXEL * min(grid.spacing_mm):
        return ()
    sides = "; they disagree about left and right" if _sides_differ(chosen.affine, other) else ""
    return (Note("W14", name, f"{used}; {distance:.2f} mm apart at a corner{sides}"),)


def _sform(header: NiftiHeader, name: str) -> Affine:
    affine = np.vstack([header.srow, [0.0, 0.0, 0.0, 1.0]])
    if not np.isfinite(affine).all() or np.abs(affine).max() > MAX_MM:
        raise GateError("E23", file=name)
    lengths = np.linalg.norm(affine[:3, :3], axis=0)
    # The determinant of the unit axes is the sine of how flat they lie together.
    if lengths.min() == 0 or abs(np.linalg.det(affine[:3, :3] / lengths)) < 1e-3:
        raise GateError("E24", file=name)
    return affine


def _qform(header: NiftiHeader, name: str) -> tuple[Affine, tuple[Note, ...]]:
    """Quaternion to matrix (NIfTI-1.1, METHOD 2)."""
    b, c, d = header.quaternion
    for value in (*header.quaternion, *header.offset, header.pixdim[0]):
        if not math.isfinite(value) or abs(value) > MAX_MM:
            raise GateError("E25", file=name, value=f"{value:g}")
    square = b * b + c * c + d * d
    if square > 1 + QUATERNION_EXCESS:
        raise GateError("E25", file=name, value=f"length {math.sqrt(square):.4g}")
    if square > 1 - FLOAT32_ROUNDING:  # half a turn: what is left for a is rounding
        b, c, d = (part / math.sqrt(square) for part in (b, c, d))
        square = 1.0
    a = math.sqrt(1 - square)
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    qfac = -1.0 if header.pixdim[0] < 0 else 1.0
    affine = np.eye(4)
    affine[:3, :3] = rotation * np.abs(header.pixdim[1:4]) * [1.0, 1.0, qfac]
    affine[:3, 3] = header.offset
    odd = header.pixdim[0] not in (1.0, -1.0)
    return affine, (Note("W08", name, f"{header.pixdim[0]:g}"),) if odd else ()


def _assumed(header: NiftiHeader, shape: tuple[int, int, int], codes: str) -> Affine:
    """Axes as the user says, the centre of the image at the origin."""
    affine = np.eye(4)
    affine[:3, :3] = 0.0
    for column, code in enumerate(codes):
        row = next(index for index, pair in enumerate(_AXES) if code in pair)
        sign = 1.0 if code == _AXES[row][1] else -1.0
        affine[row, column] = sign * abs(header.pixdim[column + 1])
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return affine


def _sides_differ(a: Affine, b: Affine) -> bool:
    """Whether two orientations put right and left on different sides."""
    unit_a, unit_b = (m[:3, :3] / np.linalg.norm(m[:3, :3], axis=0) for m in (a, b))
    between = unit_a @ np.linalg.inv(unit_b)
    return bool(np.linalg.det(between) < 0 or between[0, 0] < 0)


def _check_lengths(
    form: Form, grid: Grid, pixdim: tuple[float, ...], name: str
) -> tuple[Note, ...]:
    spacing = grid.spacing_mm
    if not all(VOXEL_MM[0] <= edge <= VOXEL_MM[1] for edge in spacing):
        raise GateError("E20", file=name, value=f"{_by(spacing)} mm")
    notes = []
    unit = form.affine[:3, :3] / np.array(spacing)
    if np.abs(unit.T @ unit - np.eye(3)).max() > SHEAR_COSINE:
        notes.append(Note("W11", name))
    if not np.allclose(np.abs(pixdim), spacing, rtol=PIXDIM_TOLERANCE):
        notes.append(Note("W12", name, f"header {_by(pixdim)}, matrix {_by(spacing)} mm"))
    return tuple(notes)


def _by(values: tuple[float, ...]) -> str:
    return " x ".join(f"{value:.4g}" for value in values)
