"""The request for a training."""

from __future__ import annotations

import pickle

from harness.subjects.registry import Registry
from harness.training.request import Request


def test_a_request_of_a_fault_is_a_whole_training(registry: Registry) -> None:
    fault = registry["X1"]
    request = Request.of(fault, fault.fixed, seed=4, fraction=0.5)
    assert (request.subject, request.data_seed) == (fault.subject.name, fault.data_seed)
    assert (request.reached, request.fidelity, request.limit) == (0.0, 1.0, float("inf"))
    assert request.history is None
    assert not request.look
    assert pickle.loads(pickle.dumps(request)) == request
