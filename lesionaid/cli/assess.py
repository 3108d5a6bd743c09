"""``lesionaid assess`` and ``lesionaid features``: one study, from files to results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesionaid.cli.options import (
    AdcOption,
    AnatomyOption,
    BrainOption,
    ContextOption,
    DwiOption,
    FlairOption,
    Form,
    LabelsOption,
    LesionsOption,
    NativeScaleOption,
    OrientationOption,
    OutputOption,
    PhaseOption,
    PreferOption,
    PriorOption,
    QuietOption,
    ResampleOption,
    SignsOption,
    Space,
    SpaceOption,
    StudyArgument,
    SwiOption,
    T1ceOption,
    T1Option,
    T2Option,
    ThresholdOption,
    VolumeOption,
    named_options,
    parse_labels,
    refuse_overwriting,
    study_paths,
)
from lesionaid.cli.progress import stages
from lesionaid.cli.search_options import (
    EarlierOption,
    ExtentChoice,
    ExtentOption,
    NoSegmentOption,
    SeedOption,
    SegmenterOption,
    TimeoutOption,
    search_of,
)

if TYPE_CHECKING:
    from lesionaid.assessment import Assessment

__all__ = [
    "STAGES",
    "Finding",
    "Reading",
    "assess",
    "features",
    "files_beside",
    "named_files",
    "run_assess",
]

Files = Mapping[str, Path | None]

STAGES = {
    "rules": "Reading signs and rules",
    "load": "Reading and checking the scans",
    "registration": "Registering to the template",
    "lesions": "Looking for lesions",
    "regions": "Moving ventricles and cortex to the patient",
    "measurement": "Measuring lesions",
    "verdict": "Weighing the evidence",
}
"""Names of the pipeline's stages for a reader."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are read, as given on the command line."""

    space: Space
    native_scale: float | None
    prefer: Form | None
    orientation: str | None
    volume: int | None
    threshold: float | None
    labels: str | None
    resample: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """How lesions are found, as given on the command line."""

    seed: float
    extent: ExtentChoice
    segmenter: str | None
    segmenter_timeout: float
    no_segment: bool
    earlier: Path | None


def assess(
    output: OutputOption,
    study: StudyArgument = None,
    flair: FlairOption = None,
    t1: T1Option = None,
    t1ce: T1ceOption = None,
    t2: T2Option = None,
    dwi: DwiOption = None,
    adc: AdcOption = None,
    swi: SwiOption = None,
    phase: PhaseOption = None,
    lesions: LesionsOption = None,
    anatomy: AnatomyOption = None,
    brain_mask: BrainOption = None,
    prior: PriorOption = None,
    context: ContextOption = None,
    signs: SignsOption = None,
    space: SpaceOption = Space.NATIVE,
    native_scale: NativeScaleOption = None,
    prefer: PreferOption = None,
    assume_orientation: OrientationOption = None,
    volume: VolumeOption = None,
    mask_threshold: ThresholdOption = None,
    labels: LabelsOption = None,
    resample_mask: ResampleOption = False,
    seed: SeedOption = 2.5,
    extent: ExtentOption = ExtentChoice.AUTO,
    segmenter: SegmenterOption = None,
    segmenter_timeout: TimeoutOption = 3600.0,
    no_segment: NoSegmentOption = False,
    earlier: EarlierOption = None,
    no_html: Annotated[bool, typer.Option("--no-html", help="No report.html.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Assess one study: measurements, signs, criteria, verdict and report."""
    files = named_files(flair, t1, t1ce, t2, dwi, adc, swi, phase)
    files |= files_beside(lesions, anatomy, brain_mask, prior, context)
    reading = Reading(
        space,
        native_scale,
        prefer,
        assume_orientation,
        volume,
        mask_threshold,
        labels,
        resample_mask,
    )
    finding = Finding(seed, extent, segmenter, segmenter_timeout, no_segment, earlier)
    with stages(quiet) as tell:
        assessment = run_assess(study, files, reading, finding, signs, output, tell)
        tell("Writing results" if no_html else "Drawing the report")
        from lesionaid.report.tables import write_outputs

        write_outputs(assessment, output, html=not no_html)
    if not quiet:
        from lesionaid.cli.summary import summary

        shown = output / ("verdict.json" if no_html else "report.html")
        typer.echo(summary(assessment, shown))


def features(
    output: OutputOption,
    study: StudyArgument = None,
    flair: FlairOption = None,
    t1: T1Option = None,
    t1ce: T1ceOption = None,
    t2: T2Option = None,
    dwi: DwiOption = None,
    adc: AdcOption = None,
    swi: SwiOption = None,
    phase: PhaseOption = None,
    lesions: LesionsOption = None,
    anatomy: AnatomyOption = None,
    brain_mask: BrainOption = None,
    prior: PriorOption = None,
    space: SpaceOption = Space.NATIVE,
    native_scale: NativeScaleOption = None,
    prefer: PreferOption = None,
    assume_orientation: OrientationOption = None,
    volume: VolumeOption = None,
    mask_threshold: ThresholdOption = None,
    labels: LabelsOption = None,
    resample_mask: ResampleOption = False,
    seed: SeedOption = 2.5,
    extent: ExtentOption = ExtentChoice.AUTO,
    segmenter: SegmenterOption = None,
    segmenter_timeout: TimeoutOption = 3600.0,
    no_segment: NoSegmentOption = False,
    earlier: EarlierOption = None,
    quiet: QuietOption = False,
) -> None:
    """Stop after the measurements: lesion table, label map, no verdict."""
    files = named_files(flair, t1, t1ce, t2, dwi, adc, swi, phase)
    files |= files_beside(lesions, anatomy, brain_mask, prior, None)
    reading = Reading(
        space,
        native_scale,
        prefer,
        assume_orientation,
        volume,
        mask_threshold,
        labels,
        resample_mask,
    )
    finding = Finding(seed, extent, segmenter, segmenter_timeout, no_segment, earlier)
    with stages(quiet) as tell:
        assessment = run_assess(study, files, reading, finding, None, output, tell)
        tell("Writing results")
        from lesionaid.report.tables import write_outputs

        names = write_outputs(assessment, output, html=False, verdict=False)
    if not quiet:
        typer.echo("\n".join(str(output / name) for name in names))


def named_files(
    flair: Path | None,
    t1: Path | None,
    t1ce: Path | None,
    t2: Path | None,
    dwi: Path | None,
    adc: Path | None,
    swi: Path | None,
    phase: Path | None,
) -> dict[str, Path | None]:
    """Scans by the names of :class:`~lesionaid.study.scan.Contrast`."""
    return {
        "FLAIR": flair,
        "T1w": t1,
        "T1w_ce": t1ce,
        "T2w": t2,
        "DWI": dwi,
        "ADC": adc,
        "SWI": swi,
        "phase": phase,
    }


def files_beside(
    lesions: Path | None,
    anatomy: Path | None,
    brain: Path | None,
    prior: Path | None,
    context: Path | None,
) -> dict[str, Path | None]:
    """What may be given beside the scans, by the names of :func:`study_paths`."""
    return {
        "lesions": lesions,
        "anatomy": anatomy,
        "brain": brain,
        "prior": prior,
        "context": context,
    }


def run_assess(
    study: Path | None,
    files: Files,
    reading: Reading,
    finding: Finding,
    signs: Path | None,
    output: Path,
    tell: Callable[[str], None],
) -> Assessment:
    """Run the pipeline on what the command line named, and keep the options that were given."""
    tell("Finding the scans")
    from lesionaid.study.options import GateOptions

    paths = study_paths(study, files)
    refuse_overwriting(paths, signs, output, finding.earlier)
    search = search_of(
        finding.seed,
        finding.extent,
        finding.segmenter,
        finding.segmenter_timeout,
        off=finding.no_segment,
        mask_given=paths.lesions is not None,
    )
    options = GateOptions(
        prefer=None if reading.prefer is None else reading.prefer.value,
        assume_orientation=reading.orientation,
        volume=reading.volume,
        resample_mask=reading.resample,
        mask_threshold=reading.threshold,
        labels=parse_labels(reading.labels),
    )
    from lesionaid.pipeline import assess as run_pipeline

    assessment = run_pipeline(
        paths,
        options=options,
        space=reading.space.value,
        native_scale=reading.native_scale,
        reader_form=signs,
        search=search,
        earlier=finding.earlier,
        progress=lambda stage: tell(STAGES.get(stage, stage)),
    )
    given: dict[str, object] = {
        "study": study,
        **files,
        "signs": signs,
        "space": reading.space.value,
    }
    given |= {name: getattr(reading, name) for name in reading.__slots__ if name != "space"}
    given |= _finding_options(finding, searched=paths.lesions is None)
    used = replace(assessment.provenance, options=named_options(given))
    return replace(assessment, provenance=used)


def _finding_options(finding: Finding, *, searched: bool) -> dict[str, object]:
    """Options about finding lesions, for the record: those that had a part in the result."""
    given: dict[str, object] = {"earlier": finding.earlier}
    if not searched or finding.no_segment:
        return given | {"no_segment": finding.no_segment}
    if finding.segmenter is not None:
        return given | {"segmenter": Path(finding.segmenter.split()[0])}
    return given | {"seed": finding.seed, "extent": finding.extent.value}
