"""Reports: counts, notes, and the three formats."""

from __future__ import annotations

import io
import json

from cases import program
from rich.console import Console

from harness.theia.program import Place
from harness.theia.report import LocaliserReport, as_json, as_sarif, localiser_report, show
from harness.theia.rules import RULES, judge


def made() -> LocaliserReport:
    """A program without a hidden activation, with a learning rate of 1."""
    places = {"optimiser": Place("t.py", 7)}
    checked = program(
        ["dense 16", "dense 2 softmax"], learner={"learning_rate": 1.0, "places": places}
    )
    return localiser_report("t.py", checked, judge(checked), guessed=True)


def test_a_report_counts_and_notes() -> None:
    report = made()
    assert report.bugs + report.advice == len(report.findings)
    assert {"CNL", "LOB"} <= set(report.rules)
    assert report.rules == [rule for rule in RULES if rule in report.rules]
    assert "is a guess" in report.notes[0]
    assert report.summary.startswith("2 layers, multiclass task")


def test_json_is_read_back() -> None:
    report = made()
    assert LocaliserReport.from_json(json.loads(as_json(report))) == report


def test_sarif_points_at_the_lines() -> None:
    (run,) = json.loads(as_sarif(made()))["runs"]
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(RULES)
    rate = next(r for r in run["results"] if r["ruleId"] == "LOB")
    (location,) = rate["locations"]
    assert location["physicalLocation"] == {
        "artifactLocation": {"uri": "t.py"},
        "region": {"startLine": 7},
    }
    assert rate["level"] == "error"


def test_advice_can_be_hidden() -> None:
    checked = program(["dense 16 relu", "dense 2 softmax"], data={"standardised": True})
    report = localiser_report("t.py", checked, judge(checked))
    texts = []
    for advice in (True, False):
        out = io.StringIO()
        show(report, Console(file=out, width=200), advice=advice)
        texts.append(out.getvalue())
    assert texts[0].splitlines()[0].startswith("t.py 2 layers")
    assert ("hidden" in texts[1]) == (report.advice > 0)
