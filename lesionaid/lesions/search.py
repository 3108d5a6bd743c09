"""Where lesions come from when no mask is given, and what is said about them."""

from __future__ import annotations

from dataclasses import dataclass, field

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.errors import AnalysisError, Note
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.segment import Segmentation, SegmentSettings, segment
from lesionaid.lesions.segmenter import TIMEOUT_S, run_segmenter
from lesionaid.quantity import Category, Value
from lesionaid.study.options import GateOptions
from lesionaid.study.scan import LesionMask, Study
from lesionaid.tables import MeasurementSpec

__all__ = ["CANDIDATE_SPECS", "Found", "Search", "candidate_values", "find_lesions"]

CANDIDATE_SPECS = (
    MeasurementSpec(
        "candidate",
        None,
        "lesion",
        "Whether the lesion was found automatically and seen by no reader: yes or no.",
    ),
    MeasurementSpec(
        "lesion_origin",
        None,
        "study",
        "Where the lesions come from: a mask that was given, lesionaid's own segmentation, or an "
        "outside segmenter.",
    ),
)


@dataclass(frozen=True, slots=True)
class Search:
    """How lesions are found where no mask was given.

    Parameters
    ----------
    settings : SegmentSettings
    segmenter : str or None
        Command of an outside segmenter, instead of lesionaid's own.
    timeout_s : float
        Its time limit.
    off : bool
        Do not look at all: a study without a mask is not analysable.
    """

    settings: SegmentSettings = field(default_factory=SegmentSettings)
    segmenter: str | None = None
    timeout_s: float = TIMEOUT_S
    off: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What the search came back with.

    Parameters
    ----------
    mask : LesionMask
        Never empty.
    notes : tuple of Note
    segmentation : Segmentation or None
        Of lesionaid's own.
    """

    mask: LesionMask
    notes: tuple[Note, ...]
    segmentation: Segmentation | None = None


def find_lesions(
    study: Study, anatomy: AnatomyMap, search: Search, options: GateOptions | None = None
) -> Found:
    """Find candidates.

    Parameters
    ----------
    study : Study
        Aligned.
    anatomy : AnatomyMap
    search : Search
    options : GateOptions, optional
        How an outside segmenter's mask is read.

    Raises
    ------
    AnalysisError
        ``A20`` when the search is off, ``A21`` without FLAIR, ``A22`` or ``A23`` when nothing
        was found: no candidate is not "no lesion".
    """
    if search.off:
        raise AnalysisError("A20")
    if search.segmenter is not None:
        mask, notes = run_segmenter(
            search.segmenter, study, anatomy, timeout_s=search.timeout_s, options=options
        )
        if not mask.data.any():
            raise AnalysisError("A23", value=mask.source.name)
        return Found(mask, (*notes, Note("W42", value=mask.source.name)))
    segmentation = segment(study, anatomy, search.settings)
    if not segmentation.mask.data.any():
        raise AnalysisError("A22", value=search.settings.text)
    return Found(segmentation.mask, segmentation.notes, segmentation)


def candidate_values(
    study: Study, lesions: LesionMap
) -> tuple[dict[int, dict[str, Value]], dict[str, Value]]:
    """Values of :data:`CANDIDATE_SPECS`: of every lesion, and of the study."""
    origin = "given" if study.lesions is None else study.lesions.origin
    automatic = Category("no" if origin == "given" else "yes")
    rows: dict[int, dict[str, Value]] = {x.id: {"candidate": automatic} for x in lesions.lesions}
    return rows, {"lesion_origin": Category(origin)}
