"""Every rule has a case file: programs as text, each with what is to be found there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import program

from harness.theia.findings import Finding
from harness.theia.rules import RULES, judge, page

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


def test_every_finding_says_what_it_saw_and_wants_and_how_to_get_there() -> None:
    for rule, case in CASES:
        for finding in check(rule, case):
            assert finding.observed and finding.expected and finding.suggestion
            assert finding.edits
