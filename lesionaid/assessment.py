"""The result of one study: everything that the report needs, and nothing that draws."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lesionaid import __version__
from lesionaid.anatomy.align import AlignedPrior
from lesionaid.anatomy.map import AnatomyMap
from lesionaid.errors import Note
from lesionaid.files import sha256_of
from lesionaid.lesions.lesion_map import LesionMap
from lesionaid.study.scan import Source, Study
from lesionaid.tables import MeasurementTable, SignTable
from lesionaid.verdict.model import Verdict

__all__ = ["Assessment", "InputFile", "Provenance", "provenance", "rule_set_hash"]

_PACKAGES = (
    "numpy",
    "scipy",
    "nibabel",
    "scikit-image",
    "SimpleITK",
    "picsl_greedy",
    "nilearn",
    "pydantic",
    "PyYAML",
    "pillow",
    "jinja2",
)


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file that went in.

    Parameters
    ----------
    role : str
        ``"FLAIR"``, ``"lesions"``, ``"prior FLAIR"`` …
    source : Source
    """

    role: str
    source: Source


@dataclass(frozen=True, slots=True)
class Provenance:
    """What was used, so that the same result can be made again.

    Parameters
    ----------
    versions : mapping of str to str
        lesionaid, Python and the packages that touch a number.
    inputs : tuple of InputFile
    rule_set_sha256 : str
        One hash over every rule, sign and reference file.
    options : mapping of str to str
        As the user gave them, without folders.
    """

    versions: Mapping[str, str]
    inputs: tuple[InputFile, ...]
    rule_set_sha256: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """One study, from its scans to its verdict.

    Parameters
    ----------
    study : Study
        Aligned when anatomy could be had.
    anatomy : AnatomyMap or None
    lesions : LesionMap or None
        None when no mask was given.
    measurements : MeasurementTable or None
    signs : SignTable
    verdict : Verdict
        Holds the findings and the state of every criteria set.
    notes : tuple of Note
        What the reader must know though the work went on.
    timings : mapping of str to float
        Seconds a stage, in order; goes into ``run.json`` alone.
    provenance : Provenance
    prior : AlignedPrior
        The prior's lesions on the grid of today's; nothing where there is no prior.
    """

    study: Study
    anatomy: AnatomyMap | None
    lesions: LesionMap | None
    measurements: MeasurementTable | None
    signs: SignTable
    verdict: Verdict
    notes: tuple[Note, ...]
    timings: Mapping[str, float]
    provenance: Provenance
    prior: AlignedPrior = field(default_factory=AlignedPrior)


def provenance(study: Study, rules: Path, options: Mapping[str, str] | None = None) -> Provenance:
    """Versions, inputs and hashes of a study that was assessed with a folder of rules."""
    return Provenance(
        versions=_versions(),
        inputs=tuple(_inputs(study)),
        rule_set_sha256=rule_set_hash(rules),
        options=dict(options or {}),
    )


def rule_set_hash(rules: Path) -> str:
    """SHA-256 over names and contents of all YAML files under `rules`, in sorted order."""
    digest = hashlib.sha256()
    files = {path.relative_to(rules).as_posix(): path for path in rules.rglob("*.yaml")}
    for name in sorted(files):
        digest.update(f"{name} {sha256_of(files[name])}\n".encode())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    found = {"lesionaid": __version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _inputs(study: Study, prefix: str = "") -> Iterator[InputFile]:
    for contrast, scan in study.scans.items():
        yield InputFile(f"{prefix}{contrast}", scan.source)
    for role, image in (
        ("lesions", study.lesions),
        ("anatomy", study.anatomy),
        ("brain mask", study.brain),
    ):
        if image is not None and image.source.sha256:  # candidates are no file that went in
            yield InputFile(f"{prefix}{role}", image.source)
    if study.prior is not None:
        yield from _inputs(study.prior, "prior ")
