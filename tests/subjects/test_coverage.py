from dataclasses import replace

import pytest

from harness.subjects.coverage import FAULT_KINDS, STUDY_FAULTS, faults_of
from harness.subjects.registry import FAULTS, Registry, load_registry

ALL = load_registry([FAULTS])
FOUND = {kind.title: faults_of(kind, ALL) for kind in FAULT_KINDS}


def test_kinds_are_those_of_the_study() -> None:
    """21 mutants by operator; the study's filter kept 25, of which four were excluded."""
    mutants = {title: sum(ALL[f].kind == "mutant" for f in found) for title, found in FOUND.items()}
    assert mutants == {
        "learning rate": 3,
        "epochs": 2,
        "batch size": 0,
        "activation changed or added": 4,
        "activation removed": 2,
        "weight initialisation": 4,
        "loss function": 2,
        "optimiser": 2,
        "regularisation": 2,
        "data code": 0,
    }
    assert FOUND["data code"] == ["D9"]
    assert FOUND["batch size"] == ["D2", "D3", "D5", "D9"]
    assert FOUND["activation removed"][:2] == ["D4", "D9"]


def test_every_fault_of_the_study_is_of_some_kind() -> None:
    covered = {fault for found in FOUND.values() for fault in found}
    assert covered == set(STUDY_FAULTS)
    assert len(covered) == len(STUDY_FAULTS) == 30


@pytest.mark.parametrize("identity", ["D10", "D9x", "D99", "M4", "D0"])
def test_a_fault_of_another_id_does_not_join_the_study(identity: str) -> None:
    larger = Registry(ALL.subjects, [*ALL.values(), replace(ALL["D9"], id=identity)])
    for kind in FAULT_KINDS:
        assert faults_of(kind, larger) == FOUND[kind.title]
