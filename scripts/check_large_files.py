"""Refuse files over 4 MiB (pre-commit passes their names)."""

from __future__ import annotations

import sys
from pathlib import Path

LIMIT_BYTES = 4 * 1024 * 1024


def main(names: list[str]) -> int:
    large = [
        name for name in names if Path(name).is_file() and Path(name).stat().st_size > LIMIT_BYTES
    ]
    for path in large:
        print(f"{path}: over 4 MiB; store a smaller file or a script that makes it")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
