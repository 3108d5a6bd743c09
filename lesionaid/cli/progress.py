"""Progress: a moving line on a terminal, one plain line a stage everywhere else."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

__all__ = ["counted", "stages"]


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


@contextmanager
def counted(quiet: bool, total: int) -> Iterator[Callable[[str], None]]:
    """A function that names each of `total` things once it is done.

    On a terminal a bar with the remaining time; elsewhere one line a thing.

    Parameters
    ----------
    quiet : bool
        Say nothing.
    total : int
    """
    if quiet:
        yield lambda _name: None
    elif sys.stderr.isatty():
        with _bar(total) as tell:
            yield tell
    else:
        done = count(1)
        yield lambda name: print(
            f"lesionaid: {next(done)} of {total}: {name}", file=sys.stderr, flush=True
        )


@contextmanager
def _bar(total: int) -> Iterator[Callable[[str], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("starting", total=total)
        yield lambda name: progress.update(task, advance=1, description=name)
