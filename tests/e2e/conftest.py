"""Studies that are assessed once and looked at by many tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.shared_data import ROOT

SAMPLES = ROOT / "sample_scans"


@dataclass(frozen=True)
class Run:
    """What one call of the command line left behind."""

    code: int
    out: str
    err: str
    folder: Path

    @property
    def verdict(self) -> Mapping[str, Any]:
        return json.loads((self.folder / "verdict.json").read_text())

    def rows(self, name: str) -> list[dict[str, str]]:
        head, *lines = (self.folder / name).read_text().splitlines()
        columns = head.split("\t")
        return [dict(zip(columns, line.split("\t"), strict=True)) for line in lines]


def lesionaid(*arguments: object, folder: Path, **environment: str) -> Run:
    """Call the command line as a user does, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "lesionaid", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr, folder)


def assess(folder: Path, *arguments: object, **environment: str) -> Run:
    return lesionaid("assess", *arguments, "--output", folder, folder=folder, **environment)


@pytest.fixture(scope="session")
def pml_sample(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return assess(tmp_path_factory.mktemp("pml"), SAMPLES / "sub-pml01")


@pytest.fixture(scope="session")
def ms_sample(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return assess(tmp_path_factory.mktemp("ms"), SAMPLES / "sub-ms01")
