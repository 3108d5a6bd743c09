"""``lesionaid rules``: the knowledge, readable."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesionaid.errors import UsageError

if TYPE_CHECKING:
    from lesionaid.criteria.model import CriteriaSet, Rule
    from lesionaid.reading.judge import Knowledge
    from lesionaid.signs.spec import SignSpec

__all__ = ["rules"]

SURVEILLANCE = "surveillance"

rules = typer.Typer(
    no_args_is_help=True, help="The rules, criteria sets and signs: list, show, check, read."
)


@rules.command("list")
def list_rules(
    signs: Annotated[bool, typer.Option("--signs", help="The sign catalogue instead.")] = False,
) -> None:
    """List rules and criteria sets, or the signs."""
    from lesionaid.reading.judge import load_knowledge

    known = load_knowledge()
    if signs:
        for sign in known.catalogue.signs.values():
            typer.echo(f"{sign.id:<36} {sign.title}")
        return
    for rule in known.rules.rules:
        typer.echo(f"{rule.id:<36} {rule.title} [{rule.grade}, {rule.status}]")
    for criteria in known.rules.criteria:
        mark = "" if criteria.verified else " [unverified]"
        typer.echo(f"{criteria.id:<36} {criteria.title}{mark}")
    for alert in known.rules.alerts:
        typer.echo(f"{alert.code:<36} {alert.title} [alert]")
    typer.echo(f"{SURVEILLANCE:<36} Published facts on MRI follow-up [facts, weigh nothing]")


@rules.command("show")
def show(
    name: Annotated[
        str,
        typer.Argument(help="Id of a rule, criteria set, alert or sign; or 'surveillance'."),
    ],
) -> None:
    """Print one rule, criteria set, alert or sign, as it is written."""
    from lesionaid.reading.judge import load_knowledge
    from lesionaid.rules_path import rules_dir

    if name == SURVEILLANCE:
        from lesionaid.book.surveillance import load_surveillance, surveillance_text

        typer.echo(surveillance_text(load_surveillance()), nl=False)
        return
    known = load_knowledge()
    found = dict(_files(known))
    wanted = name if name in found else known.catalogue.find(name) or name
    if wanted not in found:
        near = get_close_matches(name, found, n=3, cutoff=0.5)
        raise UsageError("U06", value=name + (f"; nearest: {', '.join(near)}" if near else ""))
    typer.echo((rules_dir() / found[wanted]).read_text(encoding="utf-8"), nl=False)
    if wanted in known.catalogue.signs:
        _show_links(known, known.catalogue.signs[wanted])


def _files(known: Knowledge) -> Iterator[tuple[str, str]]:
    """Files under ``rules/`` by id."""
    for rule in known.rules.rules:
        yield rule.id, rule.file
    for criteria in known.rules.criteria:
        yield criteria.id, criteria.file
    for alert in known.rules.alerts:
        yield alert.code, alert.file
    for name in (*known.catalogue.signs, *known.catalogue.inputs):
        yield name, f"signs/{name}.yaml"


def _show_links(known: Knowledge, sign: SignSpec) -> None:
    from lesionaid.criteria.expression import sign_leaves

    users = [rule.id for rule in known.rules.rules if sign.id in sign_leaves(rule.when)]
    if users:
        typer.echo(f"# used by: {', '.join(users)}")
    if sign.validation is not None:
        typer.echo(f"# its measure is: {sign.validation}")
    if sign.picture:
        typer.echo(f"# picture of a phantom: signs/{sign.picture}, beside this file")


@rules.command("check")
def check(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="Folder laid out like rules/, or a file in it; the installed rules when left out.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Load everything strictly and run the cases of every rule and criteria set."""
    from lesionaid.book.surveillance import FILE, load_surveillance
    from lesionaid.criteria.cases import run_cases
    from lesionaid.errors import RuleError
    from lesionaid.reading.judge import load_knowledge
    from lesionaid.rules_path import rules_dir

    folder = rules_dir() if path is None else _rules_folder(path)
    known = load_knowledge(folder)
    if (folder / FILE).is_file():
        load_surveillance(folder)
    names = frozenset(known.catalogue.signs)
    failed = []
    total = 0
    checked: tuple[Rule | CriteriaSet, ...] = (*known.rules.rules, *known.rules.criteria)
    for rule in checked:
        for case in run_cases(folder, rule, names):
            total += 1
            if not case.passed:
                failed.append(
                    f"{rule.id}: '{case.name}' gives {case.found.value}, not {case.expected.value}"
                )
    if failed:
        raise RuleError("E77", value="; ".join(failed))
    typer.echo(
        f"{len(known.rules.rules)} rules, {len(known.rules.criteria)} criteria sets, "
        f"{len(known.rules.alerts)} alerts, {len(names)} signs: in order, {total} cases pass"
    )


def _rules_folder(path: Path) -> Path:
    """The folder with ``references.yaml`` that `path` is, or lies in."""
    from lesionaid.errors import RuleError

    if not path.exists():
        raise RuleError("E01", file=path.name)
    for folder in (path, *path.resolve().parents):
        if (folder / "references.yaml").is_file():
            return folder
    raise RuleError("E64", value=f"no references.yaml in or above {path.name}")


@rules.command("coverage")
def coverage() -> None:
    """Which signs are used by what, how each can be known, which rules weigh nothing and why."""
    from lesionaid.book.coverage import cover, coverage_text
    from lesionaid.reading.judge import load_knowledge

    known = load_knowledge()
    typer.echo(coverage_text(cover(known.catalogue, known.rules)), nl=False)


@rules.command("book")
def book(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write, else print.", show_default=False),
    ] = None,
    signs: Annotated[bool, typer.Option("--signs", help="The sign catalogue instead.")] = False,
) -> None:
    """The knowledge as a chapter in Markdown: what each rule says, its strength, its limits."""
    from lesionaid.book.chapter import chapter
    from lesionaid.book.signs import sign_chapter
    from lesionaid.book.surveillance import load_surveillance
    from lesionaid.files import write_atomic
    from lesionaid.reading.judge import load_knowledge

    known = load_knowledge()
    if signs:
        text = sign_chapter(known.catalogue)
    else:
        text = chapter(known.catalogue, known.rules, load_surveillance())
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_atomic(output, text)
