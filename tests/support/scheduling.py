"""Runs of AutoTrainer's scheduler whose trainings are answered by a function."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import numpy as np

from harness.records.observation import Watched
from harness.techniques.autotrainer.rules import AS_RUN, Rules
from harness.techniques.autotrainer.scheduler import (
    ScheduledTraining,
    ToolVerdict,
    schedule,
)
from harness.training.watched.history import Training

TRAINING = Training(
    loss="mean_squared_error", optimiser="sgd", learning_rate=0.01, batch_size=32, epochs=12
)


FAULTY = {
    "loss": "mean_squared_error",
    "optimiser": "sgd",
    "learning_rate": 0.01,
    "batch_size": 32,
    "epochs": 12,
    "activation_1": "relu",
    "activation_2": "softmax",
    "kernel_initialiser_1": "glorot_uniform",
    "kernel_initialiser_2": "glorot_uniform",
    "bias_initialiser_1": "zeros",
    "bias_initialiser_2": "zeros",
    "dropout_1": 0.25,
}


def run(
    answer: Callable[[ScheduledTraining], Watched | None],
    rules: Rules = AS_RUN,
    training: Training = TRAINING,
) -> tuple[list[ScheduledTraining], ToolVerdict]:
    """The trainings that one run asks for, and its verdict."""
    jobs: list[ScheduledTraining] = []
    asking = schedule(training, rules, np.random.default_rng(0), count(), FAULTY)
    job = next(asking)
    while True:
        jobs.append(job)
        try:
            job = asking.send(answer(job))
        except StopIteration as stop:
            return jobs, stop.value
