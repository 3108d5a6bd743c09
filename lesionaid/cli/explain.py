"""``lesionaid explain``, ``schema`` and ``version``."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

import typer

from lesionaid import __version__
from lesionaid.codes import CODES
from lesionaid.errors import UsageError

__all__ = ["explain", "schema", "version"]


def explain(
    code: Annotated[str | None, typer.Argument(help="A code such as E27; none lists all.")] = None,
) -> None:
    """Say what a code means, why it matters and how to mend it."""
    if code is None:
        for name in sorted(CODES):
            typer.echo(f"{name}  {CODES[name].title}")
        return
    name = code.strip().upper()
    if name not in CODES:
        near = get_close_matches(name, CODES, n=3, cutoff=0.5)
        raise UsageError("U03", value=code + (f"; nearest: {', '.join(near)}" if near else ""))
    entry = CODES[name]
    typer.echo(f"{name}  {entry.title}\nWhy it matters: {entry.why}\nFix: {entry.fix}")


def schema(
    name: Annotated[
        str | None, typer.Argument(help="verdict, measurements, run, …; none lists all.")
    ] = None,
) -> None:
    """Print the JSON Schema of an output or of a form."""
    from lesionaid.report.schemas import schema_names, schema_text

    if name is None:
        typer.echo("\n".join(schema_names()))
        return
    if name not in schema_names():
        raise UsageError("U04", value=f"{name}; known: {', '.join(schema_names())}")
    typer.echo(schema_text(name), nl=False)


def version() -> None:
    """Print the version."""
    typer.echo(f"lesionaid {__version__}")
