"""``lesionaid simulate``: studies with known answers, never presented as patients."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from lesionaid.cli.options import QuietOption
from lesionaid.cli.progress import counted, stages

__all__ = ["simulate"]


def simulate(
    output: Annotated[Path, typer.Argument(metavar="OUT", help="Folder, empty or new.")],
    disease: Annotated[
        list[str], typer.Option("--disease", help="ms, pml …, or all; may be repeated.")
    ] = ["ms"],  # noqa: B006
    n: Annotated[int, typer.Option("--n", min=1, help="Patients of each disease.")] = 1,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same seed, same files.")] = 0,
    family: Annotated[str, typer.Option("--family", help="Generators: first or second.")] = "first",
    brain: Annotated[
        Path | None,
        typer.Option(
            "--brain", help="Your own brain: FreeSurfer or SynthSeg labels, or a stripped scan."
        ),
    ] = None,
    voxel: Annotated[float, typer.Option("--voxel", min=0.8, max=4.0, help="Voxel, mm.")] = 1.0,
    atrophy: Annotated[
        float,
        typer.Option(
            "--atrophy", min=0.0, max=1.5, help="Cortex lost, mm; ventricles widen with it."
        ),
    ] = 0.0,
    slices: Annotated[
        float | None, typer.Option("--slices", min=0.8, max=8.0, help="Slice thickness, mm.")
    ] = None,
    gap: Annotated[float, typer.Option("--gap", min=0.0, max=3.0, help="Slice gap, mm.")] = 0.0,
    ghost: Annotated[
        float, typer.Option("--ghost", min=0.0, max=0.5, help="Share in motion ghosts.")
    ] = 0.0,
    sessions: Annotated[
        int | None, typer.Option("--sessions", min=1, max=6, help="Dates of each patient.")
    ] = None,
    scanner_change: Annotated[
        bool, typer.Option("--scanner-change", help="Earlier dates by another protocol.")
    ] = False,
    contrasts: Annotated[
        str | None, typer.Option("--contrasts", help="With commas: FLAIR,T1w,SWI …")
    ] = None,
    nprocs: Annotated[int, typer.Option("--nprocs", min=1, help="Processes.")] = 1,
    bids: Annotated[
        bool, typer.Option("--bids/--study", help="BIDS, or one folder a patient.")
    ] = True,
    quiet: QuietOption = False,
) -> None:
    """Simulate studies with known lesions; nobody is scanned."""
    from lesionaid.errors import UsageError
    from lesionaid.simulate.diseases import FAMILIES
    from lesionaid.simulate.generate import Order, make_dataset, patients
    from lesionaid.simulate.protocol import Protocol
    from lesionaid.study.scan import Contrast

    known = {contrast.value.casefold(): contrast for contrast in Contrast}
    chosen = None
    if contrasts is not None:
        names = [name.strip() for name in contrasts.split(",")]
        unknown = [name for name in names if name.casefold() not in known]
        if unknown:
            raise UsageError("U23", value=", ".join(unknown))
        chosen = tuple(known[name.casefold()] for name in names)
    diseases = tuple(FAMILIES.get(family, {})) if "all" in disease else tuple(disease)
    protocol = Protocol(chosen, sessions, slices, gap, ghost, scanner_change=scanner_change)
    order = Order(
        diseases or tuple(disease), n, seed, family, voxel, protocol, bids, atrophy_mm=atrophy
    )
    total = len(patients(order))
    if brain is not None:
        with stages(quiet) as tell:
            tell("Registering the brain to the template")
            from lesionaid.simulate.own_brain import read_brain

            order = replace(order, base=read_brain(brain, voxel))
    with counted(quiet, total) as done:
        for patient in make_dataset(order, output, processes=nprocs):
            done(f"sub-{patient.label}")
    if not quiet:
        typer.echo(f"{total} simulated patients in {output} (no patients; known answers beside)")
