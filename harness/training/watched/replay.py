"""Trains histories: builds a program as its links say, and watches the training of the last one."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from harness.training.watched.history import History, Link
from harness.training.watched.network import Network, WatchedLoop
from harness.training.programs import Loss
from harness.training.steps import epoch_order
from harness.training.watched.watch import Validation, Watched, watch

NETWORKS_KEPT = 4
"""Trained networks kept: later histories go on from them. One that is gone is trained again."""


def training_seed(run_seed: int, number: int) -> int:
    """The seed of one training, from the run's seed and the number of the proposal."""
    return int(np.random.SeedSequence([run_seed, number]).generate_state(1)[0])


@dataclass(frozen=True, slots=True)
class Material:
    """What all histories of a program share."""

    build: Callable[[int], Network]
    """Seed -> the program, freshly initialised."""
    loss: Callable[[str], Loss]
    """The loss function of that name."""
    x: Any
    y: Any
    validation: Validation


@dataclass(frozen=True, slots=True)
class Opened:
    """A history whose last link waits to be trained."""

    network: Network
    loop: WatchedLoop
    history: History
    seed: int
    samples: int


class Replayer:
    """Opens and trains histories; keeps what they went through last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, str], Network] = OrderedDict()

    def open(self, material: Material, history: History, *, run: str, seed: int) -> Opened:
        """Bring the program to where the last link's training starts.

        Links whose result is not kept any more are trained again, for the epochs that they had.

        Args:
            run: Names the run within which results are kept.
            seed: The run's; every link's seed follows from it.

        Raises:
            Exception: Whatever the framework raises for a program that cannot train.
        """
        for key in [k for k in self._kept if k[:2] != (run, seed)]:
            del self._kept[key]
        network = self.reached(material, history.links[:-1], run=run, seed=seed)
        return self._start(material, network, history, seed)

    def train(
        self, material: Material, opened: Opened, *, run: str, limit: float, most: float = math.inf
    ) -> Watched:
        """Watch the training of the last link; its result is kept.

        Args:
            limit: Seconds after which it is cut.
            most: Steps after which it is cut.
        """
        *before, last = opened.history.links
        watched = watch(
            opened.loop,
            last.training,
            opened.history.thresholds,
            material.validation,
            opened.network.kinds,
            samples=opened.samples,
            seed=training_seed(opened.seed, last.number),
            deadline=time.perf_counter() + limit,
            most=most,
            stops=opened.history.stops,
        )
        if watched.ended:
            links = (*before, replace(last, epochs=watched.seen.epochs))
            self._keep(run, opened.seed, links, opened.network)
        return watched

    def reached(
        self, material: Material, links: tuple[Link, ...], *, run: str, seed: int
    ) -> Network | None:
        """The network after ``links``; None if there are none."""
        if not links:
            return None
        key = (run, seed, _told(links))
        if key not in self._kept:
            last = links[-1]
            network = self.reached(material, links[:-1], run=run, seed=seed)
            opened = self._start(material, network, History(links=links), seed)
            per_epoch = -(-opened.samples // last.training.batch_size)
            for epoch in range(last.epochs or last.training.epochs):
                order = epoch_order(training_seed(seed, last.number), epoch, opened.samples)
                opened.loop.run(order, 0, per_epoch)
            self._keep(run, seed, links, opened.network)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _start(
        self, material: Material, network: Network | None, history: History, seed: int
    ) -> Opened:
        """Edit a copy of ``network``, or build afresh, and compile for the last link."""
        link = history.links[-1]
        own = training_seed(seed, link.number)
        fresh = network if network is not None else material.build(own)
        if network is not None or link.edits:
            fresh = fresh.edited(link.edits, own)
        how, loss = link.training, material.loss(link.training.loss)
        loop = fresh.loop(how, loss, material.x, material.y, own)
        return Opened(fresh, loop, history, seed, len(material.x))

    def _keep(self, run: str, seed: int, links: tuple[Link, ...], network: Network) -> None:
        self._kept[run, seed, _told(links)] = network
        while len(self._kept) > NETWORKS_KEPT:
            self._kept.popitem(last=False)


def _told(links: tuple[Link, ...]) -> str:
    return repr([asdict(link) for link in links])
