"""``lesionaid read``: signs typed in by a reader, without images; and the empty forms."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesionaid.errors import FormError, UsageError
from lesionaid.reading.use import Use

if TYPE_CHECKING:
    from lesionaid.reading.judge import Judged

__all__ = ["read"]

FORMS = "Empty forms"


def read(
    cases: Annotated[
        Path | None,
        typer.Argument(metavar="[CASES]", help="Cases: YAML, JSON or TSV.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Folder for read.json and cases.tsv, or one .json file.",
            show_default=False,
        ),
    ] = None,
    use: Annotated[
        Use, typer.Option("--use", help="Signs alone; and context; and serology too.")
    ] = Use.SIGNS,
    all_dates: Annotated[
        bool, typer.Option("--all-dates", help="Also signs known only from a later scan.")
    ] = False,
    prior: Annotated[
        Path | None,
        typer.Option("--prior", help="The site's own prior, YAML.", show_default=False),
    ] = None,
    template: Annotated[
        Path | None,
        typer.Option(
            "--template",
            metavar="DIR",
            help="Write empty forms here, every sign explained.",
            show_default=False,
            rich_help_panel=FORMS,
        ),
    ] = None,
    blinded: Annotated[
        Path | None,
        typer.Option(
            "--cases",
            help="Ids, one a line: a blinded form for each, and the key, for a reader study.",
            show_default=False,
            rich_help_panel=FORMS,
        ),
    ] = None,
    readers: Annotated[
        str, typer.Option("--readers", help="Readers, by commas.", rich_help_panel=FORMS)
    ] = "reader1",
    seed: Annotated[
        int, typer.Option("--seed", help="Of the blinding.", rich_help_panel=FORMS)
    ] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Hold signs that were typed in against rules and criteria: one case or hundreds."""
    if template is not None:
        told = _write_forms(template, blinded, readers, seed)
    elif blinded is not None:
        raise UsageError("U08", value="--cases without --template")
    elif cases is not None and output is not None:
        told = _read(cases, output, use, all_dates, prior)
    else:
        raise UsageError("U07")
    if not quiet:
        typer.echo(told)


def _read(cases: Path, output: Path, use: Use, all_dates: bool, prior: Path | None) -> str:
    from lesionaid.cli import printable
    from lesionaid.reading.judge import judge_cases, load_knowledge
    from lesionaid.reading.prior import read_prior
    from lesionaid.reading.summary import summary
    from lesionaid.signs.cases import read_cases

    known = load_knowledge(prior=None if prior is None else read_prior(prior))
    given = read_cases(cases, known.catalogue, all_dates, use.parts)
    judged = judge_cases(given, use, known)
    shown = _write(judged, output, inputs=[path for path in (cases, prior) if path is not None])
    return printable(f"{summary(judged)}\nWritten: {shown}")


def _write(judged: tuple[Judged, ...], output: Path, inputs: list[Path]) -> Path:
    from lesionaid.files import write_atomic, write_together
    from lesionaid.reading.output import FILES, read_json, read_outputs

    alone = output.suffix.lower() == ".json"
    written = [output] if alone else [output / name for name in FILES]
    for path in inputs:
        if path.resolve() in {target.resolve() for target in written}:
            raise UsageError("U02", file=path.name)
    if alone:
        write_atomic(output, read_json(judged))
    else:
        write_together(output, read_outputs(judged))
    return written[-1]


def _write_forms(folder: Path, blinded: Path | None, readers: str, seed: int) -> str:
    from lesionaid.files import write_atomic
    from lesionaid.readers.blinding import blinded_forms, empty_forms
    from lesionaid.signs.catalogue import load_catalogue

    catalogue = load_catalogue()
    if blinded is None:
        made = empty_forms(catalogue)
        told = f"Empty forms: {', '.join(str(folder / name) for name in made)}"
    else:
        names = _reader_names(readers)
        made = blinded_forms(catalogue, _ids(blinded), names, seed)
        told = (
            f"Blinded forms in {', '.join(str(folder / name) for name in names)}; "
            f"keep {folder / 'key.tsv'} away from the readers."
        )
    for name in made:
        if (folder / name).exists():
            raise UsageError("U09", file=name)
    for name, text in made.items():
        write_atomic(folder / name, text)
    return told


def _reader_names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) or names.count(name) > 1:
            raise UsageError("U08", value=f"--readers {text}")
    return names


def _ids(path: Path) -> list[str]:
    """Ids of cases, one a line; empty lines and remarks left out."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError as missing:
        raise FormError("E01", file=path.name) from missing
    ids = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice or not ids:
        found = f"twice: {', '.join(twice)}" if twice else "no id in this file"
        raise FormError("E57", file=path.name, value=found)
    return ids
