"""What TPE and GP share: warm start, penalties, encodings, errors of a sampler."""

from __future__ import annotations

import logging

import pytest
from asking import FAULTY, completed, drive, failed, judge, task

from harness.records.clocks import TrainingClock
from harness.techniques.optuna import OptunaOptimiser
from harness.techniques.tpe import Tpe


def optimiser(metric: str = "accuracy", variant: str = "corrected") -> OptunaOptimiser:
    return Tpe(initial=3).optimiser(task(variant, metric), TrainingClock(99.0), 1)


def observed(this: OptunaOptimiser) -> list[tuple[dict[str, object], float]]:
    """What Optuna's study holds, in the harness's terms."""
    encoding = this._encoding
    return [(encoding.decode(t.params), t.value) for t in this._study.trials if t.value is not None]


@pytest.mark.parametrize("variant", ["corrected", "cost_aware", "icst23"])
def test_the_sampler_learns_each_configuration_with_its_loss(variant: str) -> None:
    this = optimiser(variant=variant)
    proposals = drive(this, 12)
    losses = [judge(p).search for p in proposals]
    wanted = {
        (*sorted(p.configuration.items()),): 0.0 if loss is None else -loss  # accuracy
        for p, loss in zip(proposals, losses, strict=True)
    }
    found = {(*sorted(configuration.items()),): loss for configuration, loss in observed(this)}
    assert {key: pytest.approx(loss) for key, loss in wanted.items()} == found
    assert (*sorted(FAULTY.items()),) in found


def test_without_a_bound_failures_wait_for_the_first_value() -> None:
    this = optimiser(metric="mae")
    drive(this, 3, lambda proposal: failed())
    assert this.health()["observations"] == 0
    drive(this, 1, lambda proposal: completed(2.0))
    assert [loss for _, loss in observed(this)] == [2.0] * 4


def test_the_model_proposes_after_the_start() -> None:
    this = optimiser()
    drive(this, 10)
    health = this.health()
    assert (health["faulty_proposals"], health["random_proposals"]) == (1, 2)
    assert (health["model_proposals"], health["exceptions"]) == (7, 0)


def test_a_sampler_that_raises_is_counted_and_the_search_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    this = optimiser()
    drive(this, 4)

    def fail(*_: object) -> None:
        raise ValueError

    with monkeypatch.context() as patch:
        patch.setattr(this._study.sampler, "sample_relative", fail)
        (substitute,) = drive(this, 1)
    assert substitute.configuration in task().space
    assert substitute.note == {"source": "fallback"}
    drive(this, 3)
    health = this.health()
    assert (health["exceptions"], health["fallback_proposals"]) == (1, 1)
    assert health["observations"] == 8


def test_optuna_s_log_is_as_before(caplog: pytest.LogCaptureFixture) -> None:
    import optuna

    before = optuna.logging.get_verbosity()
    with caplog.at_level(logging.DEBUG):
        drive(optimiser(), 6)
    assert optuna.logging.get_verbosity() == before
    assert not [r for r in caplog.records if r.name.startswith("optuna")]
