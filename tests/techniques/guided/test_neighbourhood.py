from __future__ import annotations

from dataclasses import replace

import numpy as np
from programs import evidence

from harness.records.observation import Blame
from harness.techniques.guided.neighbourhood import Edit, Neighbourhood
from harness.techniques.guided.suspicion import Evidence


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
