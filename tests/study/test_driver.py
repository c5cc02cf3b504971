"""Tables of a study are shown and saved; a whole study is run in tests/cli."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from stored import small_study

from harness.analysis.schemas import SCORES
from harness.study.driver import show_tables
from harness.study.spec import StudySpec
from harness.subjects.registry import Registry


def test_tables_are_shown_and_saved(tmp_path: Path, registry: Registry) -> None:
    plan, store = small_study(tmp_path / "it's [x]", registry, ["D3"], ["random"], budget=4)
    spec = StudySpec(plan=plan, results=store.root, label="mine")
    screen = Console(record=True, width=150)
    found = show_tables(spec, screen)
    folder = store.root / "tables" / "mine"
    assert SCORES.read(folder / "scores.csv")["mean"].tolist() == found.scores["mean"].tolist()
    assert "| D3 |" in (folder / "tables.md").read_text()
    text = screen.export_text()
    assert "Techniques over all faults" in text and "it's [x]" in text
