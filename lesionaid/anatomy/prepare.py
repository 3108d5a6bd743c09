"""From raw scans to anatomy: aligned, the brain found, the bias taken out, registered to MNI152.

:func:`prepare` makes the whole way once. :func:`with_lesions` repeats the last step when lesions
have become known later, with the lesions left out of the similarity.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from lesionaid.anatomy.align import align_study
from lesionaid.anatomy.bias import correct_bias
from lesionaid.anatomy.brain import Brain, find_brain
from lesionaid.anatomy.build import build_anatomy
from lesionaid.anatomy.map import AnatomyMap
from lesionaid.anatomy.to_template import Registered, register_to_template, scan_to_register
from lesionaid.errors import Note
from lesionaid.geometry import same_grid
from lesionaid.study.scan import LesionMask, Study

__all__ = ["Prepared", "prepare", "with_lesions"]


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A study whose anatomy is known.

    Parameters
    ----------
    study : Study
        Aligned; structural scans without their bias field.
    anatomy : AnatomyMap
    brain : Brain or None
        None where nothing was registered (MNI152, or the user's labels).
    registered : Registered or None
        To warm-start :func:`with_lesions`.
    """

    study: Study
    anatomy: AnatomyMap
    brain: Brain | None = None
    registered: Registered | None = None


def prepare(study: Study) -> Prepared:
    """Find the anatomy of a study as it came from the scanner.

    Parameters
    ----------
    study : Study
        As loaded.

    Raises
    ------
    AnalysisError
        ``A01`` no brain found, ``A03`` registration failed, ``A04`` nothing to register,
        ``A05`` labels not recognised.
    """
    aligned = align_study(study)
    if aligned.anatomy is not None or aligned.space == "mni" or aligned.reference is None:
        anatomy = build_anatomy(aligned)
        return Prepared(_corrected(aligned, anatomy), anatomy)
    scan = scan_to_register(aligned.scans)
    brain = find_brain(aligned, scan)
    clean = _within(aligned, brain)
    registered = register_to_template(clean.scans[scan.contrast], brain.mask, clean.lesions)
    return Prepared(clean, build_anatomy(clean, brain, registered), brain, registered)


def with_lesions(prepared: Prepared, lesions: LesionMask) -> Prepared:
    """The second pass: the same anatomy with lesions that have become known since.

    The affine part of the first registration is kept and the deformation sought again without
    the lesions. Where nothing was registered, only the lesions are taken in.

    Parameters
    ----------
    prepared : Prepared
    lesions : LesionMask
        In the study's space.
    """
    study = replace(prepared.study, lesions=lesions)
    if prepared.registered is None or prepared.brain is None or not lesions.data.any():
        return replace(prepared, study=study)
    scan = scan_to_register(study.scans)
    again = register_to_template(scan, prepared.brain.mask, lesions, prepared.registered)
    return replace(
        prepared,
        study=study,
        anatomy=build_anatomy(study, prepared.brain, again),
        registered=again,
    )


def _within(study: Study, brain: Brain) -> Study:
    """The study without bias fields, and a note on a brain that had to be found in a head."""
    scans = {name: correct_bias(scan, brain.mask) for name, scan in study.scans.items()}
    notes = study.notes
    if brain.source == "head":
        figures = brain.quality
        told = (
            f"{figures['brain_volume_ml']:.0f} ml on {brain.contrast}, overlap with the template's "
            f"{figures['brain_template_dice']:.2f}, normalised mutual information "
            f"{figures['brain_similarity']:.3f}"
        )
        notes = (*notes, Note("W37", value=told))
    return replace(study, scans=scans, notes=notes)


def _corrected(study: Study, anatomy: AnatomyMap) -> Study:
    """Bias fields taken out inside the brain of labels or of MNI152."""
    brain = anatomy.brain
    scans = {
        name: correct_bias(scan, np.asarray(brain)) if same_grid(scan.grid, anatomy.grid) else scan
        for name, scan in study.scans.items()
    }
    return replace(study, scans=scans)
