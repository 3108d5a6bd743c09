"""Pasting one simulated PML lesion into a real scan: the twin of every "not PML" check.

The lesion grows in the patient's own white matter, keeps off the lesions that are there
and off the ventricles, and takes its signal from the scan: local normal-appearing white
matter plus the contrast of the scan's own lesions. Whatever is found on such a twin is
self-consistency, not accuracy: the lesion is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lesionaid.simulate.brain import Brain
from lesionaid.simulate.contrast import PROTOCOL, signal
from lesionaid.simulate.lesions import SimulatedLesion, label_map
from lesionaid.simulate.pml import pml_course
from lesionaid.simulate.pml_dots import satellites
from lesionaid.simulate.scan_tissue import with_scan_tissue
from lesionaid.simulate.tissue import PML_CORE, PML_RIM, WHITE_MATTER, Tissue
from lesionaid.simulate.truth import LesionTruth, truth_of
from lesionaid.study.scan import Contrast

__all__ = ["Pasted", "paste_lesion"]

VOLUME_MM3 = (4_000.0, 12_000.0)
"""Range of the main lesion, native (proposed round 6.7 ml, the median of PML that PCR
missed; JAMA Neurol 2018, PMC5885213)."""

CORTICAL_SHARE = 0.5
"""Share of lesions that run into the cortex (proposed, between the 22 % of ratings of
Wijburg 2016 and the 15 of 18 patients of Wattjes 2015)."""

DOTS = (4, 9)
"""Satellites asked for, at least and at most."""

FEWEST_DOTS = 3
"""Wijburg's punctate pattern needs several; with fewer another place is tried."""

VENTRICLE_GAP_MM = 10.0
NEAR_MM = 12.0
"""White matter this close to a lesion's box is its local yardstick."""

MARGIN_MM = 3.0
"""Distance that the yardstick keeps from lesions."""

ENOUGH_VOXELS = 200
"""Below this many lesion voxels the scan's own lesions say too little of their contrast."""

ATTEMPTS = 8

DIFFUSION = (Contrast.DWI, Contrast.ADC)


@dataclass(frozen=True, slots=True, eq=False)
class Pasted:
    """A scan with one PML lesion more.

    Parameters
    ----------
    scans : mapping of Contrast to ndarray of float32
        Empty where no scans were given.
    mask : ndarray of bool
        The lesions that were there and the new ones.
    labels : ndarray of int32
        The new ones alone: 1 is the main lesion, 2 and on are its satellites.
    truth : tuple of LesionTruth
        By label; lengths and volumes are the patient's, centroids lie in the scan's mm.
    """

    scans: Mapping[Contrast, NDArray[np.float32]]
    mask: NDArray[np.bool_]
    labels: NDArray[np.int32]
    truth: tuple[LesionTruth, ...]


def paste_lesion(
    scans: Mapping[Contrast, NDArray[np.float32]],
    mask: NDArray[np.bool_],
    brain: Brain,
    seed: int,
    *,
    native_scale: float = 1.0,
) -> Pasted:
    """Paste one juxtacortical PML lesion with satellites.

    Parameters
    ----------
    scans : mapping of Contrast to ndarray of shape brain.grid.shape
        Skull-stripped or whole; may be empty (masks already in MNI152). With a T1w the
        lesion follows the folds that it shows, and not only those of the map.
    mask : ndarray of bool, shape brain.grid.shape
        The lesions that are there; the new ones keep 2.5 mm from them.
    brain : Brain
        From :func:`~lesionaid.simulate.brain.brain_from_anatomy` or
        :func:`~lesionaid.simulate.brain.template_brain`, with the same `native_scale`.
    seed : int
        Size, place, shape, satellites, cortex and texture follow from it.
    native_scale : float
        Patient's mm for one mm of the scan.

    Returns
    -------
    Pasted

    Raises
    ------
    ValueError
        When no place is found; a brain full of lesions has none.
    """
    rng = np.random.default_rng(seed)
    if Contrast.T1W in scans:
        brain = with_scan_tissue(brain, scans[Contrast.T1W], mask)
    for _ in range(ATTEMPTS):
        lesions = _grow(brain, mask, rng)
        if lesions:
            break
    else:
        raise ValueError(f"seed {seed}: no room for a lesion with satellites")
    labels = label_map(brain, lesions)
    changed = {
        contrast: _paint(contrast, data, mask, brain, lesions, rng)
        for contrast, data in scans.items()
    }
    truth = truth_of(brain, labels, lesions)
    return Pasted(
        changed,
        mask | (labels > 0),
        labels,
        tuple(_in_scan_mm(lesion, native_scale) for lesion in truth),
    )


def _grow(
    brain: Brain, mask: NDArray[np.bool_], rng: np.random.Generator
) -> tuple[SimulatedLesion, ...]:
    """Main lesion and satellites; nothing where there is no room."""
    volume = float(rng.uniform(*VOLUME_MM3))
    count = int(rng.integers(DOTS[0], DOTS[1] + 1))
    course = pml_course(
        brain,
        rng,
        volume,
        occupied=mask,
        ventricle_gap_mm=VENTRICLE_GAP_MM,
        cortical=bool(rng.random() < CORTICAL_SHARE),
    )
    if course is None:
        return ()
    main = course.lesion(volume)
    dots = satellites(brain, rng, main, count, occupied=mask, ventricle_gap_mm=VENTRICLE_GAP_MM)
    return (main, *dots) if len(dots) >= FEWEST_DOTS else ()


def _paint(
    contrast: Contrast,
    data: NDArray[np.float32],
    mask: NDArray[np.bool_],
    brain: Brain,
    lesions: tuple[SimulatedLesion, ...],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """The scan with each lesion blended in by its share of the voxel."""
    normal = _normal_white(brain, mask, lesions)
    texture = _texture(data, normal)
    own = _own_contrast(data, mask, normal)
    painted = data.astype(np.float32, copy=True)
    for lesion in lesions:
        local = _local_level(data, normal, lesion, brain)
        if own is None or contrast in DIFFUSION:
            target = local * _published_ratio(contrast, lesion)
        else:
            target = np.full(lesion.fraction.shape, local + own, dtype=np.float32)
        noise = texture * rng.standard_normal(lesion.fraction.shape, dtype=np.float32)
        share = lesion.fraction * (1 - brain.csf[lesion.box])  # sulci stay open
        view = painted[lesion.box]
        view += share * (np.maximum(target + noise, 0) - view)
    return painted


def _normal_white(
    brain: Brain, mask: NDArray[np.bool_], lesions: tuple[SimulatedLesion, ...]
) -> NDArray[np.bool_]:
    """Supratentorial white matter away from every lesion, old and new."""
    from scipy.ndimage import binary_erosion, maximum_filter

    taken = mask.copy()
    for lesion in lesions:
        taken[lesion.box] |= lesion.fraction > 0
    size = [2 * round(MARGIN_MM / step) + 1 for step in brain.grid.spacing_mm]
    white = binary_erosion((brain.white > 0.9) & ~brain.infratentorial)
    normal: NDArray[np.bool_] = white & ~maximum_filter(taken, size=size)
    return normal


def _texture(data: NDArray[np.float32], normal: NDArray[np.bool_]) -> float:
    """Standard deviation of the noise in white matter.

    From differences of neighbours, which anatomy and bias field hardly touch: those of
    independent noise spread 1.4 times as wide as the noise.
    """
    pairs = normal[1:] & normal[:-1]
    steps = (data[1:] - data[:-1])[pairs]
    return float(1.4826 * np.median(np.abs(steps)) / np.sqrt(2)) if steps.size else 0.0


def _own_contrast(
    data: NDArray[np.float32], mask: NDArray[np.bool_], normal: NDArray[np.bool_]
) -> float | None:
    """Median of the scan's own lesions minus that of normal white matter."""
    if np.count_nonzero(mask) < ENOUGH_VOXELS:
        return None
    return float(np.median(data[mask]) - np.median(data[normal]))


def _local_level(
    data: NDArray[np.float32],
    normal: NDArray[np.bool_],
    lesion: SimulatedLesion,
    brain: Brain,
) -> float:
    """Median of normal white matter near a lesion, or of all of it where too little is."""
    reach = [round(NEAR_MM / step) for step in brain.grid.spacing_mm]
    near = tuple(
        slice(max(0, side.start - r), side.stop + r)
        for side, r in zip(lesion.box, reach, strict=True)
    )
    values = data[near][normal[near]]
    if values.size < ENOUGH_VOXELS:
        values = data[normal]
    return float(np.median(values))


def _published_ratio(contrast: Contrast, lesion: SimulatedLesion) -> NDArray[np.float32]:
    """Signal of core and rim over white matter, from relaxation and diffusion."""

    def ratio(tissue: Tissue) -> float:
        if contrast is Contrast.ADC:
            return tissue.adc / WHITE_MATTER.adc
        return signal(PROTOCOL[contrast], tissue) / signal(PROTOCOL[contrast], WHITE_MATTER)

    core, rim = ratio(PML_CORE), ratio(PML_RIM)
    blend: NDArray[np.float32] = np.float32(core) + lesion.rim * np.float32(rim - core)
    return blend


def _in_scan_mm(truth: LesionTruth, native_scale: float) -> LesionTruth:
    if truth.centroid_mm is None:
        return truth
    x, y, z = (round(value / native_scale, 3) for value in truth.centroid_mm)
    return replace(truth, centroid_mm=(x, y, z))
