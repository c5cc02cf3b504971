"""A usual program, and the evidence on one that differs from it."""

from __future__ import annotations

from harness.space.derivation import derive
from harness.space.operators import Context
from harness.space.usual import Usual
from harness.techniques.guided.suspicion import Evidence
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
    """Evidence on the usual program with some values changed, which trains so many steps."""
    faulty: Configuration = {**USUAL, **changed}  # type: ignore[dict-item]
    space = derive(faulty, Context("one_hot", {}))
    return Evidence(faulty=faulty, usual=Usual(space, "one_hot", faulty, steps))
