"""YAML as strict as JSON, with line numbers: for forms typed by people and for rule files.

Only ``true`` and ``false`` are booleans and only JSON's numbers are numbers: ``yes``, ``no``,
``on``, ``off``, ``010``, ``0x1F``, ``1_000``, ``12:30`` and ``2024-05-01`` stay text, so that
no value changes its meaning on the way in. Duplicate keys, anchors, aliases, tags and
several documents in one file are refused, and so is a file over a size limit.

References
----------
YAML 1.2.2, section 10.2 (JSON schema); the traps are those of YAML 1.1's implicit types.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import yaml

from lesionaid.errors import FormError, InputError, OutputError

__all__ = ["Key", "Loaded", "load_strict", "load_strict_file"]

Key = tuple[str | int, ...]
"""Path to a value: ``("evidence", 0, "cite")``. Keys of mappings are always text."""

MAX_BYTES = 256_000
MAX_DEPTH = 32
MAX_NUMBER_LENGTH = 30

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\Z")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's value, and the line on which each part of it stands.

    Parameters
    ----------
    value : dict, list, str, int, float, bool or None
    name : str
        File name without folders.
    lines : mapping of path to int
        Empty for JSON, whose parser keeps no lines.
    """

    value: Any
    name: str
    lines: Mapping[Key, int] = field(default_factory=dict)

    def line(self, path: Key = ()) -> int | None:
        """Line of `path`, or of the nearest thing around it that is in the file."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def where(self, path: Key = ()) -> str:
        """``"file.yaml:12"``, or the bare name where lines are not known."""
        line = self.line(path)
        return self.name if line is None else f"{self.name}:{line}"


def load_strict_file(
    path: Path,
    *,
    error: type[InputError] = FormError,
    code: str = "E50",
    max_bytes: int = MAX_BYTES,
) -> Loaded:
    """Read a YAML file, or a JSON file if its name ends in ``.json``.

    Raises
    ------
    InputError
        Of the type `error`: ``E01`` when the file is not there, else `code`.
    OutputError
        ``E74`` when the disk refuses.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(max_bytes + 1)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as missing:
        raise error("E01", file=path.name) from missing
    except OSError as failure:
        raise OutputError("E74", file=path.name, value=str(failure.strerror)) from failure
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        if len(data) <= max_bytes:
            raise error(code, file=path.name, value="not UTF-8 text") from failure
        text = data.decode("utf-8-sig", errors="replace")
    load = _load_json if path.suffix.lower() == ".json" else load_strict
    return load(text, name=path.name, error=error, code=code, max_bytes=max_bytes)


def load_strict(
    text: str,
    *,
    name: str,
    error: type[InputError] = FormError,
    code: str = "E50",
    max_bytes: int = MAX_BYTES,
) -> Loaded:
    """Read one YAML document of plain values.

    Parameters
    ----------
    text : str
    name : str
        What to call the file in messages.
    error, code
        Exception type and code for everything that is refused.
    max_bytes : int
        Size limit.

    Returns
    -------
    Loaded
    """
    if len(text.encode()) > max_bytes:
        raise error(code, file=name, value=f"over {max_bytes:,} bytes")
    return _Reader(text, name, error, code).read()


def _load_json(
    text: str, *, name: str, error: type[InputError], code: str, max_bytes: int
) -> Loaded:
    def refuse(found: str) -> NoReturn:
        raise error(code, file=name, value=found)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                refuse(f"the key '{key}' stands twice")
            result[key] = value
        return result

    def finite(number: str) -> float:
        value = float(number)
        return value if math.isfinite(value) else refuse(f"the number {number} is too large")

    if len(text.encode()) > max_bytes:
        refuse(f"over {max_bytes:,} bytes")
    try:
        value = json.loads(
            text,
            object_pairs_hook=unique,
            parse_float=finite,
            parse_constant=lambda word: refuse(f"{word} is not a value"),
        )
    except json.JSONDecodeError as failure:
        raise error(code, file=f"{name}:{failure.lineno}", value=failure.msg) from failure
    except (RecursionError, ValueError) as failure:
        raise error(code, file=name, value="nested too deeply, or a number too long") from failure
    return Loaded(value, name)


def _line_of(event: Any) -> int:
    return int(event.start_mark.line) + 1


class _Reader:
    """Builds plain values from the parser's events, one pass."""

    def __init__(self, text: str, name: str, error: type[InputError], code: str) -> None:
        self.name, self.error, self.code = name, error, code
        self.lines: dict[Key, int] = {}
        self.events: Iterator[Any] = yaml.parse(text, Loader=_Loader)

    def read(self) -> Loaded:
        try:
            next(self.events)  # start of the stream
            value = None
            if not isinstance(self._next(), yaml.StreamEndEvent):
                value = self._value(self._next(), ())
                self._next()  # end of the document
                after = self._next()
                if not isinstance(after, yaml.StreamEndEvent):
                    self._refuse(after, "a second document ('---'); keep one in a file")
        except yaml.MarkedYAMLError as failure:
            mark = failure.problem_mark or failure.context_mark
            where = self.name if mark is None else f"{self.name}:{mark.line + 1}"
            problem = failure.problem or str(failure)
            raise self.error(self.code, file=where, value=problem) from failure
        except yaml.YAMLError as failure:  # characters that no YAML may hold
            problem = str(failure).splitlines()[0]
            raise self.error(self.code, file=self.name, value=problem) from failure
        return Loaded(value, self.name, self.lines)

    def _next(self) -> Any:
        return next(self.events)

    def _refuse(self, event: Any, found: str) -> NoReturn:
        raise self.error(self.code, file=f"{self.name}:{_line_of(event)}", value=found)

    def _value(self, event: Any, path: Key) -> Any:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(event, f"an alias ('*{event.anchor}'); write the value out")
        if event.anchor is not None:
            self._refuse(event, f"an anchor ('&{event.anchor}'); write the value out")
        if event.tag is not None:
            self._refuse(event, f"a tag ('{event.tag}'); plain values only")
        if len(path) > MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        self.lines.setdefault(path, _line_of(event))
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event)

    def _mapping(self, path: Key) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._refuse(event, "a key that is not plain text")
            if event.anchor is not None or event.tag is not None:
                self._refuse(event, "an anchor or tag on a key; plain text only")
            key = str(event.value)
            inner = (*path, key)
            if key in result:
                first = self.lines[inner]
                self._refuse(event, f"the key '{key}' stands twice (first on line {first})")
            self.lines[inner] = _line_of(event)
            result[key] = self._value(self._next(), inner)
        return result

    def _sequence(self, path: Key) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            result.append(self._value(event, (*path, len(result))))
        return result

    def _scalar(self, event: Any) -> str | int | float | bool | None:
        text = str(event.value)
        if event.style is not None and event.style != "":  # quoted or a block: always text
            return text
        if text in _WORDS:
            return _WORDS[text]
        number = _INTEGER.match(text) or _FLOAT.match(text)
        if number is None:
            return text
        if len(text) > MAX_NUMBER_LENGTH or not math.isfinite(float(text)):
            self._refuse(event, f"the number {text[:MAX_NUMBER_LENGTH]}… is too large")
        return int(text) if _INTEGER.match(text) else float(text)
