"""The whole way of one study, from files to verdict, in the order of the house.

Read this page first. Every step of :func:`assess` is a call into one room; nothing here draws
or writes (:mod:`lesionaid.report` does that with the result).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from lesionaid.anatomy.align import AlignedPrior, align_prior
from lesionaid.anatomy.map import AnatomyMap
from lesionaid.anatomy.prepare import Prepared, prepare, with_lesions
from lesionaid.anatomy.refine import refine_anatomy
from lesionaid.assessment import Assessment, provenance
from lesionaid.change.match import CHANGE_SPECS, match
from lesionaid.criteria.load import load_rules
from lesionaid.criteria.model import RuleSet
from lesionaid.errors import AnalysisError, Note
from lesionaid.features.catalogue import measure, unmeasured, with_extra
from lesionaid.lesions.components import lesion_map
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.lesions.scale import Space
from lesionaid.lesions.search import CANDIDATE_SPECS, Search, candidate_values, find_lesions
from lesionaid.lesions.stable_ids import keep_ids
from lesionaid.rules_path import rules_dir
from lesionaid.signs.catalogue import SignCatalogue, load_catalogue
from lesionaid.signs.derive import derive
from lesionaid.signs.reader import ReaderForm, apply_reader, read_reader_form
from lesionaid.study.gate import load_labels
from lesionaid.study.load import StudyPaths, find_study, load_study
from lesionaid.study.options import GateOptions
from lesionaid.study.scan import Study
from lesionaid.tables import MeasurementTable, SignTable
from lesionaid.verdict.decide import decide, not_analysable, on_candidates
from lesionaid.verdict.model import Verdict

__all__ = ["Knowledge", "assess", "conclude", "measured", "read_knowledge"]


class Knowledge(NamedTuple):
    """What measurements are held against: signs, rules, and what a reader saw."""

    catalogue: SignCatalogue
    rules: RuleSet
    form: ReaderForm | None = None


def assess(
    study: StudyPaths | Path | str,
    *,
    options: GateOptions | None = None,
    space: Space = "native",
    native_scale: float | None = None,
    reader_form: Path | None = None,
    search: Search | None = None,
    earlier: Path | None = None,
    progress: Callable[[str], None] = lambda stage: None,
) -> Assessment:
    """Assess one study.

    Parameters
    ----------
    study : StudyPaths, Path or str
        Named files, or a folder with recognised names.
    options : GateOptions, optional
        What to do with ambiguous headers and masks.
    space : {"native", "mni"}
        ``"mni"``: the inputs are already in MNI152, no registration is run.
    native_scale : float, optional
        The patient's mm for one mm of the input, for ``space="mni"``; without it every
        size is unknown.
    reader_form : Path, optional
        Signs that a reader saw (``--signs``).
    search : Search, optional
        How lesion candidates are found where no mask is given.
    earlier : Path, optional
        Label map of an earlier run: a lesion that is still there keeps its id.
    progress : callable
        Told the name of each stage as it begins.

    Returns
    -------
    Assessment
        ``verdict.pattern`` is ``not_analysable`` where the study is in order but lesionaid
        cannot use it; the reason carries its code.

    Raises
    ------
    InputError
        For a file or form that cannot be used.
    OutputError
        For a file that cannot be read.
    """
    stage = _Stages(progress)
    obstacles: list[AnalysisError] = []
    with stage("rules"):
        knowledge = read_knowledge(reader_form)
    with stage("load"):
        paths = study if isinstance(study, StudyPaths) else find_study(Path(study))
        loaded = load_study(paths, options, space=space, native_scale=native_scale)
    with stage("registration"):
        prepared = _locate(loaded, obstacles)
    with stage("lesions"):
        prepared, found_notes = _search(prepared, search or Search(), options, obstacles)
        aligned = loaded if prepared is None else prepared.study
        lesions = _lesions(aligned, earlier, options)
    with stage("regions"):
        anatomy = None if prepared is None else refine_anatomy(prepared.anatomy, aligned)
    with stage("measurement"):
        prior = _prior(aligned)
        table = measured(aligned, anatomy, lesions, prior)
    with stage("verdict"):
        signs, verdict = conclude(table, knowledge, aligned)
        if obstacles:
            verdict = not_analysable([(error.code, error.sentence) for error in obstacles])
    return Assessment(
        study=aligned,
        anatomy=anatomy,
        lesions=lesions,
        measurements=table,
        signs=signs,
        verdict=verdict,
        notes=(*aligned.notes, *(anatomy.notes if anatomy else ()), *found_notes, *prior.notes),
        timings=stage.seconds,
        provenance=provenance(aligned, rules_dir()),
        prior=prior,
    )


def read_knowledge(reader_form: Path | None = None) -> Knowledge:
    """The sign catalogue, the rules that speak its language, and a reader's form.

    Raises
    ------
    InputError
        For a form that cannot be used.
    """
    catalogue = load_catalogue(rules_dir() / "signs")
    rules = load_rules(rules_dir(), catalogue.signs.keys())
    form = None if reader_form is None else read_reader_form(reader_form)
    return Knowledge(catalogue, rules, form)


def measured(
    study: Study, anatomy: AnatomyMap | None, lesions: LesionMap | None, prior: AlignedPrior
) -> MeasurementTable:
    """Every measurement of a study, with its change against the prior.

    Parameters
    ----------
    study : Study
        Aligned when there is an anatomy.
    anatomy : AnatomyMap or None
    lesions : LesionMap or None
        None: nothing is measured, and nothing ruled out.
    prior : AlignedPrior
        On the grid of `lesions`.
    """
    if lesions is None:
        return unmeasured((*CHANGE_SPECS, *CANDIDATE_SPECS))
    table = measure(study, anatomy, lesions)
    change = match(
        lesions,
        prior.mask,
        space=study.space,
        native_scale=study.native_scale,
        prior_seen=prior.seen,
    )
    table = with_extra(table, CHANGE_SPECS, change.lesions, change.study)
    return with_extra(table, CANDIDATE_SPECS, *candidate_values(study, lesions))


def conclude(
    table: MeasurementTable, knowledge: Knowledge, study: Study
) -> tuple[SignTable, Verdict]:
    """From measurements to signs, with what a reader saw laid over them, and to the verdict."""
    signs = derive(table, knowledge.catalogue, study.context)
    if knowledge.form is not None:
        signs = apply_reader(signs, knowledge.form, knowledge.catalogue, study.context)
    verdict = decide(knowledge.rules, signs, study.context)
    if study.lesions is not None and study.lesions.origin != "given":
        verdict = on_candidates(verdict, study.lesions.origin)
    return signs, verdict


class _Stages:
    """Says the name of each stage as it begins, and keeps its seconds."""

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        self._progress(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - start


def _locate(study: Study, obstacles: list[AnalysisError]) -> Prepared | None:
    """Raw scans to anatomy: aligned, the brain found, the bias taken out, registered."""
    try:
        return prepare(study)
    except AnalysisError as error:
        obstacles.append(error)
        return None


def _search(
    prepared: Prepared | None,
    search: Search,
    options: GateOptions | None,
    obstacles: list[AnalysisError],
) -> tuple[Prepared | None, tuple[Note, ...]]:
    """Find lesion candidates where no mask was given, and register again without them."""
    if prepared is None or prepared.study.lesions is not None:
        return prepared, ()
    try:
        found = find_lesions(prepared.study, prepared.anatomy, search, options)
    except AnalysisError as error:
        obstacles.append(error)
        return prepared, ()
    return with_lesions(prepared, found.mask), found.notes


def _lesions(study: Study, earlier: Path | None, options: GateOptions | None) -> LesionMap | None:
    """Split the mask into lesions; with an earlier label map they keep their ids."""
    if study.lesions is None:
        return None
    lesions = lesion_map(study.lesions, study.native_scale)
    if earlier is None:
        return lesions
    before, _ = load_labels(earlier, options or GateOptions())
    return keep_ids(lesions, before.data, before.grid)


def _prior(study: Study) -> AlignedPrior:
    """The prior's lesions on the grid of today's."""
    if study.prior is None or study.lesions is None:
        return AlignedPrior()
    return align_prior(study, study.prior)
