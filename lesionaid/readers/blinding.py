"""Forms to hand out: empty ones, and blinded ones with the key that opens them again."""

from __future__ import annotations

import random
from collections.abc import Sequence

from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.signs.template import template_tsv, template_yaml

__all__ = ["KEY_COLUMNS", "blinded_forms", "codes", "empty_forms"]

KEY_COLUMNS = ("case", "id")

_HEAD = """\
# One case, one reader. true, false, or nothing where the images do not tell: nothing is
# unknown, never absent. Read the images without clinical data, reports or other readers' forms.
"""


def empty_forms(catalogue: SignCatalogue) -> dict[str, str]:
    """Empty forms by file name: YAML, and TSV for a spreadsheet."""
    return {"cases.yaml": template_yaml(catalogue), "cases.tsv": template_tsv(catalogue)}


def codes(ids: Sequence[str], seed: int) -> dict[str, str]:
    """Blinded codes and the ids behind them, numbered in an order that tells nothing.

    Parameters
    ----------
    ids : sequence of str
        The order in which they are given does not matter.
    seed : int
        The same seed gives the same codes.
    """
    shuffled = sorted(ids)
    random.Random(seed).shuffle(shuffled)
    width = max(2, len(str(len(shuffled))))
    return {f"case{number:0{width}d}": name for number, name in enumerate(shuffled, start=1)}


def blinded_forms(
    catalogue: SignCatalogue, ids: Sequence[str], readers: Sequence[str], seed: int
) -> dict[str, str]:
    """Forms of a reader study by path, and ``key.tsv``.

    Each reader has a folder with a YAML form a case, and a table with all cases, to be filled in
    instead where a spreadsheet is preferred; its columns stand in the reader's own order.
    """
    key = codes(ids, seed)
    made = {}
    for reader in readers:
        for code in key:
            made[f"{reader}/{code}.yaml"] = _form(catalogue, code, reader)
        order = list(key)
        random.Random(f"{seed} {reader}").shuffle(order)
        made[f"{reader}/{reader}.tsv"] = _without_context(template_tsv(catalogue, tuple(order)))
    rows = ["\t".join(KEY_COLUMNS), *(f"{code}\t{name}" for code, name in key.items())]
    made["key.tsv"] = "\n".join(rows) + "\n"
    return made


def _form(catalogue: SignCatalogue, code: str, reader: str) -> str:
    """The signs of the YAML template, under a code and the reader's name."""
    signs = template_yaml(catalogue).partition("\n  signs:\n")[2].partition("\n  context:\n")[0]
    return f"{_HEAD}- id: {code}\n  reader: {reader}\n  signs:\n{signs}"


def _without_context(table: str) -> str:
    rows = table.splitlines(keepends=True)
    return "".join(row for row in rows if not row.startswith(("context\t", "serostatus\t")))
