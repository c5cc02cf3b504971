from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.records.observation import Blame
from harness.space.derivation import derive
from harness.space.operators import OPERATORS, Context
from harness.space.usual import Usual
from harness.subjects.registry import FAULTS, load_registry
from harness.techniques.guided.neighbourhood import Edit, Neighbourhood
from harness.techniques.guided.suspicion import (
    POINTS_AT,
    TAXONOMY,
    Curve,
    Evidence,
    curve,
    operator_rank,
    operators_ranked,
    suspects,
)
from harness.vocabulary import Configuration

USUAL: Configuration = {
    "loss": "categorical_crossentropy",
    "optimiser": "adam",
    "learning_rate": 0.001,
    "batch_size": 32,
    "epochs": 20,
    "units_1": 64,
    "activation_1": "relu",
    "activation_2": "softmax",
    "kernel_initialiser_1": "glorot_uniform",
    "kernel_initialiser_2": "glorot_uniform",
    "bias_initialiser_1": "zeros",
    "dropout_1": 0.5,
}


def evidence(steps: float = 10_000, **changed: object) -> Evidence:
    faulty: Configuration = {**USUAL, **changed}  # type: ignore[dict-item]
    space = derive(faulty, Context("one_hot", {}))
    return Evidence(faulty=faulty, usual=Usual(space, "one_hot", faulty, steps))


def test_operators_have_names_of_the_table() -> None:
    names = {row.name for row in OPERATORS}
    assert set(TAXONOMY) == names
    assert all(set(points) <= names for points in POINTS_AT.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("activation_1", "softmax"),
        ("activation_1", "exponential"),
        ("activation_2", "relu"),
        ("loss", "hinge"),
        ("learning_rate", 1.0),
        ("learning_rate", 1e-6),
        ("kernel_initialiser_2", "ones"),
        ("epochs", 1),
        ("batch_size", 2000),
        ("optimiser", "adadelta"),
    ],
)
def test_an_unusual_value_is_suspected_first(name: str, value: object) -> None:
    ranking = suspects(evidence(**{name: value}))
    assert name in [s.name for s in ranking[:2]]
    assert sum(s.weight for s in ranking) == pytest.approx(1)
    assert ranking[0].evidence["unusual value"] > 1


def test_a_rate_is_judged_by_its_optimiser_and_by_the_steps_it_has() -> None:
    share = {s.name: s.weight for s in suspects(evidence(optimiser="sgd", learning_rate=0.01))}
    tiny = {s.name: s.weight for s in suspects(evidence(optimiser="sgd", learning_rate=0.0001))}
    assert tiny["learning_rate"] > 3 * share["learning_rate"]
    few = suspects(evidence(steps=30))
    assert few[0].name == "learning_rate"
    assert max(few[0].evidence) and evidence(steps=30).usual.rate(USUAL) == pytest.approx(0.017)
    longer = {**USUAL, "epochs": 200}
    assert evidence(steps=30).usual.rate(longer) == pytest.approx(0.0017)


def test_signs_and_blame_move_the_ranking_and_are_kept() -> None:
    plain = evidence()
    seen = replace(plain, signs=[Curve.UNFINISHED])
    blamed = replace(plain, blames=[Blame("units_1", "bug", "INN", "64 > 8", 32)])
    place = {s.name: n for n, s in enumerate(suspects(plain))}
    assert {s.name: n for n, s in enumerate(suspects(seen))}["epochs"] < place["epochs"]
    found = next(s for s in suspects(blamed) if s.name == "units_1")
    assert suspects(blamed)[0] is not None and found.suggested == (32,)
    assert "theia INN" in found.evidence
    repaired = {**USUAL, "units_1": 32}
    assert "theia INN" not in next(
        s.evidence for s in suspects(blamed, repaired) if s.name == "units_1"
    )


def test_without_any_evidence_all_operators_weigh_the_same() -> None:
    blind = replace(evidence(), taxonomy={}, values=False)
    weights: dict[str, float] = {}
    for s in suspects(blind):
        weights[s.operator] = weights.get(s.operator, 0.0) + s.weight
    assert len(weights) == 8  # no layers_N in this program
    assert all(w == pytest.approx(1 / 8) for w in weights.values())
    assert sorted(operators_ranked(suspects(blind))) == sorted(weights)


def test_most_registered_faults_have_their_operator_among_the_first_three() -> None:
    ranks = []
    for fault in load_registry([FAULTS]).values():
        context = fault.subject.context
        usual = Usual(derive(fault.faulty, context), context.labels, fault.faulty)
        if truth := [row.name for row in fault.operators]:
            ranks.append(operator_rank(suspects(Evidence(fault.faulty, usual)), truth))
    assert len(ranks) > 30
    assert sum(rank <= 3 for rank in ranks) / len(ranks) >= 0.7


def test_ties_share_their_mean_rank() -> None:
    blind = suspects(replace(evidence(), taxonomy={}, values=False))
    assert operator_rank(blind, ["loss", "epochs"]) == 4.5
    with pytest.raises(ValueError, match="empty"):
        operator_rank(blind, ["no such operator"])


def test_what_cannot_change_is_not_suspected() -> None:
    faulty = {**USUAL, "loss": "sparse_categorical_crossentropy"}
    space = derive(faulty, Context("classes", {}))
    names = {s.name for s in suspects(Evidence(faulty, Usual(space, "classes", faulty)))}
    assert "loss" not in names and "dropout_1" not in names


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([1.0, 0.99, 1.0, 0.98], Curve.FLAT),
        ([4.0, 1.0, 0.5, 0.45, 0.44, 0.43, 0.43, 0.43], Curve.SETTLED),
        ([4.0, 3.0, 3.5, 2.0, 2.6, 1.0, 1.8, 1.0], Curve.UNSTABLE),
    ],
)
def test_curves(losses: list[float], expected: Curve) -> None:
    assert curve(losses, finite=True)[0] is expected
    assert curve(losses, finite=False) == [Curve.NOT_FINITE]
    assert curve(losses[:2], finite=True) == []


def around(found: Evidence, seed: int = 1, jitter: float = 0.0) -> Neighbourhood:
    hood = Neighbourhood(found, np.random.default_rng(seed), jitter, 0.25)
    hood.enter(found.faulty)
    return hood


def test_the_likeliest_edit_comes_first_and_none_comes_twice() -> None:
    found = evidence(activation_1="softmax")
    hood, steps = around(found), []
    while len(steps) < 60 and (step := hood.next(found.faulty, 100)) is not None:
        steps.append(step)
        hood.enter(step.apply(found.faulty))
        hood.learn(step, helped=False)
    assert steps[0].edits == (Edit("activation_1", "relu"),)
    programs = [tuple(sorted(s.apply(found.faulty).items(), key=str)) for s in steps]
    assert len(set(programs)) == len(steps) == 60
    assert all(s.apply(found.faulty) in found.usual.space for s in steps)


def test_what_a_localiser_suggests_is_tried_before_what_is_usual() -> None:
    found = evidence(activation_1="softmax")
    found = replace(found, blames=[Blame("activation_1", "bug", "CNL", "softmax", "tanh")])
    step = around(found).next(found.faulty, 100)
    assert step is not None and step.edits == (Edit("activation_1", "tanh"),)


def test_another_optimiser_may_bring_its_own_rate() -> None:
    found = evidence(optimiser="adadelta", learning_rate=0.5)
    hood, pairs = around(found), []
    for _ in range(30):
        step = hood.next(found.faulty, 100)
        assert step is not None
        hood.enter(step.apply(found.faulty))
        pairs.append({e.name: e.value for e in step.edits})
    assert {"optimiser": "adam", "learning_rate": 0.001} in pairs


def test_dear_steps_wait_for_the_budget() -> None:
    found = evidence(epochs=1)
    assert any(e.name == "epochs" for e in around(found).next(found.faulty, 100).edits)  # type: ignore[union-attr]
    cheap = around(found).next(found.faulty, 1.0)
    assert cheap is not None and cheap.cost(found.faulty) <= 1.0


def test_jitter_makes_runs_differ_and_a_seed_fixes_them() -> None:
    found = evidence()

    def first(seed: int) -> list[str]:
        hood, told = around(found, seed, jitter=0.5), []
        for _ in range(6):
            step = hood.next(found.faulty, 100)
            assert step is not None
            hood.enter(step.apply(found.faulty))
            told.append(str(step))
        return told

    assert first(1) == first(1)
    assert len({tuple(first(seed)) for seed in range(5)}) > 1
