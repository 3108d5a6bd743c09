"""Scans, label maps and the study: values of the image wing, all RAS+."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from lesionaid.context import ClinicalContext
from lesionaid.errors import Note
from lesionaid.geometry import Grid

__all__ = ["Contrast", "LabelMap", "LesionMask", "Scan", "Source", "Study"]


class Contrast(StrEnum):
    """Contrasts under their BIDS names; the order is the order of preference as reference."""

    FLAIR = "FLAIR"
    T2W = "T2w"
    T1W = "T1w"
    T1W_CE = "T1w_ce"
    DWI = "DWI"
    ADC = "ADC"
    SWI = "SWI"
    PHASE = "phase"


@dataclass(frozen=True, slots=True)
class Source:
    """Where an image came from.

    Parameters
    ----------
    name : str
        File name without folders (folders may hold a patient's name).
    sha256 : str
        Hash of the file's bytes.
    orientation : str
        Axis codes as stored, e.g. ``"LPS"``.
    grid : Grid
        The grid as stored, before reorientation: outputs go back onto it.
    """

    name: str
    sha256: str
    orientation: str
    grid: Grid


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One image of one contrast.

    Parameters
    ----------
    data : ndarray of shape (I, J, K), float32
        Finite wherever `valid` is True.
    grid : Grid
        RAS+.
    contrast : Contrast
    source : Source
    valid : ndarray of bool or None
        False where the file held NaN or infinity, or where a resampled image
        lies outside its own field of view; None when everything is valid.
    """

    data: NDArray[np.float32]
    grid: Grid
    contrast: Contrast
    source: Source
    valid: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """An image of integers (a user's anatomy labels), RAS+."""

    data: NDArray[np.int32]
    grid: Grid
    source: Source


@dataclass(frozen=True, slots=True, eq=False)
class LesionMask:
    """A lesion mask as imported, on its own grid, RAS+.

    Parameters
    ----------
    data : ndarray of shape (I, J, K), int32
        0 is background. For ``kind="instances"`` every other integer is one lesion;
        otherwise 1 is lesion, still to be split into components.
    kind : {"binary", "instances"}
    threshold : float or None
        Stated threshold of a probabilistic mask.
    soft_volume_mm3 : float or None
        Sum of probabilities times voxel volume, of a probabilistic mask.
    origin : {"given", "segmented", "segmenter"}
        A user's mask; or candidates of lesionaid, or of an outside command, which no reader
        has looked at.
    """

    data: NDArray[np.int32]
    grid: Grid
    source: Source
    kind: Literal["binary", "instances"] = "binary"
    threshold: float | None = None
    soft_volume_mm3: float | None = None
    origin: Literal["given", "segmented", "segmenter"] = "given"


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """Everything that is known of one examination.

    Parameters
    ----------
    scans : mapping of Contrast to Scan
        Each on its own grid as loaded; on `reference` once aligned.
    reference : Grid or None
        The one grid that intensities and locations are read on.
    lesions : LesionMask or None
        None means "no mask given", which is not "no lesion".
    anatomy : LabelMap or None
        A user's FreeSurfer, FastSurfer or SynthSeg labels.
    brain : LabelMap or None
        A user's brain mask.
    prior : Study or None
    context : ClinicalContext
    space : {"native", "mni"}
        ``"mni"``: the inputs are already in MNI152.
    native_scale : float or None
        Native mm for one mm here, when `space` is ``"mni"``.
    notes : tuple of Note
    aligned : bool
        True once every scan lies on `reference`.
    """

    scans: Mapping[Contrast, Scan]
    reference: Grid | None
    lesions: LesionMask | None = None
    anatomy: LabelMap | None = None
    brain: LabelMap | None = None
    prior: Study | None = None
    context: ClinicalContext = field(default_factory=ClinicalContext)
    space: Literal["native", "mni"] = "native"
    native_scale: float | None = None
    notes: tuple[Note, ...] = ()
    aligned: bool = False
