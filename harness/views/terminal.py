"""What commands print: a console, progress bars, and times in the unit that suits."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

WIDTH = 130
"""Columns of printed tables where the output is no terminal."""


def console(width: int = WIDTH) -> Console:
    """As wide as the terminal; ``width`` columns where there is none."""
    return Console() if sys.stdout.isatty() else Console(width=width)


@contextmanager
def run_progress(screen: Console) -> Iterator[tuple[Callable[[str], None], Callable[..., None]]]:
    """A bar that counts runs, and what moves it.

    Yields:
        A function that prints a line above the bar, and one that takes the runs done and planned.
    """
    columns = ("runs", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True) as bar:
        task = bar.add_task("runs", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield bar.console.print, progress


def shown_duration(seconds: float) -> str:
    """
    >>> shown_duration(45), shown_duration(720), shown_duration(12600)
    ('45 s', '12 min', '3.5 h')
    """
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"
