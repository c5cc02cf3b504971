"""Every rule has a case file: programs as text, each with what is to be found there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import program

from harness.theia.findings import Finding, apply
from harness.theia.program import Place
from harness.theia.rules import RULES, judge, page
from harness.vocabulary import HarnessError

FOLDER = Path(__file__).parent / "rules"
CASES = [
    (path.stem, case)
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text())
]
KEYS = {"case", "layers", "data", "learner", "task", "profile", "expect", "severity"}


def written(finding: Finding) -> str:
    return f"{finding.problem}@{finding.layer or finding.subject}"


def check(rule: str, case: dict[str, Any]) -> list[Finding]:
    given = {k: case[k] for k in ("layers", "data", "learner", "task") if k in case}
    return [
        f for f in judge(program(**given), case.get("profile", "recommended")) if f.rule == rule
    ]


@pytest.mark.parametrize(("rule", "case"), CASES, ids=[f"{r}: {c['case']}" for r, c in CASES])
def test_case(rule: str, case: dict[str, Any]) -> None:
    assert set(case) <= KEYS
    found = check(rule, case)
    assert sorted(map(written, found)) == sorted(case["expect"])
    if "severity" in case:
        assert {f.severity.value for f in found} == {case["severity"]}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_has_cases_that_fire_and_that_are_silent(rule: str) -> None:
    expected = [bool(case["expect"]) for name, case in CASES if name == rule]
    assert set(expected) == {True, False}


def test_each_case_file_is_a_rule_s() -> None:
    assert {p.stem for p in FOLDER.iterdir()} == set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_s_page_is_complete(rule: str) -> None:
    for part in ("Rationale:", "Detection:", "Suggests:", "Source: Theia paper"):
        assert part in page(rule)


def test_findings_are_ordered_and_survive_json() -> None:
    found = judge(program(["dense 16", "dense 8 softmax", "dense 2"], learner={"loss": "mse"}))
    assert [f.layer for f in found if f.layer] == sorted(f.layer for f in found if f.layer)
    assert found[-1].layer is None
    assert [Finding.from_json(f.to_json()) for f in found] == found


def test_every_finding_says_what_it_saw_and_wants_and_how_to_get_there() -> None:
    for rule, case in CASES:
        for finding in check(rule, case):
            assert finding.observed and finding.expected and finding.suggestion
            assert finding.edits


def test_a_finding_points_at_the_code_that_carries_it() -> None:
    places = {"optimiser": Place("t.py", 7), "compile": Place("t.py", 9)}
    found = judge(program(learner={"loss": "mse", "learning_rate": 1.0, "places": places}))
    assert {f.subject: f.place for f in found if f.layer is None} == {
        "optimiser": Place("t.py", 7),
        "loss": Place("t.py", 9),
    }


def test_edits_add_change_and_remove_layers() -> None:
    before = program(["conv2d 8", "max_pool", "flatten", "dense 2 softmax"])
    silent = before
    for _ in range(10):
        bugs = [f for f in judge(silent) if f.severity == "bug"]
        if not bugs:
            break
        silent = apply(silent, bugs[0].edits)
    assert not [f for f in judge(silent) if f.severity == "bug"]
    assert sum(x.kind == "conv2d" for x in silent.layers) == 3
    assert [x.index for x in silent.layers] == list(range(1, len(silent.layers) + 1))


def test_an_unknown_profile_gets_suggestions() -> None:
    with pytest.raises(HarnessError, match="no profile 'papr'. Did you mean paper"):
        judge(program(), "papr")
