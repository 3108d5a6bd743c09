"""The commands, by name. Heavy libraries are imported inside them, never here."""

from __future__ import annotations

import typer

from lesionaid.cli.agreement import agreement
from lesionaid.cli.assess import assess, features
from lesionaid.cli.explain import explain, schema, version
from lesionaid.cli.read import read
from lesionaid.cli.robustness import robustness
from lesionaid.cli.rules import rules
from lesionaid.cli.segment import segment
from lesionaid.cli.simulate import simulate
from lesionaid.cli.validate import validate

__all__ = ["app"]

app = typer.Typer(
    name="lesionaid",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Research software. Not a medical device. PML is never excluded.",
    help="From brain MRI to measured lesions, named signs, published criteria and a pattern.",
)
app.command()(assess)
app.command()(robustness)
app.command()(features)
app.command()(segment)
app.command()(read)
app.command()(agreement)
app.command()(validate)
app.command()(simulate)
app.add_typer(rules, name="rules")
app.command()(explain)
app.command()(schema)
app.command()(version)
