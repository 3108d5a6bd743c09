"""The options about finding lesions, shared by ``segment``, ``assess`` and ``features``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lesionaid.errors import UsageError

if TYPE_CHECKING:
    from lesionaid.lesions.search import Search

__all__ = [
    "EarlierOption",
    "ExtentChoice",
    "ExtentOption",
    "NoSegmentOption",
    "SeedOption",
    "SegmenterOption",
    "TimeoutOption",
    "search_of",
]

PANEL = "Finding lesions, where no mask is given"


class ExtentChoice(StrEnum):
    """How far candidates may grow out of white matter."""

    AUTO = "auto"
    WHITE_MATTER = "white_matter"
    CORTICAL = "cortical"


def _option(help_text: str, *names: str) -> object:
    return typer.Option(*names, help=help_text, rich_help_panel=PANEL)


SeedOption = Annotated[
    float, _option("Local SD of FLAIR to start from; 2 finds more, 3.5 errs less.", "--seed")
]
ExtentOption = Annotated[
    ExtentChoice,
    _option("Grow into cortex: large candidates (auto), none (white_matter), all.", "--extent"),
]
SegmenterOption = Annotated[
    str | None,
    typer.Option(
        "--segmenter",
        help="Outside command, with {flair} {t1} {t1ce} {t2} {brain} and {out} or {out_dir}.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
TimeoutOption = Annotated[
    float, _option("Seconds that the outside command may take.", "--segmenter-timeout")
]
NoSegmentOption = Annotated[
    bool, _option("Do not look for lesions: without a mask, not analysable.", "--no-segment")
]
EarlierOption = Annotated[
    Path | None,
    typer.Option(
        "--earlier",
        help="Label map of an earlier run: lesions that are still there keep their ids.",
        rich_help_panel="Beside the scans",
        show_default=False,
    ),
]


def search_of(
    seed: float,
    extent: ExtentChoice,
    segmenter: str | None,
    timeout: float,
    *,
    off: bool = False,
    mask_given: bool = False,
) -> Search:
    """The search that options ask for.

    Raises
    ------
    UsageError
        ``U30`` for a setting out of range, ``U32`` for two sources of lesions.
    """
    from lesionaid.lesions.search import Search
    from lesionaid.lesions.segment import SegmentSettings

    if segmenter is not None and (off or mask_given):
        raise UsageError("U32", value="--segmenter beside a mask or --no-segment")
    settings = SegmentSettings(seed=seed, extent=extent.value)
    return Search(settings, segmenter, timeout, off)
