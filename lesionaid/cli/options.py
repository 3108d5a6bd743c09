"""The options that name a study, shared by the commands that read one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from lesionaid.errors import UsageError

if TYPE_CHECKING:
    from lesionaid.study.load import StudyPaths

__all__ = [
    "AdcOption",
    "AnatomyOption",
    "BrainOption",
    "ContextOption",
    "DwiOption",
    "FlairOption",
    "Form",
    "LabelsOption",
    "LesionsOption",
    "NativeScaleOption",
    "OrientationOption",
    "OutputOption",
    "PhaseOption",
    "PreferOption",
    "PriorOption",
    "QuietOption",
    "ResampleOption",
    "SignsOption",
    "Space",
    "SpaceOption",
    "StudyArgument",
    "SwiOption",
    "T1Option",
    "T1ceOption",
    "T2Option",
    "ThresholdOption",
    "VolumeOption",
    "named_options",
    "parse_labels",
    "refuse_overwriting",
    "study_paths",
]

SCANS, EXTRAS, READING = "Scans", "Beside the scans", "How files are read"


class Space(StrEnum):
    """Space of the inputs."""

    NATIVE = "native"
    MNI = "mni"


class Form(StrEnum):
    """The two orientations of a NIfTI header."""

    SFORM = "sform"
    QFORM = "qform"


def _scan(help_text: str, *names: str) -> object:
    return typer.Option(*names, help=help_text, rich_help_panel=SCANS, show_default=False)


def _extra(help_text: str, *names: str) -> object:
    return typer.Option(*names, help=help_text, rich_help_panel=EXTRAS, show_default=False)


def _reading(help_text: str, *names: str) -> object:
    return typer.Option(*names, help=help_text, rich_help_panel=READING, show_default=False)


StudyArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="STUDY",
        help="Folder with recognised names: BIDS, or flair t1w t1w_ce t2w dwi adc swi lesions.",
        show_default=False,
    ),
]
OutputOption = Annotated[
    Path, typer.Option("--output", "-o", help="Folder for the results.", show_default=False)
]
FlairOption = Annotated[Path | None, _scan("FLAIR.", "--flair")]
T1Option = Annotated[Path | None, _scan("T1w before contrast.", "--t1")]
T1ceOption = Annotated[Path | None, _scan("T1w after gadolinium.", "--t1ce")]
T2Option = Annotated[Path | None, _scan("T2w.", "--t2")]
DwiOption = Annotated[Path | None, _scan("Diffusion-weighted.", "--dwi")]
AdcOption = Annotated[Path | None, _scan("Apparent diffusion coefficient.", "--adc")]
SwiOption = Annotated[Path | None, _scan("SWI or T2*.", "--swi")]
PhaseOption = Annotated[Path | None, _scan("Phase.", "--phase")]
LesionsOption = Annotated[Path | None, _extra("Lesion mask.", "--lesions")]
AnatomyOption = Annotated[
    Path | None, _extra("Labels of FreeSurfer, FastSurfer or SynthSeg.", "--anatomy")
]
BrainOption = Annotated[Path | None, _extra("Brain mask.", "--brain-mask")]
PriorOption = Annotated[Path | None, _extra("Folder of the prior study.", "--prior")]
ContextOption = Annotated[Path | None, _extra("Clinical context, YAML.", "--context")]
SignsOption = Annotated[
    Path | None, _extra("Signs that a reader saw, YAML: they add to or override.", "--signs")
]
SpaceOption = Annotated[
    Space, typer.Option("--space", help="Space of the inputs.", rich_help_panel=READING)
]
NativeScaleOption = Annotated[
    float | None, _reading("Native mm for one mm of a normalised brain.", "--native-scale")
]
PreferOption = Annotated[
    Form | None, _reading("Which orientation to use where a header holds two.", "--prefer")
]
OrientationOption = Annotated[
    str | None,
    _reading("Axis codes such as LAS, for headers without orientation.", "--assume-orientation"),
]
VolumeOption = Annotated[int | None, _reading("Volume of a 4-D file, from 0.", "--volume")]
ThresholdOption = Annotated[
    float | None, _reading("Threshold of a probabilistic mask.", "--mask-threshold")
]
LabelsOption = Annotated[
    str | None,
    _reading("Meaning of a multi-label mask: instances, lst-ai, or labels 1,2.", "--labels"),
]
ResampleOption = Annotated[
    bool, _reading("The mask, on another grid, does lie in the scan's space.", "--resample-mask")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]


def study_paths(study: Path | None, files: Mapping[str, Path | None]) -> StudyPaths:
    """Files of a study: those of the folder, with single options over them.

    Parameters
    ----------
    study : Path or None
    files : mapping of str to Path or None
        By contrast (``"FLAIR"`` …), or ``lesions anatomy brain context prior``.

    Raises
    ------
    UsageError
        ``U01`` when neither a folder nor a file was named.
    """
    from lesionaid.study.load import StudyPaths, find_study
    from lesionaid.study.scan import Contrast

    given = {name: path for name, path in files.items() if path is not None}
    if study is None and not given:
        raise UsageError("U01")
    found = find_study(study) if study is not None else StudyPaths()
    named = {contrast: given[contrast] for contrast in Contrast if contrast in given}
    scans = {**found.scans, **named}
    prior = replace(find_study(given["prior"]), prior=None) if "prior" in given else found.prior
    return replace(
        found,
        scans=scans,
        lesions=given.get("lesions", found.lesions),
        anatomy=given.get("anatomy", found.anatomy),
        brain=given.get("brain", found.brain),
        context=given.get("context", found.context),
        prior=prior,
    )


def parse_labels(text: str | None) -> Literal["instances", "lst-ai"] | tuple[int, ...] | None:
    """Value of ``--labels``.

    Raises
    ------
    UsageError
        ``U05``.
    """
    if text is None or text in ("instances", "lst-ai"):
        return cast(Literal["instances", "lst-ai"] | None, text)
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError("U05", value=text) from None


def refuse_overwriting(
    paths: StudyPaths, signs: Path | None, output: Path, earlier: Path | None = None
) -> None:
    """Refuse an output folder in which a result would replace an input.

    Raises
    ------
    UsageError
        ``U02``.
    """
    from lesionaid.report.tables import OUTPUT_FILES, ROBUSTNESS_FILES

    written = {(output / name).resolve() for name in (*OUTPUT_FILES, *ROBUSTNESS_FILES)}
    for path in (*_all_paths(paths), *(path for path in (signs, earlier) if path)):
        if path.resolve() in written:
            raise UsageError("U02", file=path.name)


def _all_paths(paths: StudyPaths) -> Iterator[Path]:
    yield from paths.scans.values()
    for path in (paths.lesions, paths.anatomy, paths.brain, paths.context):
        if path is not None:
            yield path
    if paths.prior is not None:
        yield from _all_paths(paths.prior)


def named_options(values: Mapping[str, object]) -> dict[str, str]:
    """Options that were given, for the record; file names without folders."""
    return {
        name: value.name if isinstance(value, Path) else str(value)
        for name, value in values.items()
        if value is not None and value is not False
    }
