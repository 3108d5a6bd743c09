"""Lesions by an outside command: any segmenter that reads and writes NIfTI.

The command is split as a shell would and run without one, in a folder of its own that is removed
afterwards. It gets the aligned scans, all on the reference grid, so its mask lies there too.
"""

from __future__ import annotations

import os
import shlex
import signal
import string
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lesionaid.anatomy.map import AnatomyMap
from lesionaid.errors import Note, OutputError, UsageError
from lesionaid.geometry import Grid
from lesionaid.study.mask import load_mask
from lesionaid.study.options import GateOptions
from lesionaid.study.scan import Contrast, LesionMask, Study

__all__ = ["PLACEHOLDERS", "TIMEOUT_S", "run_segmenter"]

PLACEHOLDERS: Mapping[str, Contrast] = {
    "flair": Contrast.FLAIR,
    "t1": Contrast.T1W,
    "t1ce": Contrast.T1W_CE,
    "t2": Contrast.T2W,
}
"""Scans that a command may ask for, beside {brain}, {out} and {out_dir}."""

TIMEOUT_S = 3600.0
"""Time limit when none is given; learned segmenters take minutes on a processor."""

LAST_LINES = 3


def run_segmenter(
    command: str,
    study: Study,
    anatomy: AnatomyMap,
    *,
    timeout_s: float = TIMEOUT_S,
    options: GateOptions | None = None,
) -> tuple[LesionMask, tuple[Note, ...]]:
    """Run an outside segmenter on the aligned scans, and read its mask through the gate.

    Parameters
    ----------
    command : str
        With ``{flair} {t1} {t1ce} {t2} {brain}`` for files to read, and ``{out}`` for the mask
        to write or ``{out_dir}`` for a folder in which it writes exactly one NIfTI file.
    study : Study
        Aligned.
    anatomy : AnatomyMap
        Gives the brain mask.
    timeout_s : float
        Seconds.
    options : GateOptions, optional
        How the mask is read: lesion labels, threshold.

    Raises
    ------
    UsageError
        ``U31`` for a command that cannot be read, asks for a scan that is not there, or names
        no output.
    OutputError
        ``E85`` not started, ``E86`` failed, ``E87`` out of time, ``E88`` no mask.
    MaskError, GridError, GateError
        As for a mask that was given.
    """
    words, names = _parsed(command)
    missing = [n for n in sorted(names & set(PLACEHOLDERS)) if PLACEHOLDERS[n] not in study.scans]
    if missing:
        raise UsageError("U31", value=f"no scan for {', '.join(f'{{{n}}}' for n in missing)}")
    with tempfile.TemporaryDirectory(prefix="lesionaid-segmenter-") as folder:
        place = Path(folder)
        paths = _written(place, names, study, anatomy)
        _run([word.format(**paths) for word in words], place, timeout_s)
        found = _mask_file(place)
        flair = study.scans.get(Contrast.FLAIR) or next(iter(study.scans.values()), None)
        mask, notes = load_mask(found, flair, options)
    name = f"candidates of {Path(words[0]).name}"
    source = replace(mask.source, name=name, sha256="")
    return replace(mask, source=source, origin="segmenter"), notes


def _parsed(command: str) -> tuple[list[str], set[str]]:
    """Words of the command and the names in braces in them."""
    known = {*PLACEHOLDERS, "brain", "out", "out_dir"}
    try:
        words = shlex.split(command)
        names = {
            str(name)
            for word in words
            for _, name, form, conversion in string.Formatter().parse(word)
            if name is not None and not (form or conversion)
        }
    except ValueError as error:
        raise UsageError("U31", value=str(error)) from None
    strange = sorted(names - known)
    if not words or strange or not names & {"out", "out_dir"}:
        reason = f"unknown {{{strange[0]}}}" if strange else "no {out} or {out_dir}"
        raise UsageError("U31", value=reason if words else "empty")
    return words, names


def _written(place: Path, names: set[str], study: Study, anatomy: AnatomyMap) -> dict[str, str]:
    """Write what the command asks for; paths by the name in braces."""
    out_dir = place / "out"
    out_dir.mkdir()
    paths = {"out": str(out_dir / "lesions.nii.gz"), "out_dir": str(out_dir)}
    for name in sorted(names & set(PLACEHOLDERS)):
        scan = study.scans[PLACEHOLDERS[name]]
        paths[name] = _save(place / f"{name}.nii.gz", scan.data, scan.grid)
    if "brain" in names:
        paths["brain"] = _save(place / "brain.nii.gz", anatomy.brain.astype(np.uint8), anatomy.grid)
    return paths


def _save(path: Path, data: NDArray[Any], grid: Grid) -> str:
    import nibabel as nib

    image = nib.Nifti1Image(data, grid.affine)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return str(path)


def _run(words: list[str], place: Path, timeout_s: float) -> None:
    name = Path(words[0]).name
    log = place / "log.txt"
    with log.open("wb") as stream:
        try:
            process = subprocess.Popen(
                words,
                cwd=place,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise OutputError("E85", value=f"{name}: {error.strerror}") from error
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise OutputError("E87", value=f"{name}, {timeout_s:g} s") from None
        finally:
            _stop(process)
    if code != 0:
        raise OutputError("E86", value=f"{name} ended with {code}{_last_words(log)}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the command and what it started, if it is still there."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    told = [line for line in lines if line][-LAST_LINES:]
    return f": {' | '.join(told)}" if told else ""


def _mask_file(place: Path) -> Path:
    """The mask itself, or the one NIfTI file in the output folder."""
    folder = place / "out"
    named = folder / "lesions.nii.gz"
    if named.exists():
        return named
    found = sorted(path for path in folder.iterdir() if path.name.endswith((".nii", ".nii.gz")))
    if len(found) != 1:
        names = ", ".join(path.name for path in found)
        raise OutputError("E88", value=f"found {names}" if names else "")
    return found[0]
