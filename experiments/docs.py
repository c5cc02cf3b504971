"""Rewrite the tables about our own runs from what is recorded in git; nothing is trained.

make docs      also executes the notebooks
"""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from experiments.pages import replace_marked
from experiments.scripts import main
from harness.records.store import Store
from harness.study.driver import show_tables
from harness.study.evidence import unpack_study
from harness.study.spec import StudySpec

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "results" / "recorded"

WIDTH = 100
"""Columns of a table in the README."""

MAIN = ("laptop-b20-s1", ("plan=laptop", "budget=20"))
"""The recorded study of the README's table, and its settings."""


@contextmanager
def restored(name: str) -> Iterator[Path]:
    """A results folder with the runs of a recorded study."""
    with tempfile.TemporaryDirectory() as folder:
        unpack_study(RECORDED / name, Store(Path(folder)))
        yield Path(folder)


def main_table(tables: Path | None = None) -> str:
    """What the README's command prints, as it prints it.

    Args:
        tables: Folder to which the tables are copied that the command saves.
    """
    name, settings = MAIN
    with restored(name) as folder:
        spec = StudySpec.compose([*settings, f"results={folder}"])
        screen = Console(file=io.StringIO(), width=WIDTH)
        show_tables(spec, screen)
        assert isinstance(screen.file, io.StringIO)
        lines = screen.file.getvalue().rstrip().splitlines()
        if tables is not None:
            shutil.copytree(folder / "tables", tables, dirs_exist_ok=True)
    shown = [line.rstrip() for line in lines if not line.startswith("saved in")]
    return "\n".join(["```text", *shown, "```"])


def run(arguments: list[str]) -> int:
    """Rewrite every table that has its place."""
    replace_marked(ROOT / "README.md", "table", main_table(ROOT / "results" / "tables"))
    return 0


if __name__ == "__main__":
    main(run)
