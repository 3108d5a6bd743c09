"""The command line."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from lesionaid.errors import LesionaidError, OutputError

__all__ = ["DEFECT_EXIT_CODE", "main"]

DEFECT_EXIT_CODE = 70
"""``EX_SOFTWARE`` of sysexits.h."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run ``lesionaid`` and leave with its exit code.

    0 done, 2 usage, 65 bad data, 74 input or output, 70 a defect. An error is its message on
    standard error; ``LESIONAID_DEBUG=1`` adds the traceback.
    """
    _write_utf8()
    from lesionaid.cli.app import app

    try:
        app(args=None if arguments is None else list(arguments), prog_name="lesionaid")
    except Exception as error:
        sys.exit(_report(error))
    raise AssertionError("typer leaves by SystemExit")


def _report(error: Exception) -> int:
    """Print an error for a user and return the exit code."""
    if os.environ.get("LESIONAID_DEBUG"):
        traceback.print_exception(error)
    if isinstance(error, LesionaidError):
        known = error
    elif isinstance(error, MemoryError):
        known = OutputError("E76")
    elif isinstance(error, OSError) and error.filename is not None:
        name = os.path.basename(os.fsdecode(error.filename))
        known = OutputError("E75", file=name, value=error.strerror or str(error))
    else:
        known = LesionaidError("E99", value=f"{type(error).__name__}: {error}")
        known.exit_code = DEFECT_EXIT_CODE
    print(printable(known.message), file=sys.stderr)
    return known.exit_code


def printable(text: str) -> str:
    """Text without control characters, so that a file name cannot steer the terminal."""
    return "".join(
        character if character.isprintable() or character == "\n" else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )


def _write_utf8() -> None:
    """Write UTF-8 whatever the locale; what cannot be encoded is escaped, never fatal."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
