"""An import may only go down the layers of the house, and siblings never import one another."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.shared_data import ROOT

PACKAGE = ROOT / "lesionaid"

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"codes"}),
    frozenset({"errors", "truth"}),
    frozenset({"files", "strict_yaml", "rules_path"}),
    frozenset({"geometry", "quantity", "context"}),
    frozenset({"study", "tables"}),
    frozenset({"anatomy", "criteria", "signs"}),
    frozenset({"lesions", "simulate", "verdict", "readers", "book"}),
    frozenset({"assessment"}),
    frozenset({"features", "change", "report"}),
    frozenset({"pipeline", "reading", "candidates"}),
    frozenset({"cohort", "robustness"}),
    frozenset({"cli"}),
)
"""From the lowest to the highest (DESIGN, with the additions of DECISIONS)."""

IMAGE_WING = frozenset({"study", "anatomy", "lesions", "features", "change", "simulate"})
KNOWLEDGE_WING = frozenset({"signs", "criteria", "verdict", "readers", "book", "reading"})


def level(room: str) -> int:
    for height, rooms in enumerate(LAYERS):
        if room in rooms:
            return height
    raise AssertionError(f"lesionaid/{room} has no layer: add it to LAYERS and to DECISIONS.md")


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import; write it out"
            names = [node.module or ""]
            if node.module == "lesionaid":
                names = [f"lesionaid.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "lesionaid" and len(parts) > 1 and not parts[1].startswith("__"):
                rooms.add(parts[1])
    return rooms


MODULES = sorted(
    path
    for path in PACKAGE.rglob("*.py")
    if path.parent != PACKAGE or not path.name.startswith("__")
)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_only_go_down(path: Path) -> None:
    room = room_of(path)
    for other in sorted(imported_rooms(path) - {room}):
        assert level(other) < level(room), f"{room} imports {other}, which is not below it"


def test_wings_meet_only_in_tables() -> None:
    for path in MODULES:
        room, imports = room_of(path), imported_rooms(path)
        if room in IMAGE_WING:
            assert not imports & KNOWLEDGE_WING, f"{path.name} of the image wing knows medicine"
        if room in KNOWLEDGE_WING:
            assert not imports & IMAGE_WING, f"{path.name} of the knowledge wing knows images"


def test_pipeline_does_not_draw() -> None:
    assert "report" not in imported_rooms(PACKAGE / "pipeline.py")
