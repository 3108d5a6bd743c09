"""Notebooks run from top to bottom, and script and notebook are the same."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from tests.shared_data import ROOT

SCRIPTS = sorted((ROOT / "notebooks").glob("*.py"))


def test_there_are_notebooks() -> None:
    assert SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_pair_says_the_same(script: Path) -> None:
    jupytext = pytest.importorskip("jupytext")
    paired = jupytext.read(script.with_suffix(".ipynb"))
    source = jupytext.read(script)
    assert [(cell.cell_type, cell.source) for cell in paired.cells] == [
        (cell.cell_type, cell.source) for cell in source.cells
    ]
    assert not any(cell.get("outputs") for cell in paired.cells), "commit it without outputs"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_it_runs(script: Path) -> None:
    jupytext = pytest.importorskip("jupytext")
    nbclient = pytest.importorskip("nbclient")
    notebook = jupytext.read(script)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = nbclient.NotebookClient(
            notebook,
            timeout=600,
            kernel_name="python3",
            resources={"metadata": {"path": str(script.parent)}},
        )
        client.execute()
    pictures = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    assert pictures, "a notebook shows something"
