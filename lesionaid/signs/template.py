"""An empty form with every sign explained, as YAML and as a table for a spreadsheet."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from lesionaid.context import ContextKey, context_keys, serostatus_keys
from lesionaid.signs.case_table import TEMPLATE_COLUMNS
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.signs.condition import uses_measurements
from lesionaid.signs.spec import SECTIONS, InputSpec, SignSpec

__all__ = ["template_tsv", "template_yaml"]

_HEAD = """\
# lesionaid: a form for one case; copy the block from '- id' on for more.
# true, false, or nothing where the images or the report do not tell: nothing is unknown,
# never absent. Signs are those of the index scan; what only a later scan shows goes into
# followup_only as a list of names. Nothing here is a diagnosis.
"""
_WIDTH = 92


def template_yaml(catalogue: SignCatalogue) -> str:
    """An empty case list that :func:`lesionaid.signs.cases.read_cases` reads as it stands."""
    lines = [_HEAD + "- id: case1", "  followup_only: []", "  signs:"]
    for title, specs in _sections(catalogue):
        lines += ["", f"    # ==== {title}"]
        for spec in specs:
            lines += _comment(f"{spec.title}. {spec.reader} [{_allowed(spec)}]")
            lines.append(f"    {spec.id}:")
    for name, keys in (("context", context_keys()), ("serostatus", serostatus_keys())):
        lines += ["", f"  {name}:"]
        for key in keys.values():
            lines += _comment(f"{key.title}. {key.explain} [{key.allowed}]")
            lines.append(f"    {key.name}:")
    return "\n".join(lines) + "\n"


def template_tsv(catalogue: SignCatalogue, cases: tuple[str, ...] = ("case1",)) -> str:
    """An empty table: a row a sign with its explanation, a column a case.

    Parameters
    ----------
    catalogue : SignCatalogue
    cases : tuple of str
        Ids of the cases, in the order of their columns.
    """
    rows = [(*TEMPLATE_COLUMNS, *cases)]
    empty = ("",) * len(cases)
    for title, specs in _sections(catalogue):
        for spec in specs:
            rows.append(
                ("sign", spec.id, _allowed(spec), spec.title, f"{title}: {spec.reader}", *empty)
            )
    for keys in (context_keys(), serostatus_keys()):
        rows += [_context_row(key) + empty for key in keys.values()]
    return "".join("\t".join(row) + "\n" for row in rows)


def _context_row(key: ContextKey) -> tuple[str, ...]:
    return (key.section, key.name, key.allowed, key.title, key.explain)


def _sections(catalogue: SignCatalogue) -> Iterator[tuple[str, list[SignSpec | InputSpec]]]:
    """Entries by section; those that follow from other answers stand last."""
    entries: list[SignSpec | InputSpec] = [*catalogue.inputs.values(), *catalogue.signs.values()]
    asked = [spec for spec in entries if not _follows(spec)]
    for section, title in SECTIONS.items():
        specs = [spec for spec in asked if spec.section == section]
        if specs:
            yield title, specs
    yield (
        "Worked out from the other answers where left blank",
        [spec for spec in entries if _follows(spec)],
    )


def _follows(spec: SignSpec | InputSpec) -> bool:
    """Whether a sign is defined by other answers, so that a reader need not give it."""
    if isinstance(spec, InputSpec):
        return False
    composite = spec.measure is not None and not uses_measurements(spec.measure)
    return composite or bool(spec.reads_as)


def _allowed(spec: SignSpec | InputSpec) -> str:
    """What may stand in the form, in words."""
    words = [word for word in spec.values if word not in ("true", "false")]
    if isinstance(spec, SignSpec):
        return ", ".join(["true", "false", *words])
    if spec.kind == "number":
        return f"a number in {spec.unit}"
    if spec.kind == "text":
        return "text"
    return ("any of: " if spec.kind == "list" else "one of: ") + ", ".join(words)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent="    # ",
        subsequent_indent="    #   ",
        break_long_words=False,
        break_on_hyphens=False,
    )
