from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.subjects.registry import Registry
from harness.training import Request, Trainer
from harness.training.watched.history import History, Link, Training
from harness.training.look import Look
from harness.training.watched.symptoms import Symptom, SymptomThresholds


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
    assert looked.seen is not None
    look = Look.parse(json.loads(json.dumps(looked.seen)))
    assert look.error == ""
    assert next((b.hyperparameter, b.value) for b in look.blames) == ("activation_3", "sigmoid")
    assert look.samples == 2000
    assert look.seconds > 0
    assert look.build_seconds > 0


def test_a_program_can_be_watched_to_its_end(trainer: Trainer, registry: Registry) -> None:
    fault = registry["D3"]
    faulty = {**fault.faulty, "learning_rate": 1e-6}
    link = Link(number=0, training=Training.of(faulty))
    limits = SymptomThresholds(interval=4)
    history = History(links=(link,), thresholds=limits, start=faulty)
    request = Request.of(fault, faulty, seed=3, fraction=0.1)
    stopped = trainer.train(replace(request, history=history))
    watched = trainer.train(replace(request, history=replace(history, stops=False)))
    assert stopped.seen is not None
    assert watched.seen is not None
    assert stopped.seen["symptom"] == watched.seen["symptom"] == Symptom.SLOW
    assert stopped.seen["epochs"] < watched.seen["epochs"] == faulty["epochs"]
    assert len(watched.seen["val_accuracy"]) == len(watched.seen["checks"])
