"""``lesionaid agreement``: a reader study, from filled forms to kappa."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["agreement"]


def agreement(
    forms: Annotated[
        Path, typer.Argument(metavar="FORMS_DIR", help="Folder of filled forms, one a case.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the tables.", show_default=False)
    ],
    computed: Annotated[
        Path | None,
        typer.Option(
            "--computed",
            help="Folder of results of assess, one a case: the computer as a reader.",
            show_default=False,
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="key.tsv of blinded forms.", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Agreement of readers with one another and with the computed signs, sign by sign."""
    from lesionaid.cli import printable
    from lesionaid.files import write_together
    from lesionaid.readers.agreement import COMPUTED, compare
    from lesionaid.readers.forms import computed_forms, read_forms, read_key, unblind
    from lesionaid.reading.agreement import agreement_outputs, agreement_text
    from lesionaid.signs.catalogue import load_catalogue

    catalogue = load_catalogue()
    found = read_forms(forms, catalogue)
    if key is not None:
        found = unblind(found, read_key(key))
    if computed is not None:
        found += computed_forms(computed, COMPUTED)
    study = compare(found, tuple(catalogue.signs))
    titles = {name: sign.title for name, sign in catalogue.signs.items()}
    write_together(output, agreement_outputs(study, titles))
    if not quiet:
        typer.echo(printable(agreement_text(study)), nl=False)
