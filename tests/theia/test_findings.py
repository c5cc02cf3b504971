"""Findings: their order, their JSON, their places, and their edits applied."""

from __future__ import annotations

import pytest
from cases import program

from harness.theia.findings import (
    AddLayer,
    Finding,
    RemoveLayer,
    ScaleInputs,
    SetLayer,
    SetLearner,
    Suggestion,
    apply,
)
from harness.theia.program import Place
from harness.theia.rules import judge


def test_findings_are_ordered_and_survive_json() -> None:
    found = judge(program(["dense 16", "dense 8 softmax", "dense 2"], learner={"loss": "mse"}))
    assert [f.layer for f in found if f.layer] == sorted(f.layer for f in found if f.layer)
    assert found[-1].layer is None
    assert [Finding.from_json(f.to_json()) for f in found] == found


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


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (SetLayer(1, {"units": 4}), ["dense 4", "dense 2"]),
        (AddLayer(1, "activation", {"activation": "relu"}), ["dense 8", "activation", "dense 2"]),
        (RemoveLayer(1), ["dense 2"]),
    ],
)
def test_an_edit_of_the_layers(edit: Suggestion, expected: list[str]) -> None:
    after = apply(program(["dense 8", "dense 2"]), (edit,))
    texts = [f"{x.kind} {x.units}" if x.units else x.kind for x in after.layers]
    assert texts == expected
    assert [x.inputs for x in after.layers] == [(n,) for n in range(len(expected))]


def test_edits_of_the_learner_and_the_data() -> None:
    edits = (SetLearner({"batch_size": 64}), ScaleInputs("train", -1.0, 1.0))
    after = apply(program(["dense 2"]), edits)
    assert after.learner.batch_size == 64
    assert after.data.train_range == (-1.0, 1.0)
