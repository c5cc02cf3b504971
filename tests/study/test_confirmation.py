"""What is asked for when a winner is trained again. Nothing is trained here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from recorded import recorded_trial

from harness.records.cell import Cell
from harness.records.outcome import Outcome
from harness.study.confirmation import _Job, _train
from harness.subjects.registry import FAULTS, load_registry
from harness.training import Request
from harness.training.watched.history import History, Link, Training
from harness.training.watched.symptoms import SymptomThresholds
from harness.vocabulary import TrialStatus

D6 = load_registry([FAULTS])["D6"]
CELL = Cell(
    fault="D6",
    fault_content=D6.content,
    technique="autotrainer",
    settings={},
    space="corrected",
    clock="training",
    budget=20.0,
    data="default",
    fraction=1.0,
    backend="tensorflow",
    repetition=0,
    seed=1,
)


@dataclass
class Asked:
    """A worker that notes what it is to train."""

    requests: list[Request] = field(default_factory=list)

    def train(self, request: Request, expected: float) -> Outcome:
        self.requests.append(request)
        return Outcome(status=TrialStatus.COMPLETED, seconds=1.0, search=0.5, holdout=0.5)


def asked_for(history: dict[str, Any] | None) -> list[Request]:
    worker = Asked()
    best = recorded_trial(
        7,
        status=TrialStatus.COMPLETED,
        search=0.9,
        holdout=0.8,
        spent=1.0,
        configuration=D6.faulty,
        note={} if history is None else {"history": history, "structural": {}},
    )
    kept = _train(_Job(CELL, best, [11, 12], 1.0, (FAULTS,)), lambda backend: worker)
    assert [again.seed for again in kept] == [11, 12]
    return worker.requests


def test_a_patch_that_is_a_history_is_replayed() -> None:
    training = Training.of(D6.faulty)
    links = (Link(number=0, training=training, epochs=3), Link(number=1, training=training))
    history = History(links=links, thresholds=SymptomThresholds(), start=D6.faulty)
    requests = asked_for(history.plain())
    assert [request.history for request in requests] == [history, history]
    assert [request.seed for request in requests] == [11, 12]


def test_an_ordinary_patch_is_trained_afresh() -> None:
    assert {request.history for request in asked_for(None)} == {None}
