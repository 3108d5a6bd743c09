"""From a folder, or from single files, to a :class:`~lesionaid.study.scan.Study`."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lesionaid.context import ClinicalContext, read_context
from lesionaid.errors import GateError, Note, OutputError, UsageError
from lesionaid.geometry import Grid
from lesionaid.study.bids import image_stem, role_of
from lesionaid.study.gate import load_diffusion, load_labels, load_scan
from lesionaid.study.mask import load_mask
from lesionaid.study.options import GateOptions
from lesionaid.study.scan import Contrast, LabelMap, LesionMask, Scan, Study
from lesionaid.study.space import check_in_template

__all__ = ["StudyPaths", "find_study", "load_study"]

CONTEXT_NAMES = ("context.yaml", "context.yml", "context.json")
DATA_FOLDERS = ("anat", "dwi", "swi")


@dataclass(frozen=True, slots=True)
class StudyPaths:
    """The files of a study.

    Parameters
    ----------
    scans : mapping of Contrast to Path
    lesions, anatomy, brain : Path or None
        Lesion mask; labels of FreeSurfer, FastSurfer or SynthSeg; brain mask.
    context : Path or None
        Clinical context, YAML or JSON.
    prior : StudyPaths or None
        An earlier examination.
    unrecognised : tuple of Path
        Images found beside these whose names say nothing; they are not used.
    """

    scans: Mapping[Contrast, Path] = field(default_factory=dict)
    lesions: Path | None = None
    anatomy: Path | None = None
    brain: Path | None = None
    context: Path | None = None
    prior: StudyPaths | None = None
    unrecognised: tuple[Path, ...] = ()


def find_study(folder: Path) -> StudyPaths:
    """Recognise the files of a study by their names.

    Names are ``flair t1w t1w_ce t2w dwi adc swi phase lesions anatomy brain`` with ``.nii``
    or ``.nii.gz`` in any case, or BIDS names, in the folder itself or in ``anat``, ``dwi``
    and ``swi`` below it (and below the one ``sub-`` and ``ses-`` folder it holds). A folder
    ``prior`` is read the same way; ``context.yaml`` is the clinical context. Hidden files
    are passed over.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    StudyPaths

    Raises
    ------
    OutputError
        ``E01`` or ``E02`` when the folder is not there or cannot be read.
    GateError
        ``E42`` when two files, subjects or sessions could be meant; ``E43`` when nothing
        is recognised.
    """
    return _find(Path(folder), with_prior=True)


def _find(folder: Path, *, with_prior: bool) -> StudyPaths:
    images, contexts, priors = _search(folder)
    roles: dict[Contrast | str, list[Path]] = defaultdict(list)
    unrecognised = []
    for path in images:
        role = role_of(image_stem(path.name) or "")
        if role is None:
            unrecognised.append(path)
        else:
            roles[role].append(path)
    chosen = {role: _only(paths, folder) for role, paths in roles.items()}
    if not any(isinstance(role, Contrast) or role == "lesions" for role in chosen):
        seen = ", ".join(path.name for path in unrecognised[:10])
        raise GateError("E43", file=folder.name, value=f"found {seen}" if seen else "")
    prior = _only(priors, folder) if with_prior and priors else None
    return StudyPaths(
        scans={contrast: chosen[contrast] for contrast in Contrast if contrast in chosen},
        lesions=chosen.get("lesions"),
        anatomy=chosen.get("anatomy"),
        brain=chosen.get("brain"),
        context=_only(contexts, folder) if contexts else None,
        prior=_find(prior, with_prior=False) if prior else None,
        unrecognised=tuple(unrecognised),
    )


def _search(folder: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """Images, context files and prior folders, each sorted."""
    images, contexts, priors = [], [], []
    for path in (path for place in _places(folder) for path in _listing(place)):
        name = path.name.casefold()
        if path.is_dir():
            if name == "prior":
                priors.append(path)
        elif image_stem(path.name):
            images.append(path)
        elif name in CONTEXT_NAMES:
            contexts.append(path)
    return images, contexts, priors


def _places(folder: Path) -> Iterator[Path]:
    """The folder, its data folders, and the same below its one subject and session."""
    yield folder
    below = [path for path in _listing(folder) if path.is_dir()]
    yield from (path for path in below if path.name.casefold() in DATA_FOLDERS)
    inner = [path for path in below if path.name.startswith(("sub-", "ses-"))]
    if inner:
        yield from _places(_only(inner, folder))


def _listing(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except FileNotFoundError as error:
        raise OutputError("E01", file=folder.name) from error
    except OSError as error:
        raise OutputError("E02", file=folder.name, value=error.strerror or "") from error


def _only(paths: list[Path], folder: Path) -> Path:
    if len(paths) > 1:
        raise GateError("E42", file=folder.name, value=" or ".join(path.name for path in paths))
    return paths[0]


def load_study(
    paths: StudyPaths,
    options: GateOptions | None = None,
    space: Literal["native", "mni"] = "native",
    native_scale: float | None = None,
) -> Study:
    """Read every file of a study through the gate; the scans are not aligned yet.

    Parameters
    ----------
    paths : StudyPaths
    options : GateOptions, optional
    space : {"native", "mni"}
        ``"mni"``: scans and mask are already in MNI152, and a mask alone is enough.
    native_scale : float or None
        Native mm for one mm of the files, only in MNI space.

    Returns
    -------
    Study
        `reference` is the grid of the first scan there is, in the order of
        :class:`Contrast`; of the mask where a mask alone is given in MNI space; None where
        a mask alone is given in native space, for then nothing can be located.

    Raises
    ------
    UsageError
        ``E45``: `native_scale` without MNI space, or not positive.
    GateError
        ``E43`` when there is neither a scan nor a mask; ``E34`` when one image was given
        for two contrasts; and all of the gate's own.
    """
    options = options or GateOptions()
    if native_scale is not None:
        if space != "mni":
            raise UsageError("E45", value="native_scale is meant for MNI space only")
        if not (math.isfinite(native_scale) and native_scale > 0):
            raise UsageError("E45", value=f"native_scale {native_scale:g}")
    if not paths.scans and paths.lesions is None:
        raise GateError("E43")
    scans, notes = _load_scans(paths, options)
    first = next((scans[contrast] for contrast in Contrast if contrast in scans), None)
    lesions, mask_notes = _load_lesions(paths.lesions, first, scans, options, space)
    anatomy, anatomy_notes = _load_labels(paths.anatomy, options)
    brain, brain_notes = _load_labels(paths.brain, options)
    notes += mask_notes + anatomy_notes + brain_notes
    if paths.unrecognised:
        notes += (Note("W29", value=", ".join(path.name for path in paths.unrecognised)),)
    return Study(
        scans=scans,
        reference=_reference(first, lesions, space),
        lesions=lesions,
        anatomy=anatomy,
        brain=brain,
        prior=load_study(paths.prior, options, space, native_scale) if paths.prior else None,
        context=read_context(paths.context) if paths.context else ClinicalContext(),
        space=space,
        native_scale=native_scale,
        notes=notes,
    )


def _load_scans(
    paths: StudyPaths, options: GateOptions
) -> tuple[dict[Contrast, Scan], tuple[Note, ...]]:
    """All scans in the order of `Contrast`, with an ADC map made from a series if none came."""
    scans: dict[Contrast, Scan] = {}
    notes: tuple[Note, ...] = ()
    for contrast in (contrast for contrast in Contrast if contrast in paths.scans):
        path = paths.scans[contrast]
        if contrast is Contrast.DWI:
            scan, adc, more = load_diffusion(path, options)
            if adc is not None and Contrast.ADC not in paths.scans:
                scans[Contrast.ADC] = adc
        else:
            scan, more = load_scan(path, contrast, options)
        scans[contrast] = scan
        notes += more
    _refuse_twins([scans[contrast] for contrast in paths.scans])
    return {contrast: scans[contrast] for contrast in Contrast if contrast in scans}, notes


def _refuse_twins(scans: list[Scan]) -> None:
    seen: dict[str, Scan] = {}
    for scan in scans:
        twin = seen.setdefault(scan.source.sha256, scan)
        if twin is not scan:
            value = f"for {twin.contrast} and {scan.contrast}"
            raise GateError("E34", file=scan.source.name, value=value)


def _load_lesions(
    path: Path | None,
    first: Scan | None,
    scans: Mapping[Contrast, Scan],
    options: GateOptions,
    space: str,
) -> tuple[LesionMask | None, tuple[Note, ...]]:
    if path is None:
        return None, ()
    others = [scan for scan in scans.values() if scan is not first]
    mask, notes = load_mask(path, first, options, others=others)
    if space == "mni":
        check_in_template(mask.data != 0, mask.grid, name=path.name)
    return mask, notes


def _load_labels(
    path: Path | None, options: GateOptions
) -> tuple[LabelMap | None, tuple[Note, ...]]:
    return (None, ()) if path is None else load_labels(path, options)


def _reference(first: Scan | None, lesions: LesionMask | None, space: str) -> Grid | None:
    if first is not None:
        return first.grid
    return lesions.grid if lesions is not None and space == "mni" else None
