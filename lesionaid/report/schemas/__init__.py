"""JSON Schemas (draft 2020-12) of every output and form, as package data."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["schema_names", "schema_text"]

_SUFFIX = ".schema.json"


def schema_names() -> tuple[str, ...]:
    """Names of the schemas, sorted."""
    found = (entry.name for entry in files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in found if name.endswith(_SUFFIX)))


def schema_text(name: str) -> str:
    """One schema as JSON text.

    Raises
    ------
    FileNotFoundError
        When there is none of that name.
    """
    return files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8")
