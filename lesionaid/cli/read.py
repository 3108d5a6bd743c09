"""``lesionaid read``: signs typed in by a reader, without images; and the empty forms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesionaid.errors import UsageError
from lesionaid.reading.use import Use

if TYPE_CHECKING:
    from lesionaid.reading.judge import Judged, Knowledge

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
    elif cases is not None and output is not None:
        told = _read(cases, output, use, all_dates, prior)
    else:
        raise UsageError("U07")
    if not quiet:
        typer.echo(told)


def _read(cases: Path, output: Path, use: Use, all_dates: bool, prior: Path | None) -> str:
    from lesionaid.cli import printable
    from lesionaid.reading.judge import judge_cases
    from lesionaid.reading.summary import summary
    from lesionaid.signs.cases import read_cases

    known = _knowledge(prior)
    judged = judge_cases(read_cases(cases, all_dates=all_dates), use, known)
    shown = _write(judged, output, inputs=[path for path in (cases, prior) if path is not None])
    return printable(f"{summary(judged)}\nWritten: {shown}")


def _knowledge(prior: Path | None) -> Knowledge:
    from lesionaid.criteria.load import load_rules
    from lesionaid.reading.judge import Knowledge
    from lesionaid.reading.prior import read_prior
    from lesionaid.rules_path import rules_dir
    from lesionaid.signs.catalogue import load_catalogue

    catalogue = load_catalogue()
    rules = load_rules(rules_dir(), frozenset(catalogue.signs))
    return Knowledge(catalogue, rules, None if prior is None else read_prior(prior))


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
