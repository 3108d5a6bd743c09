"""Time and peak memory of ``lesionaid assess`` on one study, split by stage.

    python benchmarks/assess_time.py [STUDY] [--runs 3]

Each run is a process of its own. Beside the seconds stands the ratio to a peer in the same
run: nibabel reading the same files, which is the least that any tool must do. Without STUDY
the heavy MS case of the shared scans is taken (``$LESIONAID_SHARED`` or ``../shared``).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NIBABEL = """
import sys, time, numpy, nibabel
start = time.perf_counter()
for name in sys.argv[1:]:
    numpy.asanyarray(nibabel.load(name).dataobj)
print(time.perf_counter() - start)
"""


def run_assess(study: Path) -> tuple[dict[str, float], float, float]:
    """Seconds by stage, wall seconds of the whole process, peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "lesionaid", "assess", str(study), "--output", folder]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        timings = json.loads((Path(folder) / "run.json").read_text())["timings"]
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return timings, cpu, after.ru_maxrss / 1024


def load_with_nibabel(study: Path) -> float:
    """Seconds that nibabel takes to read the study's images, interpreter not counted."""
    names = sorted(str(path) for path in study.rglob("*.nii.gz"))
    answer = subprocess.run(
        [sys.executable, "-c", NIBABEL, *names], check=True, capture_output=True, text=True
    )
    return float(answer.stdout)


def main() -> None:
    shared = Path(os.environ.get("LESIONAID_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", nargs="?", type=Path, default=shared / "data/open_ms/patient19")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()

    runs = [
        (run_assess(arguments.study), load_with_nibabel(arguments.study))
        for _ in range(arguments.runs)
    ]
    print(f"{arguments.study.name}: medians of {arguments.runs} runs, {os.cpu_count()} cores")
    print(f"{'stage':<16}{'seconds':>9}{'/ nibabel load':>16}")
    for stage in runs[0][0][0]:
        seconds = statistics.median(timings[stage] for (timings, _, _), _ in runs)
        ratio = statistics.median(timings[stage] / load for (timings, _, _), load in runs)
        print(f"{stage:<16}{seconds:>9.2f}{ratio:>16.1f}")
    total = statistics.median(sum(timings.values()) for (timings, _, _), _ in runs)
    print(f"{'all stages':<16}{total:>9.2f}")
    print(f"processor seconds {statistics.median(cpu for (_, cpu, _), _ in runs):.1f}")
    print(f"peak memory {max(peak for (_, _, peak), _ in runs):.0f} MB")


if __name__ == "__main__":
    main()
