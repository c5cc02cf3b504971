"""The request for a training."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

from harness.subjects.registry import Registry
from harness.training.request import Request
from harness.training.watched.history import History, Link, Training


def test_a_request_of_a_fault_is_a_whole_training(registry: Registry) -> None:
    fault = registry["X1"]
    request = Request.of(fault, fault.fixed, seed=4, fraction=0.5)
    assert (request.subject, request.data_seed) == (fault.subject.name, fault.data_seed)
    assert (request.reached, request.fidelity, request.limit) == (0.0, 1.0, float("inf"))
    assert request.history is None
    assert not request.look
    assert pickle.loads(pickle.dumps(request)) == request


def test_a_request_comes_back_from_its_json_values(registry: Registry) -> None:
    fault = registry["X1"]
    whole = Request.of(fault, fault.fixed, seed=2**62, folders=(Path("/a b"), Path("c")))
    link = Link(number=3, training=Training.of(fault.faulty), epochs=2)
    history = History(links=(link, link), start=fault.faulty, stops=False)
    part = replace(
        whole, limit=0.1 + 0.2, work_limit=7.0, history=history, look=True, reached=1 / 3
    )
    for request in (whole, part):
        assert Request.parse(json.loads(json.dumps(request.plain()))) == request
