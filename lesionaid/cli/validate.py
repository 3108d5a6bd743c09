"""``lesionaid validate``: the gate alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesionaid.cli.options import (
    LabelsOption,
    OrientationOption,
    PreferOption,
    ResampleOption,
    Space,
    SpaceOption,
    ThresholdOption,
    VolumeOption,
    parse_labels,
)

if TYPE_CHECKING:
    from lesionaid.study.scan import Study

__all__ = ["validate"]


def validate(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of a study, or one image.")],
    space: SpaceOption = Space.NATIVE,
    prefer: PreferOption = None,
    assume_orientation: OrientationOption = None,
    volume: VolumeOption = None,
    mask_threshold: ThresholdOption = None,
    labels: LabelsOption = None,
    resample_mask: ResampleOption = False,
) -> None:
    """Check every file of a study, and compute nothing."""
    from lesionaid.study.load import find_study, load_study
    from lesionaid.study.options import GateOptions

    options = GateOptions(
        prefer=None if prefer is None else prefer.value,
        assume_orientation=assume_orientation,
        volume=volume,
        resample_mask=resample_mask,
        mask_threshold=mask_threshold,
        labels=parse_labels(labels),
    )
    if path.is_dir():
        study = load_study(find_study(path), options, space.value)
        typer.echo("\n".join(_lines(study)))
        notes = study.notes
    else:
        from lesionaid.study.gate import read_image

        image = read_image(path, options)
        notes = image.notes
        typer.echo(f"{path.name}: in order")
    for note in notes:
        typer.echo(f"{note.code} {note.text}")


def _lines(study: Study, prefix: str = "") -> list[str]:
    """One line a file: role, name, voxels, orientation."""
    images = [(str(contrast), scan.source) for contrast, scan in study.scans.items()]
    for role, image in (
        ("lesions", study.lesions),
        ("anatomy", study.anatomy),
        ("brain mask", study.brain),
    ):
        if image is not None:
            images.append((role, image.source))
    lines = [
        f"{prefix + role:<14} {source.name}: in order, "
        f"{' x '.join(map(str, source.grid.shape))} voxels of "
        f"{' x '.join(f'{edge:.3g}' for edge in source.grid.spacing_mm)} mm, {source.orientation}"
        for role, source in images
    ]
    if study.prior is not None:
        lines += _lines(study.prior, "prior ")
    return lines
