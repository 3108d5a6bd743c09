"""Cases as a spreadsheet's table, tab- or comma-separated, brought into the shape of a list."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lesionaid.context import context_keys, plain_name, serostatus_keys
from lesionaid.errors import FormError, OutputError
from lesionaid.signs.catalogue import SignCatalogue
from lesionaid.strict_yaml import Key, Loaded

__all__ = ["TEMPLATE_COLUMNS", "read_table"]

TEMPLATE_COLUMNS = ("part", "key", "allowed", "title", "explanation")
"""Columns of the template, before one column a case."""

_CASE_COLUMNS = ("id", "followup_only", "label", "final_diagnosis", "tier", "note", "notes")
_BLANK = ("", "n/a", "na", "unknown", "?")
_NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)?\Z")
_PARTS = {"sign": "signs", "context": "context", "serostatus": "serostatus"}


def read_table(path: Path, catalogue: SignCatalogue, *, max_bytes: int) -> Loaded:
    """Read a table of cases.

    Parameters
    ----------
    path : Path
        ``.csv`` for commas (or semicolons, where the header has them), else tabs.
    catalogue : SignCatalogue
    max_bytes : int

    Returns
    -------
    Loaded
        A list of cases as YAML would give it, with the lines of the table.

    Raises
    ------
    FormError
        ``E01`` not there, ``E50`` unreadable, ``E53`` a column or row that is no sign,
        ``E56`` shape.
    """
    rows = _cells(path, max_bytes)
    header = [plain_name(cell) for cell in rows[0][1]] if rows else []
    table = _Table(path.name, catalogue)
    if "key" in header:
        table.by_sign(header, rows)
    elif "id" in header:
        table.by_case(rows)
    else:
        raise FormError(
            "E56",
            file=path.name,
            value="the first line needs a column 'id' (a row a case) or 'key' (a row a sign)",
        )
    return Loaded(list(table.cases.values()), path.name, table.lines)


def _cells(path: Path, max_bytes: int) -> list[tuple[int, list[str]]]:
    """Line number and cells of every row that holds anything."""
    try:
        data = path.read_bytes() if path.stat().st_size <= max_bytes else None
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as missing:
        raise FormError("E01", file=path.name) from missing
    except OSError as failure:
        raise OutputError("E74", file=path.name, value=str(failure.strerror)) from failure
    if data is None:
        raise FormError("E50", file=path.name, value=f"over {max_bytes:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        raise FormError("E50", file=path.name, value="not UTF-8 text") from failure
    first = text.split("\n", 1)[0]
    separator = "\t" if path.suffix.lower() == ".tsv" else ";" if first.count(";") else ","
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True)
    try:
        return [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as failure:
        where = f"{path.name}:{reader.line_num}"
        raise FormError("E50", file=where, value=str(failure)) from failure


class _Table:
    """Cases under construction, and where their cells stand."""

    def __init__(self, name: str, catalogue: SignCatalogue) -> None:
        self.name, self.catalogue = name, catalogue
        self.cases: dict[int, dict[str, Any]] = {}
        self.lines: dict[Key, int] = {}

    def by_case(self, rows: list[tuple[int, list[str]]]) -> None:
        """A row a case."""
        line, header = rows[0]
        names = [cell.strip() for cell in header]
        places = [self._place(name, line) for name in names]
        for number, (row_line, row) in enumerate(rows[1:]):
            self._check_width(row, names, row_line)
            case = self._new(number, row_line)
            for (part, key), cell in zip(places, row, strict=False):
                self._put(case, (number, part, key), row_line, cell)

    def by_sign(self, header: list[str], rows: list[tuple[int, list[str]]]) -> None:
        """A row a sign, as in the template; every further column is a case."""
        key_at = header.index("key")
        part_at = header.index("part") if "part" in header else None
        names = [cell.strip() for cell in rows[0][1]]
        columns = [i for i, name in enumerate(header) if name and name not in TEMPLATE_COLUMNS]
        for number, i in enumerate(columns):
            self._new(number, rows[0][0])["id"] = names[i]
        for line, row in rows[1:]:
            self._check_width(row, names, line)
            row = row + [""] * (len(header) - len(row))
            said = row[part_at].strip() if part_at is not None else ""
            part, key = self._place(f"{said}.{row[key_at].strip()}".lstrip("."), line)
            for number, i in enumerate(columns):
                self._put(self.cases[number], (number, part, key), line, row[i])

    def _new(self, number: int, line: int) -> dict[str, Any]:
        self.lines[(number,)] = line
        return self.cases.setdefault(number, {"signs": {}, "context": {}, "serostatus": {}})

    def _check_width(self, row: list[str], names: list[str], line: int) -> None:
        if any(cell.strip() for cell in row[len(names) :]):
            found = f"{len(row)} cells under {len(names)} names"
            raise FormError("E56", file=f"{self.name}:{line}", value=found)

    def _place(self, name: str, line: int) -> tuple[str, str]:
        """Part of a case and key in it that a name stands for: ``context.host``, ``focal``."""
        said, _, key = name.rpartition(".")
        if said:
            if said not in _PARTS:
                found = f"part '{said}'; allowed: {', '.join(_PARTS)}"
                raise FormError("E56", file=f"{self.name}:{line}", value=found)
            return _PARTS[said], key
        if not name or plain_name(name) in _CASE_COLUMNS:
            return "", plain_name(name)
        if self.catalogue.find(name) is None and _context_section(name):
            return _context_section(name), name
        return "signs", name  # an unknown name is refused where the sign is read

    def _put(self, case: dict[str, Any], path: tuple[int, str, str], line: int, cell: str) -> None:
        number, part, key = path
        text = cell.strip()
        if not key or (plain_name(text) in _BLANK and not (key == "id" and text)):
            if part and key:
                self._name_only(case[part], key, (number, part, key), line)
            return
        if not part:
            case[key] = _split(text) if key == "followup_only" else text
            self.lines[(number, key)] = line
            return
        if key in case[part] and case[part][key] is not None:
            found = f"'{key}' stands twice"
            raise FormError("E56", file=f"{self.name}:{line}", value=found)
        case[part][key] = self._value(part, key, text)
        self.lines[(number, part, key)] = line

    def _name_only(self, part: dict[str, Any], key: str, path: Key, line: int) -> None:
        """An empty cell is unknown, but its name is checked like any other."""
        part.setdefault(key, None)
        self.lines.setdefault(path, line)

    def _value(self, part: str, key: str, text: str) -> object:
        """A cell as YAML would have given it."""
        found = self.catalogue.find(key) if part == "signs" else None
        spec = self.catalogue.inputs.get(found or "")
        if spec is not None and spec.kind == "list":
            return _split(text)
        numeric = spec.kind == "number" if spec is not None else part != "signs"
        if numeric and _NUMBER.match(text):
            return float(text.replace(",", "."))
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        return text


def _context_section(name: str) -> str:
    for section, keys in (("context", context_keys()), ("serostatus", serostatus_keys())):
        for key in keys.values():
            if plain_name(name) in map(plain_name, (key.name, *key.aliases)):
                return section
    return "context" if plain_name(name).endswith("_note") else ""


def _split(text: str) -> list[str]:
    return list(_words(text))


def _words(text: str) -> Iterator[str]:
    for word in re.split(r"[;,|]", text):
        if word.strip():
            yield word.strip()
