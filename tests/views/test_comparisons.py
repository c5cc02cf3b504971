"""Techniques against each other, as people see it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from studies import reaching

from harness.analysis.schemas import DUELS, PAIRS, RATE_PROFILES
from harness.analysis.significance import DeclaredFamily
from harness.views.comparisons import (
    duel_board,
    opponents_board,
    pair_board,
    profile_board,
    write_comparison,
)

LOW = [0.30, 0.31, 0.31, 0.32, 0.33, 0.33, 0.34]
HIGH = [0.80, 0.81, 0.81, 0.82, 0.83, 0.83, 0.84]
STUDY = replace(
    reaching({("M1", "a"): HIGH, ("M1", "b"): LOW, ("M2", "a"): LOW, ("M2", "b"): LOW}),
    family=DeclaredFamily("plan", ("M1", "M2", "M3"), ("a", "b")),
)


def test_a_duel_is_a_line_with_its_star_and_family() -> None:
    text = opponents_board(STUDY, "a", "b").markdown()
    p = 2 / 3432  # seven against seven without overlap
    assert f"| M1 | a | 0.82 | b | 0.32 | 7 / 7 | 1.00 | {p:.4f} | **{3 * p:.4f}**" in text
    assert "| M2 | a | 0.32 | b | 0.32 | 7 / 7 | 0.50 | 1.0000 | 1.0000 |" in text
    assert "exact, given the ties" in text and "the family of 3 direct comparisons" in text
    assert "a run counts with single trainings" in text
    assert "with 7 runs against 7, 0.00058; 0.0017 after Holm over 3 tests" in text
    turned = opponents_board(STUDY, "b", "a").markdown()
    assert f"| M1 | b | 0.32 | a | 0.82 | 7 / 7 | 0.00 | {p:.4f} | **{3 * p:.4f}**" in turned


def test_wins_agree_with_the_stars() -> None:
    assert "| 1 / 0 of 2 |" in pair_board(STUDY).markdown()
    assert duel_board(STUDY).markdown().count("**") - 2 == 2  # the title, and one star


def test_a_profile_is_a_share_of_runs() -> None:
    rows = profile_board(STUDY).rows
    # Rates of M1 under a: all above 1 but for rounding; of M2 and b: from 0.17 to 0.23.
    assert rows[0][0].text == "a" and rows[0][1].text.startswith("1.00")
    assert rows[0][3].text.startswith("0.50") and rows[1][3].text.startswith("0.00")


def test_a_comparison_is_saved(tmp_path: Path) -> None:
    layouts = [pair_board(STUDY), profile_board(STUDY)]
    folder = write_comparison(STUDY, layouts, tmp_path / "new")
    for schema in (DUELS, PAIRS, RATE_PROFILES):
        assert len(schema.read(folder / f"{schema.name}.csv"))
    assert "Performance profiles" in (folder / "compare.md").read_text()
    assert {path.name for path in (folder / "figures").iterdir()} == {
        f"{name}.{kind}" for name in ("pairs", "profiles") for kind in ("pdf", "png")
    }


def test_a_study_without_shared_faults_has_empty_boards() -> None:
    apart = reaching({("M1", "a"): LOW, ("M2", "b"): LOW})
    assert opponents_board(apart, "a", "b").rows == []
    assert "No fault has runs of both" in opponents_board(apart, "a", "b").markdown()
    assert profile_board(apart).rows == []
    assert "0 / 0 of 0" in pair_board(apart).markdown()
