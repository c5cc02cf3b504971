"""Hyperparameters of registered faults that findings blame."""

from __future__ import annotations

from harness.subjects.registry import Registry
from harness.theia.suspects import governs, locate, ranked


def test_the_hyperparameters_that_a_finding_blames(registry: Registry) -> None:
    located = locate(registry["D1"])
    assert located.ranks == {"activation_3": 1}
    assert located.edits["activation_3"] == "sigmoid"
    assert locate(registry["X1"]).ranks == {"learning_rate": 1}


def test_which_layers_a_hyperparameter_governs(registry: Registry) -> None:
    fault = registry["D1"]
    data = fault.subject.load(fault.data_seed, "default", 1.0)
    found = governs(fault.subject, fault.faulty, data)
    assert found["activation_1"] == {(2, "activation")}
    assert found["layers_2"] == {(4, "layer")}
    assert "learning_rate" not in found


def test_a_native_pytorch_fault(registry: Registry) -> None:
    located = locate(registry["P3"])
    assert located.program.framework == "pytorch"
    assert all(located.ranks.values())


def test_a_line_of_the_table_of_all_faults(registry: Registry) -> None:
    (row,) = ranked([registry["D1"]])
    assert (row.fault, row.hyperparameters, row.ranks) == ("D1", ("activation_3",), (1,))
    assert row.bugs >= 1
    assert not row.problem
