"""Check that the built wheel carries its data and works away from the checkout."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

NEEDED = (
    "lesionaid/_rules/references.yaml",
    "lesionaid/_rules/signs/punctate_satellites.yaml",
    "lesionaid/_rules/signs/pictures/punctate_satellites.png",
    "lesionaid/anatomy/data/",
    "lesionaid/report/schemas/",
)


def main(folder: Path) -> int:
    wheel = max(folder.glob("lesionaid-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        missing = [need for need in NEEDED if not any(name.startswith(need) for name in names)]
        if missing:
            print(f"{wheel.name} lacks {', '.join(missing)}")
            return 1
        with tempfile.TemporaryDirectory() as place:
            archive.extractall(place)
            code = "from lesionaid.cli import main; main()"
            for arguments in (["rules", "list"], ["explain", "E26"]):
                subprocess.run(
                    [sys.executable, "-c", code, *arguments],
                    cwd=place,
                    check=True,
                    stdout=subprocess.DEVNULL,
                )
    print(f"{wheel.name}: {len(names)} files, rules and data inside")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
