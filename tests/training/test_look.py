from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.records.observation import Symptom
from harness.subjects.registry import FAULTS, Registry
from harness.training import Request, Trainer
from harness.training.watched.history import History, Link, Training
from harness.training.watched.symptoms import SymptomThresholds


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    from harness.training import configure

    configure("tensorflow", 1)
    return Trainer()


def test_a_look_tells_what_theia_blames_and_changes_no_training(
    trainer: Trainer, registry: Registry, own_faults: Path
) -> None:
    fault = registry["D1"]
    request = Request.of(fault, fault.faulty, seed=3, fraction=0.1)
    plain = trainer.train(request)
    looked = trainer.train(replace(request, look=True))
    assert (looked.search, looked.losses) == (plain.search, plain.losses)
    look = looked.look
    assert look is not None
    assert looked.watched is None
    assert look.error == ""
    assert next((b.hyperparameter, b.value) for b in look.blames) == ("activation_3", "sigmoid")
    assert look.samples == 2000
    assert look.seconds > 0
    assert look.build_seconds > 0


def test_a_look_changes_no_training_of_a_native_program(
    trainer: Trainer, registry: Registry, own_faults: Path
) -> None:
    """Its dropout draws from the generator that building draws from."""
    fault = registry["X3"]
    assert fault.fixed["dropout_1"] > 0  # type: ignore[operator]
    request = Request.of(fault, fault.fixed, seed=3, folders=(FAULTS, own_faults))
    plain = trainer.train(request)
    looked = trainer.train(replace(request, look=True))
    assert looked.look is not None
    assert (looked.search, looked.losses) == (plain.search, plain.losses)


def test_a_program_can_be_watched_to_its_end(trainer: Trainer, registry: Registry) -> None:
    fault = registry["D3"]
    faulty = {**fault.faulty, "learning_rate": 1e-6}
    link = Link(number=0, training=Training.of(faulty))
    limits = SymptomThresholds(interval=4)
    history = History(links=(link,), thresholds=limits, start=faulty)
    request = Request.of(fault, faulty, seed=3, fraction=0.1)
    stopped = trainer.train(replace(request, history=history))
    watched = trainer.train(replace(request, history=replace(history, stops=False)))
    assert stopped.watched is not None
    assert watched.watched is not None
    assert stopped.watched.symptom == watched.watched.symptom == Symptom.SLOW
    assert stopped.watched.epochs < watched.watched.epochs == faulty["epochs"]
    assert len(watched.watched.val_accuracy) == len(watched.watched.checks)


def test_a_look_at_a_watched_training_loses_neither(trainer: Trainer, registry: Registry) -> None:
    fault = registry["D3"]
    link = Link(number=0, training=replace(Training.of(fault.faulty), epochs=2))
    history = History(links=(link,), start=fault.faulty)
    request = Request.of(fault, fault.faulty, seed=3, fraction=0.1)
    both = trainer.train(replace(request, history=history, look=True))
    only_watched = trainer.train(replace(request, history=history))
    only_looked = trainer.train(replace(request, look=True))
    assert both.watched is not None
    assert only_watched.watched is not None
    assert replace(both.watched, check_seconds=0) == replace(only_watched.watched, check_seconds=0)
    assert both.look is not None
    assert only_looked.look is not None
    assert both.look.blames == only_looked.look.blames
    assert both.search == only_watched.search
