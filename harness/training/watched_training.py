"""Watched trainings of a subject: a history is opened, and its last link is trained and watched."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from harness.subjects.arrays import Data
from harness.subjects.subject import Subject
from harness.training.failures import cannot_train
from harness.training.frameworks import network_of
from harness.training.prepared import Judge, PreparedTraining, Progress
from harness.training.programs import Framework
from harness.training.reference import anatomy_of, price
from harness.training.watched.history import History
from harness.training.watched.network import Network
from harness.training.watched.replay import Material, Opened, Replayer
from harness.training.watched.watch import Validation
from harness.training.work import samples_seen, steps_to_see
from harness.vocabulary import Cause


def material_of(framework: Framework, subject: Subject, data: Data, history: History) -> Material:
    """The material of a subject; its programs are built from the history's start."""

    def build(seed: int) -> Network:
        framework.seed(seed)
        return network_of(subject.build(history.start))

    return Material(
        build=build,
        loss=lambda name: framework.loss(name, subject.losses),
        x=data.x_train,
        y=data.y_train,
        validation=Validation(data.x_search, data.y_search),
    )


class WatchedTraining(PreparedTraining):
    """A history whose last link is ready to be trained. The replayer keeps its network."""

    def __init__(
        self,
        replayer: Replayer,
        material: Material,
        history: History,
        *,
        run: str,
        seed: int,
        limit: float = math.inf,
        work_limit: float = math.inf,
        reference_limit: float = math.inf,
    ) -> None:
        """Train the links before the last one, where their result is not kept.

        Args:
            run: Name of the run within which results are kept.
            seed: The run's; the seed of every link follows from it.
            limit: Seconds after which the training is cut.
            work_limit: Multiply-accumulates after which it is cut.
            reference_limit: The same in seconds of the reference machine.

        Raises:
            CannotTrain: If the framework refuses the program.
        """
        self._replayer, self._material, self._run = replayer, material, run
        self._limit, self._work_limit = limit, work_limit
        self._reference_limit = reference_limit
        with cannot_train(Cause.PROGRAM):
            self._opened: Opened = replayer.open(material, history, run=run, seed=seed)
        training, samples = history.links[-1].training, self._opened.samples
        anatomy = anatomy_of(self._opened.loop.parts, training.loss, training.optimiser, material.x)
        framework = self._opened.network.framework
        self.price = price(anatomy, framework, samples, training.batch_size)
        self.whole = -(-samples // training.batch_size) * training.epochs

    def train(self, judged: Judge) -> Progress:
        opened, macs = self._opened, self._opened.loop.macs
        training, samples = opened.history.links[-1].training, opened.samples
        size = training.batch_size
        result = self._replayer.train(
            self._material,
            opened,
            run=self._run,
            limit=self._limit,
            most=min(
                steps_to_see(self._work_limit / macs, samples, size),
                self.price.steps_within(self._reference_limit),
            ),
        )
        checks = len(result.shown.checks)
        checked = checks * min(size, samples)
        return Progress(
            begun=result.steps > 0,
            ended=result.ended,
            steps=result.steps,
            work=float((samples_seen(result.steps, samples, size) + checked) * macs),
            reference=self.price.training(result.steps) + self.price.checks(checks),
            losses=result.losses,
            fidelity=1.0 if result.ended else max(result.steps, 1) / self.whole,
            watched=result.shown,
        )

    def predict(self, x: Any) -> np.ndarray:
        return self._opened.loop.predict(x)

    def finite(self) -> bool:
        return self._opened.loop.finite()
