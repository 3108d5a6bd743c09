"""One NIfTI file, read to its end: voxels as stored, affine, and what the gate noticed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.errors import GateError, Note
from lesionaid.files import sha256_of
from lesionaid.geometry import Grid, axis_codes
from lesionaid.study.form import Form, choose_form
from lesionaid.study.header import NiftiHeader, parse_header
from lesionaid.study.options import GateOptions
from lesionaid.study.privacy import header_notes, sidecar_notes
from lesionaid.study.scan import Source
from lesionaid.study.stream import ByteStream, open_stream, refuse_other_content

__all__ = ["RawImage", "read_image", "read_series"]

MIN_SLICES = 4
"""Fewer cannot show a region (row 15 of the bad-input catalogue; proposed)."""
LONGEST_HEADER = 540
"""Bytes of a NIfTI-2 header; of a NIfTI-1 file this reads a little ahead."""
THICK_MM = 4.5
"""Slices from here on are called thick (proposed): MAGNIMS asks for 3 mm or less, many
clinical protocols still use 5 to 6 mm."""


@dataclass(frozen=True, slots=True, eq=False)
class RawImage:
    """An image as stored.

    Parameters
    ----------
    data : ndarray of shape (I, J, K) or (I, J, K, N)
        In storage order. Unscaled files keep their type; scaled ones are float64.
    form : Form
        Affine (stored indices to RAS+ mm) and where it comes from.
    source : Source
    notes : tuple of Note
    information : tuple of Note
        True of most files and of no consequence (``W10``); not part of a report.
    """

    data: NDArray[Any]
    form: Form
    source: Source
    notes: tuple[Note, ...]
    information: tuple[Note, ...] = ()

    @property
    def affine(self) -> NDArray[np.float64]:
        """Stored voxel indices to RAS+ mm."""
        return self.form.affine


def read_image(path: Path, options: GateOptions | None = None) -> RawImage:
    """Read one three-dimensional image through the gate.

    Parameters
    ----------
    path : Path
        NIfTI-1 or NIfTI-2, compressed or not, whatever its name.
    options : GateOptions, optional
        `options.volume` chooses from a 4-D file.

    Returns
    -------
    RawImage
        With three axes.

    Raises
    ------
    GateError
        ``E03`` to ``E29``; a 4-D file without a chosen volume is ``E12``.
    OutputError
        ``E01``, ``E02``.
    """
    options = options or GateOptions()
    raw = read_series(path, options)
    if raw.data.ndim == 3:
        return raw
    n_volumes = raw.data.shape[3]
    name = raw.source.name
    if options.volume is None:
        shape = " x ".join(map(str, raw.data.shape))
        raise GateError("E12", file=name, value=f"{shape}: {n_volumes} volumes")
    if options.volume >= n_volumes:
        raise GateError("E19", file=name, value=f"volume {options.volume} of {n_volumes}")
    note = Note("W02", name, f"volume {options.volume} of {n_volumes}, counted from 0")
    data = raw.data[..., options.volume]
    return RawImage(data, raw.form, raw.source, (*raw.notes, note), raw.information)


def read_series(path: Path, options: GateOptions | None = None) -> RawImage:
    """Read a file with all its volumes, shape (I, J, K) or (I, J, K, N); see `read_image`."""
    options = options or GateOptions()
    path = Path(path)
    with open_stream(path, options.max_bytes) as stream:
        header, notes, extensions, voxels = _read(stream)
        notes += stream.notes()
    name = path.name
    data, shape_notes = _volumes(voxels, header, name)
    grid_shape = (data.shape[0], data.shape[1], data.shape[2])
    form, form_notes = choose_form(header, grid_shape, options, name)
    scaled, scale_notes = _scale(data, header, name)
    grid = Grid(grid_shape, form.affine)
    source = Source(name, sha256_of(path), axis_codes(form.affine), grid)
    return RawImage(
        data=scaled,
        form=form,
        source=source,
        notes=(
            *notes,
            *shape_notes,
            *form_notes,
            *scale_notes,
            *_resolution_notes(grid, name),
            *header_notes(header.texts, extensions, name),
            *sidecar_notes(path),
        ),
        information=(Note("W10", name),) if header.units != 2 else (),
    )


def _read(stream: ByteStream) -> tuple[NiftiHeader, tuple[Note, ...], bytes, bytearray]:
    """Header, notes, extension bytes and voxel bytes; the stream is read to its end."""
    name = stream.name
    start = bytes(stream.read(LONGEST_HEADER))
    refuse_other_content(start, name)
    header, notes = parse_header(
        start, name=name, max_bytes=stream.max_bytes, most_bytes=stream.most_bytes
    )
    before = bytes(stream.read(header.vox_offset, start))
    # What was read beyond a short header is the beginning of the voxels.
    ahead = before[header.vox_offset :]
    voxels = stream.read(header.n_bytes, ahead[: header.n_bytes])
    left_over = max(0, len(ahead) - header.n_bytes) + stream.drain()
    if len(voxels) < header.n_bytes:
        missing = header.n_bytes - len(voxels)
        raise GateError("E28", file=name, value=f"{missing} of {header.n_bytes} bytes missing")
    if left_over > 0:
        notes += (Note("W04", name, f"{left_over} bytes"),)
    return header, notes, before[header.size : header.vox_offset], voxels


def _volumes(
    voxels: bytearray, header: NiftiHeader, name: str
) -> tuple[NDArray[Any], tuple[Note, ...]]:
    """Voxels with three axes, or four where there truly are several volumes."""
    dims = header.dims
    spatial = (*dims[:3], 1, 1)[:3]
    shape = " x ".join(map(str, dims))
    if min(spatial) == 1:
        raise GateError("E12", file=name, value=f"{shape}: a single slice")
    data = np.frombuffer(voxels, dtype=header.dtype).reshape((*spatial, -1), order="F")
    notes: tuple[Note, ...] = ()
    if data.shape[3] == 1:
        data = data[..., 0]
        if len(dims) > 3:
            notes += (Note("W02", name, f"{shape}: axes of length 1 dropped"),)
    if min(spatial) < MIN_SLICES:
        notes += (Note("W03", name, f"{min(spatial)} slices"),)
    return data, notes


def _scale(
    data: NDArray[Any], header: NiftiHeader, name: str
) -> tuple[NDArray[Any], tuple[Note, ...]]:
    """Apply ``scl_slope`` and ``scl_inter``; a slope of 0 means "not scaled"."""
    slope, inter = header.slope, header.inter
    native = data.astype(header.dtype.newbyteorder("="), copy=False)
    if not (np.isfinite(slope) and np.isfinite(inter)):
        if np.isnan(slope) and np.isnan(inter):  # a common way to write "not scaled"
            return native, ()
        return native, (Note("W15", name, f"slope {slope:g}, intercept {inter:g}"),)
    if slope == 0:
        return native, (Note("W16", name, f"intercept {inter:g}"),) if inter != 0 else ()
    if slope == 1 and inter == 0:
        return native, ()
    with np.errstate(over="ignore", invalid="ignore"):
        return native.astype(np.float64) * slope + inter, ()


def _resolution_notes(grid: Grid, name: str) -> tuple[Note, ...]:
    thickest = max(grid.spacing_mm)
    return (Note("W09", name, f"{thickest:.3g} mm"),) if thickest >= THICK_MM else ()
