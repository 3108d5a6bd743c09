"""``lesionaid segment``: lesion candidates of one study, for a reader to mend."""

from __future__ import annotations

from pathlib import Path

import typer

from lesionaid.cli.options import (
    AnatomyOption,
    BrainOption,
    FlairOption,
    LabelsOption,
    OrientationOption,
    OutputOption,
    PreferOption,
    QuietOption,
    Space,
    SpaceOption,
    StudyArgument,
    T1ceOption,
    T1Option,
    T2Option,
    ThresholdOption,
    parse_labels,
    study_paths,
)
from lesionaid.cli.progress import stages
from lesionaid.cli.search_options import (
    EarlierOption,
    ExtentChoice,
    ExtentOption,
    SeedOption,
    SegmenterOption,
    TimeoutOption,
    search_of,
)
from lesionaid.errors import AnalysisError, InputError, UsageError

__all__ = ["segment"]

STAGES = {
    "load": "Reading and checking the scans",
    "registration": "Registering to the template",
    "lesions": "Looking for lesions",
}


def segment(
    output: OutputOption,
    study: StudyArgument = None,
    flair: FlairOption = None,
    t1: T1Option = None,
    t1ce: T1ceOption = None,
    t2: T2Option = None,
    anatomy: AnatomyOption = None,
    brain_mask: BrainOption = None,
    seed: SeedOption = 2.5,
    extent: ExtentOption = ExtentChoice.AUTO,
    segmenter: SegmenterOption = None,
    segmenter_timeout: TimeoutOption = 3600.0,
    earlier: EarlierOption = None,
    space: SpaceOption = Space.NATIVE,
    prefer: PreferOption = None,
    assume_orientation: OrientationOption = None,
    mask_threshold: ThresholdOption = None,
    labels: LabelsOption = None,
    quiet: QuietOption = False,
) -> None:
    """Find lesion candidates on FLAIR: a label map and a table for a reader to mend."""
    search = search_of(seed, extent, segmenter, segmenter_timeout)
    files = {"FLAIR": flair, "T1w": t1, "T1w_ce": t1ce, "T2w": t2}
    paths = study_paths(study, files | {"anatomy": anatomy, "brain": brain_mask})
    with stages(quiet) as tell:
        tell("Finding the scans")
        from lesionaid.candidates import find_candidates
        from lesionaid.files import write_together
        from lesionaid.report.candidates import CANDIDATE_FILES, candidate_files
        from lesionaid.study.options import GateOptions

        _refuse_overwriting([*paths.scans.values(), earlier], output, CANDIDATE_FILES)
        options = GateOptions(
            prefer=None if prefer is None else prefer.value,
            assume_orientation=assume_orientation,
            mask_threshold=mask_threshold,
            labels=parse_labels(labels),
        )
        try:
            result = find_candidates(
                paths,
                search,
                options=options,
                space=space.value,
                earlier=earlier,
                progress=lambda stage: tell(STAGES[stage]),
            )
        except AnalysisError as error:
            # Alone, this command has no verdict to hold the reason: it ends as bad data.
            raise InputError(error.code, file=error.file, value=error.value) from error
        contents = candidate_files(
            result.study, result.lesions, result.anatomy, result.found, result.notes
        )
        write_together(output, contents, stale=CANDIDATE_FILES)
    if not quiet:
        specks = sum(lesion.speck for lesion in result.lesions.lesions)
        count = len(result.lesions.lesions) - specks
        millilitres = result.lesions.volume_mm3 / 1000
        typer.echo(f"{count} candidates and {specks} specks, {millilitres:.1f} ml in all")
        typer.echo("\n".join(f"{note.code} {note.text}" for note in result.notes))
        typer.echo("\n".join(str(output / name) for name in contents))


def _refuse_overwriting(inputs: list[Path | None], output: Path, names: tuple[str, ...]) -> None:
    written = {(output / name).resolve() for name in names}
    for path in inputs:
        if path is not None and path.resolve() in written:
            raise UsageError("U02", file=path.name)
