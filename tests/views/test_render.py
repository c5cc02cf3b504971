from __future__ import annotations

from io import StringIO
from typing import Any

import pandas as pd
import pytest
from rich.console import Console
from rich.table import Table

from harness.analysis.protocols import CORRECTED, ICST23, Protocol
from harness.analysis.schemas import SCORES
from harness.analysis.summary import summarise
from harness.views.render import (
    by_setting,
    summary_markdown,
    summary_table,
    table3,
    table3_markdown,
)
from harness.vocabulary import HarnessError


def row(fault: str, technique: str, **changes: Any) -> dict[str, Any]:
    """A row of the scores."""
    values: dict[str, Any] = {
        **{c.name: 0.5 for c in SCORES.columns if c.type == "float"},
        **{c.name: 10 for c in SCORES.columns if c.type == "int"},
        **{c.name: False for c in SCORES.columns if c.type == "bool"},
        "fault": fault,
        "technique": technique,
        "budget": 20.0,
        "clock": "training",
        "protocol": "corrected",
        "space": "corrected",
        "data": "default",
        "fraction": 1.0,
        "metric": "accuracy",
        "faulty_mean": 0.1049,
        "fix_mean": 0.9912,
        "mean": 0.8765,
        "std": 0.0249,
        "training_time": 123.4,
        "exposed": True,
        "unjudged": 0,
        "no_better": 0,
        "no_patch": 0,
        "tests": 5,
        "p_exact": True,
        "std_of": "single trainings",
        "status": "ok",
    }
    return values | changes


def frame(*rows: dict[str, Any]) -> pd.DataFrame:
    return SCORES.frame(rows)


MAE = {"metric": "mae", "mean": 0.4936, "std": 1.0176, "faulty_mean": 6.708, "fix_mean": 0.1264}
SOME = frame(
    row("M1", "bohb"),
    row("M1", "hebo", significant=True, mean=1.0),
    row("M1", "random", status="timed_out", unjudged=10),
    row("D7", "bohb", **MAE, exposed=False, status="not_exposed"),
    row("D7", "hebo", **MAE, exposed=False, status="not_exposed"),
)


def shown(table: Table, width: int = 100) -> str:
    console = Console(width=width, record=True, file=StringIO())
    console.print(table)
    return console.export_text()


def test_table3_in_markdown() -> None:
    text = table3_markdown(SOME, CORRECTED, ["random", "hebo", "bohb"])
    assert "| fault | faulty | random | hebo | bohb | fix | T |" in text
    assert r"| M1 | 0.10 | T/O | **1.00 (0.02)**\* | 0.88 (0.02) | 0.99 | 123 |" in text
    assert "| D7 † | 6.708 | - | 0.494 (1.018) | 0.494 (1.018) | 0.126 | 123 |" in text


def test_table3_says_what_it_shows() -> None:
    text = table3_markdown(SOME, CORRECTED)
    assert "n = 10 runs against 10 trainings" in text
    assert "protocol corrected, clock training" in text
    assert "p < 0.05 in the two-sided Mann-Whitney test" in text and "after Holm" in text
    assert "does not tell faulty from fixed: D7" in text
    assert "lower is better for mae" in text
    assert "T/O: no trial was judged within the budget" in text
    assert "N/A" not in text


def test_the_smallest_p_and_effect_are_named() -> None:
    text = table3_markdown(SOME, CORRECTED)
    assert "n = 10 against 10, the smallest p that the test can give is 1.1e-05" in text
    assert "5.4e-05 after Holm over 5 tests" in text
    assert "A12 of at least 0.77 in a single test and of at least 0.84 in the strictest" in text
    assert "p-values are exact, given the ties" in text
    few = frame(row("M1", "bohb", n=3, n_baseline=3, tests=1))
    assert "can give is 0.1: no outcome can be significant" in table3_markdown(few, CORRECTED)
    one = frame(row("M1", "bohb", tests=1))
    assert "significance needs an A12 of at least 0.77." in table3_markdown(one, CORRECTED)
    many = frame(*(row(f"M{i}", "bohb", n=4, n_baseline=4, tests=9) for i in range(9)))
    assert "more than there is in the strictest" in table3_markdown(many, CORRECTED)
    assert "smallest p that the test can give is 0.002" in table3_markdown(SOME, ICST23)
    untested = frame(row("M1", "bohb", n=9, p_wilcoxon=float("nan"), n_baseline=0))
    assert "No cell could be tested" in table3_markdown(untested, ICST23)
    long = frame(row("M1", "bohb", n=40, n_baseline=40, p_exact=False, tests=1))
    assert "normal approximations on M1" in table3_markdown(long, CORRECTED)


def test_the_family_of_tests_is_named() -> None:
    text = table3_markdown(SOME, CORRECTED)
    assert "after Holm over the family of 5 cells of this budget, with" in text
    two = table3_markdown(frame(row("M1", "bohb"), row("M1", "new", tests=8)), CORRECTED)
    assert "the family of 5 or 8 cells of this budget (the larger one:" in two


def test_runs_without_a_patch_are_counted() -> None:
    some = frame(row("M1", "bohb", no_patch=3), row("M1", "hebo", no_patch=0))
    assert "3 of 20 runs return no patch" in table3_markdown(some, CORRECTED)
    assert "return no patch" not in table3_markdown(some, ICST23)


def test_a_deviation_says_of_what() -> None:
    again = row("M1", "hebo", std_of="means of re-trainings")
    assert "that of the runs' single trainings" in table3_markdown(SOME, CORRECTED)
    assert "that of the runs' means of re-trainings" in table3_markdown(frame(again), CORRECTED)
    both = table3_markdown(frame(again, row("M1", "bohb")), CORRECTED)
    assert "of single trainings and of means of re-trainings, which vary less" in both


def test_the_mark_is_explained_by_the_protocol() -> None:
    text = table3_markdown(SOME, ICST23)
    assert "Wilcoxon signed-rank" in text and "positive improvement rate" in text
    assert "Holm" not in text


def test_missing_figures_and_statuses() -> None:
    nan = float("nan")
    rows = [
        row("M1", "a", unjudged=10, status="not_applicable", mean=nan, std=nan),
        row("M1", "b", unjudged=10, status="no_symptom", mean=nan, std=nan),
        row("M1", "c", unjudged=10, status="not_exposed", mean=nan, std=nan),
        row("M1", "d", n=1, std=nan),
    ]
    text = table3_markdown(frame(*rows), CORRECTED)
    assert "| N/A | none | T/O | 0.88 (-) |" in text


def test_winners_that_were_not_trained_again_are_marked() -> None:
    rows = [
        row("M1", "a", n_confirmed=9),
        row("M1", "b"),
        row("M1", "c", unjudged=1, n_confirmed=9),
    ]
    text = table3_markdown(frame(*rows), CORRECTED)
    assert "| 0.88 (0.02) ° | 0.88 (0.02) | 0.88 (0.02) |" in text
    assert "° some winners were not trained again" in text
    none = table3_markdown(frame(row("M1", "a", n_confirmed=0)), CORRECTED)
    assert "No winner was trained again" in none
    assert "°" not in none + table3_markdown(frame(*rows), ICST23)


def test_one_setting_at_a_time() -> None:
    both = frame(row("M1", "bohb"), row("M1", "bohb", budget=50.0))
    with pytest.raises(HarnessError, match="by_setting"):
        table3(both, CORRECTED)
    with pytest.raises(HarnessError, match="Found: 0"):
        table3(frame(), CORRECTED)
    assert [len(part) for part in by_setting(both)] == [1, 1]


def test_faults_of_one_study_may_have_data_and_fractions_of_their_own() -> None:
    mixed = frame(
        row("D1", "bohb"), row("D6", "bohb"), row("D2", "bohb", data="stand_in", fraction=0.02)
    )
    text = table3_markdown(mixed, CORRECTED)
    assert "data default or stand_in (D2), fraction 1 or 0.02 (D2)." in text.replace("\\_", "_")
    found = summarise(mixed, CORRECTED)
    assert len(found) == 1 and found["faults"][0] == 3
    assert "data default, stand_in; fraction 0.02, 1" in summary_markdown(found, CORRECTED).replace(
        "\\_", "_"
    )
    with pytest.raises(HarnessError, match="one data variant of each fault"):
        table3(frame(row("D1", "bohb"), row("D1", "bohb", fraction=0.5)), CORRECTED)


def wide(techniques: int) -> pd.DataFrame:
    return frame(
        *(row("D7", f"technique_{i}", **MAE, significant=True) for i in range(techniques)),
        *(row("M1", f"technique_{i}") for i in range(techniques)),
    )


@pytest.mark.parametrize(("techniques", "width"), [(3, 80), (4, 100), (5, 110)])
def test_table3_fits_a_terminal(techniques: int, width: int) -> None:
    text = shown(table3(wide(techniques), CORRECTED), width)
    assert text.count("0.494 (1.018)*") == techniques
    assert text.count("0.88 (0.02)") == techniques
    assert "…" not in text
    assert all(len(line) <= width for line in text.splitlines())


def test_names_are_text_and_not_markup() -> None:
    odd = frame(row("M[bold]1", "a|b"))
    assert "M[bold]1" in shown(table3(odd, CORRECTED))
    assert r"a\|b" in table3_markdown(odd, CORRECTED)


@pytest.mark.parametrize("protocol", [CORRECTED, ICST23], ids=lambda p: p.name)
def test_the_summary_fits_a_terminal(protocol: Protocol) -> None:
    table = summarise(SOME, protocol)
    text = shown(summary_table(table, protocol), 100)
    assert "…" not in text
    assert "compl." in text and protocol.aj in text
    markdown = summary_markdown(table, protocol)
    assert "| technique | budget | exposed |" in markdown
    assert "| hebo | 20 | 1/2 | 1 | 0 | 0.50 |" in markdown


def test_the_summary_shows_settings_that_vary() -> None:
    both = pd.concat([SOME, SOME.assign(clock="work")])
    text = summary_markdown(summarise(both, CORRECTED), CORRECTED)
    assert "| technique | clock | budget |" in text and "| hebo | work | 20 |" in text
    assert "- protocol corrected; space corrected; data default; fraction 1." in text
    assert summary_markdown(summarise(frame(), CORRECTED), CORRECTED).startswith("**Techniques")
