"""Two prepared dates brought to one grid: what :mod:`lesionaid.change.images` compares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.halfway import Halfway, meet_halfway
from lesionaid.anatomy.map import SITES
from lesionaid.anatomy.prepare import Prepared
from lesionaid.anatomy.volume import Volume
from lesionaid.change.even import missing_blur_mm
from lesionaid.change.images import ImageChange, Tissues, image_change
from lesionaid.errors import AnalysisError
from lesionaid.study.scan import Contrast

__all__ = ["ComparedDates", "compare_dates"]

RIM_MM = 2.0
"""Rim of the brain that is not compared: skull, dura, the edge of two masks."""

PARENCHYMA = (
    "cortex",
    "white_matter",
    "corpus_callosum",
    "deep_gray_matter",
    "brainstem",
    "cerebellum",
)


@dataclass(frozen=True, slots=True, eq=False)
class ComparedDates:
    """Change between two dates, and where it lies.

    Parameters
    ----------
    halfway : Halfway
    change : ImageChange
        On ``halfway.grid``.
    """

    halfway: Halfway
    change: ImageChange


def compare_dates(prior: Prepared, current: Prepared) -> ComparedDates:
    """Compare the FLAIR scans of two dates half-way between them.

    Parameters
    ----------
    prior, current : Prepared

    Returns
    -------
    ComparedDates
        To swap the dates swaps gained and lost.

    Raises
    ------
    AnalysisError
        ``A03`` when the two could not be registered, ``A04`` when a date has no FLAIR.
    """
    dates = (prior, current)
    for date in dates:
        if Contrast.FLAIR not in date.study.scans:
            raise AnalysisError("A04", value="a date has no FLAIR to compare")
    scans = [date.study.scans[Contrast.FLAIR] for date in dates]
    volumes = [
        Volume(scan.data, scan.grid, np.asarray(date.anatomy.brain))
        for scan, date in zip(scans, dates, strict=True)
    ]
    halfway = meet_halfway(*volumes)
    if halfway is None:
        raise AnalysisError("A03", value="the two dates could not be laid on one another")
    ways = (halfway.to_prior, halfway.to_current)
    images = [
        _blurred(
            halfway.take(scan.data, scan.grid, way),
            missing_blur_mm(scan.source.grid, other.source.grid),
            halfway.grid.spacing_mm,
        )
        for scan, other, way in zip(scans, scans[::-1], ways, strict=True)
    ]
    tissues = _tissues(dates, halfway)
    return ComparedDates(halfway, image_change(images[0], images[1], tissues, halfway.grid))


def _blurred(
    image: NDArray[np.float32], sigma_mm: NDArray[np.float64], spacing_mm: tuple[float, ...]
) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    blurred: NDArray[np.float32] = gaussian_filter(image, sigma_mm / np.asarray(spacing_mm))
    return blurred


def _tissues(dates: tuple[Prepared, Prepared], halfway: Halfway) -> Tissues:
    from scipy.ndimage import binary_erosion

    code = {name: number for number, name in SITES.items()}
    sites = [
        halfway.take(date.anatomy.sites, date.anatomy.grid, way, order=0)
        for date, way in zip(dates, (halfway.to_prior, halfway.to_current), strict=True)
    ]
    steps = max(1, round(RIM_MM / halfway.grid.spacing_mm[0]))
    brain = binary_erosion((sites[0] > 0) & (sites[1] > 0), iterations=steps)

    def both(name: str) -> NDArray[np.bool_]:
        return np.asarray(brain & (sites[0] == code[name]) & (sites[1] == code[name]))

    codes = [code[name] for name in PARENCHYMA]
    parenchyma = np.isin(sites[0], codes) | np.isin(sites[1], codes)
    return Tissues(brain, both("white_matter"), both("cortex"), parenchyma)
