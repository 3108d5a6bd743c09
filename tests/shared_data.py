"""The real scans beside the checkout, which are never committed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def shared_root() -> Path | None:
    """Folder of the shared material, from ``LESIONAID_SHARED`` or beside the checkout."""
    named = os.environ.get("LESIONAID_SHARED")
    folder = Path(named) if named else ROOT.parent / "shared"
    return folder if (folder / "data").is_dir() else None


def shared_data() -> Path:
    """Folder of the real scans; skips the test, with the reason, where it is absent."""
    root = shared_root()
    if root is None:
        pytest.skip("real scans are not here (set LESIONAID_SHARED)")
    return root / "data"
