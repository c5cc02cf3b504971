"""What is known of the study's faults besides their trials."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness.analysis.published.facts import BUDGETS, MAIN_BUDGET, SHIPPED, read_facts
from harness.subjects.coverage import STUDY_FAULTS
from harness.vocabulary import HarnessError


def test_all_thirty_faults_are_described() -> None:
    facts = read_facts()
    assert sorted(facts) == sorted(STUDY_FAULTS)
    assert sum(f.real for f in facts.values()) == 9
    for fault in facts.values():
        assert fault.training_time > 0
        assert len(fault.faulty_list) == 10
        assert fault.faulty_mean != fault.fixed_mean
        assert fault.autotrainer in ("ok", "not_applicable", "no_symptom")
    beyond = {name for name, fault in facts.items() if not fault.fix}
    assert beyond == {"R1", "U2"}  # regularisers, which no column of the trials holds
    assert MAIN_BUDGET in BUDGETS


def test_a_damaged_description_is_one_message(tmp_path: Path) -> None:
    for name in ("faults.yaml", "reference_metrics.json"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    (tmp_path / "faults.yaml").write_text("D1: {training_time: 3}\n")
    with pytest.raises(HarnessError, match="does not describe the study's faults: KeyError"):
        read_facts(tmp_path)
    (tmp_path / "reference_metrics.json").write_text("{")
    with pytest.raises(HarnessError, match="reference_metrics.json cannot be read"):
        read_facts(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("time: 11.9", "time: -11.9", "training time or metrics of .* above 0"),
        ("time: 11.9", "time: x", "does not describe the study's faults: ValueError"),
        ("time: 11.9", "time: .nan", "training time or metrics of"),
        ("time: 11.9", "time: &a 11.9", "anchors and aliases are not read"),
    ],
)
def test_an_odd_description_is_one_message(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    for name in ("faults.yaml", "reference_metrics.json"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    path = tmp_path / "faults.yaml"
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(HarnessError, match=message):
        read_facts(tmp_path)


def test_a_nested_or_foreign_companion_is_one_message(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "faults.yaml", tmp_path / "faults.yaml")
    path = tmp_path / "reference_metrics.json"
    for text, message in (
        ("[" * 100_000, "nested too deeply"),
        ("[1]", "holds no JSON object"),
        ('{"a": NaN}', "cannot be read"),
    ):
        path.write_text(text)
        with pytest.raises(HarnessError, match=message):
            read_facts(tmp_path)
