"""``lesionaid robustness``: an assessment, and how far it holds under small disturbances."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from lesionaid.cli.assess import Finding, Reading, files_beside, named_files, run_assess
from lesionaid.cli.options import (
    AdcOption,
    AnatomyOption,
    BrainOption,
    ContextOption,
    DwiOption,
    FlairOption,
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
)
from lesionaid.cli.progress import stages
from lesionaid.cli.search_options import ExtentChoice, ExtentOption, SeedOption

__all__ = ["robustness"]

NOTHING = "Robustness was not tested: there is no lesion, or the study could not be analysed."


def robustness(
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
    no_html: Annotated[bool, typer.Option("--no-html", help="No report.html.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Assess one study, then again with mask, slices and alignment a little off.

    Writes everything that assess writes, the verdict marked as fragile or not, and
    robustness.tsv and robustness.json; prints how often every sign and the verdict flip.
    """
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
    finding = Finding(seed, extent, None, 0.0, no_segment=False, earlier=None)
    with stages(quiet) as tell:
        assessment = run_assess(study, files, reading, finding, signs, output, tell)
        from lesionaid.pipeline import read_knowledge
        from lesionaid.robustness.output import robustness_files, robustness_lines
        from lesionaid.robustness.run import disturbed_assessment, with_verdict

        start = time.perf_counter()
        found = disturbed_assessment(
            assessment,
            read_knowledge(signs),
            progress=lambda name: tell(f"Disturbing: {name}"),
        )
        seconds = {**assessment.timings, "robustness": time.perf_counter() - start}
        assessment = replace(with_verdict(assessment, found), timings=seconds)
        tell("Writing results" if no_html else "Drawing the report")
        from lesionaid.report.tables import write_outputs

        beside = None if found is None else robustness_files(found)
        write_outputs(assessment, output, html=not no_html, beside=beside)
    if not quiet:
        from lesionaid.cli.summary import summary

        typer.echo(NOTHING if found is None else "\n".join(robustness_lines(found)))
        typer.echo(summary(assessment, _shown(output, html=not no_html)))


def _shown(output: Path, *, html: bool) -> Path:
    return output / ("report.html" if html else "robustness.tsv")
