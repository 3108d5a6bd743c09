"""Where the knowledge lies: inside the installed package, or in the checkout beside it."""

from __future__ import annotations

from pathlib import Path

from lesionaid.errors import RuleError

__all__ = ["rules_dir"]

_PACKAGE = Path(__file__).resolve().parent


def rules_dir() -> Path:
    """Folder of the rules, signs, context keys and references.

    Raises
    ------
    RuleError
        ``E64`` when the installation lost them.
    """
    for folder in (_PACKAGE / "_rules", _PACKAGE.parent / "rules"):
        if (folder / "signs").is_dir():
            return folder
    raise RuleError("E64", value="neither lesionaid/_rules nor rules/ is there")
