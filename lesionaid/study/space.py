"""Whether a mask and a scan belong together, decided in mm and never by shape alone.

The rules, in this order:

1. Same grid once both are RAS+ (another storage orientation is the same grid): the corners
   differ by less than 0.1 voxel, silently; by less than 0.5 voxel, with note ``W27``.
2. Otherwise the mask lies on another grid. One of the two on a grid of a standard template
   and the other not means another space, and is refused (``E41``) whatever the user says:
   scanner and template coordinates are both centred near the origin, so overlap alone
   cannot tell them apart. A mask whose header says "template" is refused on a scan that is
   on no template's grid unless the user vouches for it.
3. The same shape shifted by half a voxel or more points to a header that was lost; refused
   (``E40``) unless the user vouches for it (``resample_mask``).
4. What remains must lie where the scan is: at least 95 % of the mask's voxels and 80 % of
   its bounding box inside the field of view, else ``E41``. It then stays on its own grid,
   and the note ``W28`` says so.
5. On any grid, at least 80 % of the mask's voxels must lie in the scan's foreground: else
   ``E36`` on the same grid, ``E41`` on another. Below 95 % it is noted (``W26``).

The 80 % is row 33 of the bad-input catalogue; 95 % is proposed: masks drawn on one scan and
laid on another of the same session lose a rim, not a lesion.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lesionaid.errors import GridError, MaskError, Note
from lesionaid.geometry import Grid, axis_codes, corner_distance_mm
from lesionaid.study.scan import Scan

__all__ = ["check_in_template", "check_overlap", "check_space", "foreground", "is_template_grid"]

SAME_VOXEL = 0.1
SHIFTED_VOXEL = 0.5
MIN_INSIDE = 0.8
NEARLY_ALL = 0.95
TEMPLATE_CODES = (3, 4, 5)
"""NIfTI form codes of Talairach, MNI152 and other templates."""
FOREGROUND_FRACTION = 0.05
"""Of the 99th percentile of positive voxels: above the noise of air, below any tissue
(proposed)."""

MNI_BRAIN_MM = ((-78.0, -112.0, -70.0), (78.0, 76.0, 85.0))
"""SPM12's default bounding box, laid around the MNI152 brain."""

_BOX_TOLERANCE_MM = 2.5
"""One voxel of the coarsest usual template grid, and rounding."""
_TEMPLATE_BOXES_MM = (
    # Outer voxel centres of the templates' fields of view, RAS+.
    ((-90.0, -126.0, -72.0), (90.0, 90.0, 108.0)),  # FSL MNI152, TemplateFlow MNI152NLin6Asym
    ((-98.0, -134.0, -72.0), (98.0, 98.0, 116.0)),  # ICBM 2009a as shipped by nilearn
    ((-96.0, -132.0, -78.0), (96.0, 96.0, 114.0)),  # ICBM 2009c, MNI152NLin2009cAsym
    MNI_BRAIN_MM,  # SPM12's normalised images
)


def is_template_grid(grid: Grid) -> bool:
    """Whether a grid covers the field of view of a standard MNI template, at any resolution.

    Parameters
    ----------
    grid : Grid
        RAS+.
    """
    off_axis = grid.affine[:3, :3] - np.diag(np.diag(grid.affine[:3, :3]))
    if np.abs(off_axis).max() > 1e-3 * min(grid.spacing_mm):
        return False
    corners = grid.corners_mm()
    return any(
        np.abs(corners.min(axis=0) - low).max() <= _BOX_TOLERANCE_MM
        and np.abs(corners.max(axis=0) - high).max() <= _BOX_TOLERANCE_MM
        for low, high in _TEMPLATE_BOXES_MM
    )


def check_in_template(lesion: NDArray[np.bool_], grid: Grid, *, name: str) -> None:
    """Check that a mask said to be in MNI152 lies where that brain is.

    Raises
    ------
    GridError
        ``E41`` when less than 95 % of its voxels lie in the brain's bounding box.
    """
    if not lesion.any():
        return
    xyz = grid.to_mm(np.argwhere(lesion))
    low, high = MNI_BRAIN_MM
    inside = ((xyz >= low) & (xyz <= high)).all(axis=1).mean()
    if inside < NEARLY_ALL:
        value = f"{inside:.0%} of the mask lies where the MNI152 brain is; mask {_describe(grid)}"
        raise GridError("E41", file=name, value=value)


def check_space(
    lesion: NDArray[np.bool_],
    grid: Grid,
    scan: Scan,
    *,
    name: str,
    form_code: int,
    vouched: bool,
) -> tuple[bool, tuple[Note, ...]]:
    """Decide whether a mask may be used with a scan (rules 1 to 4 above).

    Parameters
    ----------
    lesion : ndarray of bool, shape grid.shape
    grid : Grid
        Of the mask, RAS+.
    scan : Scan
    name : str
        File name of the mask.
    form_code : int
        Code of the mask's form.
    vouched : bool
        ``GateOptions.resample_mask``.

    Returns
    -------
    same : bool
        Whether both lie on one grid.
    notes : tuple of Note

    Raises
    ------
    GridError
        ``E40``, ``E41``; both grids are named.
    """
    if grid.shape == scan.grid.shape:
        voxels = corner_distance_mm(grid, scan.grid) / min(scan.grid.spacing_mm)
        if voxels < SAME_VOXEL:
            return True, ()
        if voxels < SHIFTED_VOXEL:
            return True, (Note("W27", name, f"{voxels:.2f} voxel"),)
    both = f"mask {_describe(grid)}; {scan.contrast} {_describe(scan.grid)}"
    on_template = is_template_grid(scan.grid)
    if is_template_grid(grid) != on_template:
        which = "the scan" if on_template else "the mask"
        raise GridError("E41", file=name, value=f"only {which} is on a template's grid; {both}")
    if form_code in TEMPLATE_CODES and not on_template and not vouched:
        value = f"the mask's header says template space (code {form_code}); {both}"
        raise GridError("E41", file=name, value=value)
    if grid.shape == scan.grid.shape and not vouched:
        raise GridError("E40", file=name, value=f"{voxels:.1f} voxels apart at a corner; {both}")
    if lesion.any():
        inside, box = _inside_view(lesion, grid, scan.grid)
        if inside < NEARLY_ALL or box < MIN_INSIDE:
            seen = f"{inside:.0%} of the mask lies in the scan's field of view"
            raise GridError("E41", file=name, value=f"{seen}; {both}")
    return False, (Note("W28", name, both),)


def check_overlap(
    lesion: NDArray[np.bool_], grid: Grid, scan: Scan, *, name: str, same_grid: bool
) -> tuple[Note, ...]:
    """Decide whether a mask lies on the scan's tissue (rule 5 above).

    Raises
    ------
    MaskError
        ``E36`` on the same grid.
    GridError
        ``E41`` on another grid.
    """
    indices = np.argwhere(lesion)
    if not len(indices):
        return ()
    if same_grid:
        at = indices
    else:
        at = np.rint(scan.grid.to_voxel(grid.to_mm(indices))).astype(int)
    tissue = foreground(scan)
    fraction = _fraction(tissue, at)
    if fraction < NEARLY_ALL:  # dark cavities are inside the brain too, but filling takes time
        from scipy.ndimage import binary_fill_holes

        fraction = _fraction(binary_fill_holes(tissue), at)
    if fraction >= NEARLY_ALL:
        return ()
    share = f"{fraction:.0%} of the mask lies where the {scan.contrast} shows tissue"
    if fraction >= MIN_INSIDE:
        return (Note("W26", name, share),)
    if same_grid:
        raise MaskError("E36", file=name, value=share)
    raise GridError("E41", file=name, value=share)


def foreground(scan: Scan) -> NDArray[np.bool_]:
    """Voxels that show tissue: non-zero in a brain-only scan, above noise in a whole head."""
    data = scan.data
    if data.min() < 0:  # normalised intensities: only zero is surely background
        return np.not_equal(data, 0)
    positive = data[data > 0]
    limit = FOREGROUND_FRACTION * float(np.percentile(positive, 99)) if positive.size else 0.0
    tissue: NDArray[np.bool_] = data > limit
    return tissue


def _inside_view(lesion: NDArray[np.bool_], grid: Grid, view: Grid) -> tuple[float, float]:
    """Fractions of the mask's voxels and of its bounding box inside a field of view."""
    indices = np.argwhere(lesion)
    low, high = indices.min(axis=0) - 0.5, indices.max(axis=0) + 0.5
    lattice = low + (high - low) * np.indices((9, 9, 9)).reshape(3, -1).T / 8
    return _share_in(indices, grid, view), _share_in(lattice, grid, view)


def _share_in(ijk: NDArray[np.float64] | NDArray[np.intp], grid: Grid, view: Grid) -> float:
    at = view.to_voxel(grid.to_mm(ijk))
    return float(((at >= -0.5) & (at <= np.array(view.shape) - 0.5)).all(axis=1).mean())


def _fraction(tissue: NDArray[np.bool_], at: NDArray[np.intp]) -> float:
    inside = ((at >= 0) & (at < tissue.shape)).all(axis=1)
    hits = tissue[tuple(at[inside].T)]
    return float(np.count_nonzero(hits) / len(at))


def _describe(grid: Grid) -> str:
    shape = " x ".join(map(str, grid.shape))
    spacing = " x ".join(f"{edge:.3g}" for edge in grid.spacing_mm)
    centre = np.rint(grid.to_mm((np.array(grid.shape) - 1) / 2)) + 0.0  # no "-0"
    middle = ", ".join(f"{value:.0f}" for value in centre)
    return f"{shape} voxels of {spacing} mm, {axis_codes(grid.affine)}, centred at ({middle})"
