"""Trains for real, on TensorFlow in this process and on the other backends in their own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.subjects.arrays import Data
from harness.subjects.registry import FAULTS, Registry
from harness.subjects.subject import Subject
from harness.training import Request, Trainer, configure
from harness.vocabulary import Cause, TrialStatus


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    configure("tensorflow", threads=1)
    return Trainer()


@pytest.fixture(params=["X1", "X3"], ids=["keras", "pytorch"])
def request_(request: pytest.FixtureRequest, registry: Registry, own_faults: Path) -> Request:
    """The same small program in Keras and in PyTorch."""
    fault = registry[request.param]
    where = (FAULTS, own_faults)
    return Request.of(fault, fault.fixed, seed=1, folders=where)


def with_values(request: Request, **values: Any) -> Request:
    return replace(request, configuration={**request.configuration, **values})


def told(outcome: Any) -> tuple[Any, ...]:
    """An outcome without its times."""
    return outcome.status, outcome.search, outcome.holdout, outcome.losses, outcome.steps


def test_a_good_program_learns(trainer: Trainer, request_: Request) -> None:
    outcome = trainer.train(request_)
    assert outcome.status is TrialStatus.COMPLETED
    assert outcome.search is not None
    assert outcome.search > 0.8
    assert outcome.steps == 4 * 7  # 200 samples in batches of 32, four epochs
    assert len(outcome.losses) == 4
    assert outcome.losses[-1] < outcome.losses[0]
    assert 0 < outcome.evaluate_seconds < outcome.seconds < outcome.total_seconds


def test_same_seed_same_numbers_other_seed_others(trainer: Trainer, request_: Request) -> None:
    first = trainer.train(request_)
    other = trainer.train(replace(request_, seed=2))
    assert told(trainer.train(request_)) == told(first)  # now from the compiled program kept
    assert told(Trainer().train(request_)) == told(first)  # compiled anew
    assert other.losses != first.losses


def test_a_kept_program_gives_what_a_fresh_one_gives(trainer: Trainer, request_: Request) -> None:
    """Rate, epochs and initial weights change without a new compilation."""
    trainer.train(request_)
    changed = with_values(request_, learning_rate=0.01, epochs=2, kernel_initialiser_1="he_normal")
    assert told(trainer.train(changed)) == told(Trainer().train(changed))


def test_stopping_and_going_on_changes_nothing(trainer: Trainer, request_: Request) -> None:
    whole = trainer.train(request_)
    part = trainer.train(replace(request_, run="r", proposal=3, fidelity=0.4))
    assert part.status is TrialStatus.COMPLETED
    assert part.steps == 11  # 40 % of 28 steps, in the middle of an epoch
    assert part.fidelity == pytest.approx(11 / 28)
    again = replace(request_, run="r", proposal=3, reached=part.fidelity)
    rest = trainer.train(again)
    assert (part.steps + rest.steps, rest.holdout) == (whole.steps, whole.holdout)
    in_a_new_process = Trainer().train(again)  # its state is gone: the first steps are repeated
    assert told(in_a_new_process) == told(rest)


def test_a_work_limit_cuts_at_a_step_on_any_machine(trainer: Trainer, request_: Request) -> None:
    per_sample = 3 * (4 * 8 + 8 * 2)
    whole = trainer.train(request_)
    assert whole.work == 4 * 200 * per_sample
    cut = trainer.train(replace(request_, work_limit=201.0 * per_sample))
    assert cut.status is TrialStatus.CUT
    assert (cut.steps, cut.work) == (8, 232 * per_sample)  # the step that reaches the limit ends


@pytest.mark.parametrize(
    ("values", "cause"),
    [
        ({"loss": "sparse_categorical_crossentropy"}, Cause.LABELS),
        ({"bias_initialiser_1": "orthogonal"}, Cause.INITIALISER),
        ({"units_1": -1}, Cause.SHAPE),
        ({"activation_1": "swosh"}, Cause.SHAPE),
    ],
)
def test_what_cannot_train_is_recognised_before(
    trainer: Trainer, request_: Request, values: dict[str, Any], cause: Cause
) -> None:
    outcome = trainer.train(with_values(request_, **values))
    assert (outcome.status, outcome.cause) == (TrialStatus.INVALID, cause)
    assert outcome.seconds == 0
    assert outcome.message


def test_divergence_is_no_score(trainer: Trainer, request_: Request) -> None:
    outcome = trainer.train(
        with_values(request_, learning_rate=1e38, optimiser="sgd", loss="mean_squared_error",
                    activation_2="linear", epochs=50)
    )  # fmt: skip
    assert (outcome.status, outcome.cause) == (TrialStatus.DIVERGED, Cause.NON_FINITE)
    assert outcome.search is None
    assert outcome.steps < 50 * 7  # it stopped when the loss was gone
    assert trainer.train(request_).status is TrialStatus.COMPLETED  # and left nothing behind


def test_a_trial_is_cut_and_keeps_what_it_reached(trainer: Trainer, request_: Request) -> None:
    long = with_values(request_, epochs=10_000)
    outcome = trainer.train(replace(long, limit=0.3))
    assert outcome.status is TrialStatus.CUT
    assert outcome.judged
    assert 0 < outcome.fidelity < 1
    assert 0.25 < outcome.seconds < 3
    assert trainer.train(replace(long, limit=0.0)).search is None


def test_a_program_that_crashes_is_a_row(
    trainer: Trainer, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise MemoryError("no more")

    trainer.train(request_)
    for kept in trainer._programs.values():
        monkeypatch.setattr(kept, "run", broken)
    outcome = trainer.train(request_)
    assert (outcome.status, outcome.cause) == (TrialStatus.CRASHED, Cause.MEMORY)
    assert trainer.train(request_).status is TrialStatus.COMPLETED


def test_fraction_takes_a_share_of_the_training_data(trainer: Trainer, request_: Request) -> None:
    assert trainer.train(replace(request_, fraction=0.5)).steps == 4 * 4


@pytest.mark.usefixtures("trainer")
def test_data_are_loaded_once(request_: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load = Subject.data

    def counted(self: Subject, *what: Any) -> Data:
        loaded.append(what)
        return load(self, *what)

    monkeypatch.setattr(Subject, "data", counted)
    fresh = Trainer()
    for seed in (1, 2, 1):
        fresh.train(replace(request_, seed=seed))
    assert len(loaded) == 1
    fresh.train(replace(request_, fraction=0.5))
    assert len(loaded) == 2


CODE = """
import json, sys
from pathlib import Path
from harness.subjects.registry import load_registry
from harness.training import Request, Trainer, configure, device
configure(sys.argv[1])
folders = (Path(sys.argv[2]),)
fault = load_registry(folders)["X3" if sys.argv[1] == "pytorch" else "X1"]
request = Request.of(fault, fault.fixed, seed=1, folders=folders)
first, again = (Trainer().train(request) for _ in range(2))
print(json.dumps([device(), first.status, first.search, first.holdout == again.holdout,
                  first.losses, "ray" in sys.modules, "keras" in sys.modules]))
"""


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch", "pytorch"])
def test_every_backend_trains_the_same_way(backend: str, own_faults: Path) -> None:
    """The order of the samples comes from outside, the rest differs by random numbers only."""
    done = subprocess.run(
        [sys.executable, "-c", CODE, backend, str(own_faults)],
        capture_output=True,
        text=True,
        check=True,
    )
    device, status, search, same, losses, ray, keras = json.loads(done.stdout.splitlines()[-1])
    assert device.startswith(f"{backend} on ")
    assert status == "completed"
    assert search > 0.8
    assert same
    assert np.all(np.diff(losses) < 0)
    assert not ray
    assert keras == (backend != "pytorch")
