from __future__ import annotations

from dataclasses import replace

import pytest
from programs import USUAL, evidence

from harness.records.observation import Blame
from harness.space.derivation import derive
from harness.space.operators import OPERATORS, Context
from harness.space.usual import Usual
from harness.subjects.registry import FAULTS, load_registry
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
