"""The way of one study to its lesion candidates, and no further (``lesionaid segment``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.anatomy.prepare import prepare
from lesionaid.errors import Note
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import Space
from lesionaid.lesions.search import Found, Search, find_lesions
from lesionaid.lesions.stable_ids import keep_ids
from lesionaid.study.gate import load_labels
from lesionaid.study.load import StudyPaths, load_study
from lesionaid.study.options import GateOptions
from lesionaid.study.scan import Study

__all__ = ["Candidates", "find_candidates"]


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Lesion candidates of a study.

    Parameters
    ----------
    study : Study
        Aligned.
    anatomy : AnatomyMap
    lesions : LesionMap
        Candidates with their ids; some may be specks.
    found : Found
    notes : tuple of Note
    """

    study: Study
    anatomy: AnatomyMap
    lesions: LesionMap
    found: Found
    notes: tuple[Note, ...]


def find_candidates(
    paths: StudyPaths,
    search: Search,
    *,
    options: GateOptions | None = None,
    space: Space = "native",
    native_scale: float | None = None,
    earlier: Path | None = None,
    progress: Callable[[str], None] = lambda stage: None,
) -> Candidates:
    """Load, align, register, and look for lesions. A mask of the study is not read.

    Parameters
    ----------
    paths : StudyPaths
    search : Search
    options : GateOptions, optional
    space : {"native", "mni"}
    native_scale : float, optional
    earlier : Path, optional
        Label map of an earlier run, whose ids are kept.
    progress : callable
        Told the name of each stage as it begins.

    Raises
    ------
    AnalysisError
        Where the study cannot be registered or searched, or nothing was found.
    InputError, OutputError
        For files that cannot be used.
    """
    progress("load")
    unmasked = StudyPaths(scans=paths.scans, anatomy=paths.anatomy, brain=paths.brain)
    loaded = load_study(unmasked, options, space=space, native_scale=native_scale)
    progress("registration")
    prepared = prepare(loaded)
    study, anatomy = prepared.study, prepared.anatomy
    progress("lesions")
    found = find_lesions(study, anatomy, search, options)
    lesions = lesion_map(found.mask, study.native_scale)
    if earlier is not None:
        before, _ = load_labels(earlier, options)
        lesions = keep_ids(lesions, before.data, before.grid)
    notes = (*study.notes, *anatomy.notes, *found.notes)
    return Candidates(study, anatomy, lesions, found, notes)
