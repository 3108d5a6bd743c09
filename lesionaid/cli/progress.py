"""Progress: a moving line on a terminal, one plain line a stage everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["stages"]


@contextmanager
def stages(quiet: bool) -> Iterator[Callable[[str], None]]:
    """A function that names the stage that begins.

    Parameters
    ----------
    quiet : bool
        Say nothing.
    """
    if quiet:
        yield lambda _stage: None
    elif sys.stderr.isatty():
        with _moving_line() as tell:
            yield tell
    else:
        yield lambda stage: print(f"lesionaid: {stage}", file=sys.stderr, flush=True)


@contextmanager
def _moving_line() -> Iterator[Callable[[str], None]]:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        running: list[object] = []

        def finish() -> None:
            for task in running:
                progress.update(task, total=1, completed=1)  # type: ignore[arg-type]
            running.clear()

        def tell(stage: str) -> None:
            finish()
            running.append(progress.add_task(stage, total=None))

        yield tell
        finish()
