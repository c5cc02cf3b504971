"""The faults that the machine made for the digits CNN, and the plan that holds them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from harness.analysis.criterion import ALPHA, SMALLEST_EFFECT, Fate, KillVerdict, fate
from harness.mutation.mutation_operators import MUTATION_OPERATORS
from harness.subjects.fault import Fault
from harness.subjects.registry import FAULTS, load_registry

PLAN = Path(__file__).resolve().parents[2] / "configs" / "plan" / "mutants.yaml"
ALL = load_registry([FAULTS])
MADE = [fault for fault in ALL.values() if "acronym" in fault.origin]


@pytest.mark.parametrize("fault", MADE, ids=lambda fault: fault.id)
@pytest.mark.parametrize("prefix", ["", "again_"])
def test_provenance_is_complete_and_passes_criterion_and_filter(fault: Fault, prefix: str) -> None:
    told = fault.origin
    before, after, p, d = (
        float(told[prefix + name]) for name in ("mean_original", "mean_mutant", "p", "d")
    )
    verdict = KillVerdict(
        int(told["n"]), 0, before, after, p, d, p < ALPHA and d >= SMALLEST_EFFECT
    )
    assert fate(verdict, fault.subject.measure) is Fate.KEPT
    assert told["n"] >= 20
    assert {"tool", "operator", "value", "seed", "data", "fraction"} <= set(told)


def test_the_second_measurement_is_another_one() -> None:
    for fault in MADE:
        assert fault.origin["mean_original"] != fault.origin["again_mean_original"]


def test_the_plan_has_eight_faults_of_eight_operators_that_can_be_repaired() -> None:
    faults = [ALL[name] for name in yaml.safe_load(PLAN.read_text())["faults"]]
    operators = {fault.origin["acronym"] for fault in faults}
    assert len(faults) == len(operators) >= 8
    assert operators <= {row.acronym for row in MUTATION_OPERATORS}
    assert all(fault.repairable for fault in faults)
    assert {fault.subject.name for fault in faults} == {"digits_cnn"}
