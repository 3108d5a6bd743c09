"""Diffusion series: shells, the combined image, ADC by log-ratio, and the unit of an ADC map."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.errors import GateError, Note
from lesionaid.study.bids import image_stem

__all__ = ["Combined", "bvalue_file", "combine", "normalise_adc", "read_bvalues"]

B0_MAX = 50.0
"""s/mm2 up to which a volume counts as unweighted: DIPY's default ``b0_threshold``
(MRtrix3 takes 10); clinical scanners store b0 as 0 to 50."""
SHELL_WIDTH = 80.0
"""s/mm2 within which volumes belong to one shell: MRtrix3's default ``BValueEpsilon``."""
MAX_BVAL_BYTES = 1_000_000

_ADC_FACTORS = ((1.0, ""), (1e3, "mm2/s"), (1e-3, "10-6 mm2/s"))
ADC_BRAIN = (0.3, 4.0)
"""Plausible median ADC of a head, 10-3 mm2/s (proposed): adult white matter has about 0.8,
free water at body temperature about 3.0; an acute infarct lowers a part, not the median."""


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """A diffusion series made into single images, on the series' own grid.

    Parameters
    ----------
    dwi : ndarray of shape (I, J, K)
        Mean over the highest-b shell.
    adc : ndarray of shape (I, J, K) or None
        10-3 mm2/s, NaN where a signal is not positive; None without an unweighted volume.
    summary : str
        What was combined, in words.
    """

    dwi: NDArray[np.float64]
    adc: NDArray[np.float64] | None
    summary: str


def bvalue_file(image: Path) -> Path | None:
    """The ``.bval`` file of the same stem beside an image, if there is one."""
    found = image.with_name(f"{image_stem(image.name) or image.name}.bval")
    return found if found.is_file() else None


def read_bvalues(path: Path, n_volumes: int) -> NDArray[np.float64]:
    """Read an FSL-style ``.bval`` file (BIDS): one b-value in s/mm2 per volume.

    Raises
    ------
    GateError
        ``E31`` when it is not a list of finite numbers >= 0, one per volume.
    """
    try:
        if path.stat().st_size > MAX_BVAL_BYTES:
            raise ValueError("file too long")
        values = np.array([float(word) for word in path.read_text("utf-8-sig").split()])
    except (OSError, ValueError) as error:
        raise GateError("E31", file=path.name, value="not a list of numbers") from error
    if len(values) != n_volumes:
        count = f"{len(values)} b-values, {n_volumes} volumes"
        raise GateError("E31", file=path.name, value=count)
    if not np.isfinite(values).all() or values.min() < 0:
        raise GateError("E31", file=path.name, value="negative or not finite")
    if values.max() <= B0_MAX:
        raise GateError("E31", file=path.name, value="no diffusion-weighted volume")
    return values


def combine(data: NDArray[Any], bvalues: NDArray[np.float64]) -> Combined:
    """Combine a diffusion series into a DWI and an ADC map.

    The DWI is the mean over the highest-b shell. The ADC is the mean over that shell's
    directions of ``ln(S0 / S) / (b - b0)`` (Stejskal & Tanner 1965, doi 10.1063/1.1695690),
    which is the trace / 3 of the tensor for evenly spread directions.

    Parameters
    ----------
    data : ndarray of shape (I, J, K, N)
    bvalues : ndarray of shape (N,)
        s/mm2, at least one above `B0_MAX`.

    Returns
    -------
    Combined
    """
    shell = bvalues >= max(bvalues.max() - SHELL_WIDTH, np.nextafter(B0_MAX, np.inf))
    unweighted = bvalues <= B0_MAX
    with np.errstate(over="ignore", invalid="ignore"):
        weighted = data[..., shell].astype(np.float64)
        dwi = weighted.mean(axis=-1)
    b_high = float(bvalues[shell].mean())
    summary = f"DWI is the mean of {int(shell.sum())} volumes at b = {b_high:.0f} s/mm2"
    if not unweighted.any():
        return Combined(dwi, None, f"{summary}; no b0 volume, so no ADC")
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        base = data[..., unweighted].astype(np.float64).mean(axis=-1)
        ratio = np.log(base[..., np.newaxis] / weighted).mean(axis=-1)
        adc = 1e3 * ratio / (b_high - float(bvalues[unweighted].mean()))
    positive = (base > 0) & (weighted > 0).all(axis=-1) & np.isfinite(adc)
    return Combined(
        dwi,
        np.where(positive, adc, np.nan),
        f"{summary}; ADC from {int(unweighted.sum())} b0 and these",
    )


def normalise_adc(
    data: NDArray[np.float32], name: str
) -> tuple[NDArray[np.float32], tuple[Note, ...]]:
    """Bring an ADC map to 10-3 mm2/s, its unit recognised by the median of positive voxels.

    Parameters
    ----------
    data : ndarray of shape (I, J, K)
        In mm2/s, 10-3 mm2/s or 10-6 mm2/s; finite.
    name : str
        File name for messages.

    Returns
    -------
    data : ndarray of shape (I, J, K)
        In 10-3 mm2/s.
    notes : tuple of Note
        ``W21`` when it was converted.

    Raises
    ------
    GateError
        ``E33`` when the median fits none of the three units.
    """
    positive = data[data > 0]
    median = float(np.median(positive)) if positive.size else 0.0
    for factor, unit in _ADC_FACTORS:
        if ADC_BRAIN[0] <= median * factor <= ADC_BRAIN[1]:
            if factor == 1.0:
                return data, ()
            note = Note("W21", name, f"from {unit}, median {median:.3g}")
            return (data * np.float32(factor)).astype(np.float32), (note,)
    raise GateError("E33", file=name, value=f"median {median:.3g}")
