from harness.subjects.coverage import FAULT_KINDS, STUDY, faults_of
from harness.subjects.registry import FAULTS, load_registry

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
    assert covered == {name for name in ALL if STUDY.fullmatch(name)}
    assert len(covered) == 30
