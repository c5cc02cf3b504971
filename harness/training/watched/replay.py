"""Trains histories: rebuilds a program link by link, and watches the training of the last link."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import Any

from harness.training.programs import Loss
from harness.training.recent import Recent
from harness.training.seeds import epoch_order, training_seed
from harness.training.watched.history import History, Link
from harness.training.watched.network import Network, WatchedLoop
from harness.training.watched.watch import Validation, WatchResult, watch

NETWORKS_KEPT = 4
"""Trained networks kept, from which later histories continue. A lost one is trained again."""


@dataclass(frozen=True, slots=True)
class Material:
    """The parts that all histories of a program share."""

    build: Callable[[int], Network]
    """Seed -> the program, freshly initialised."""
    loss: Callable[[str], Loss]
    """The loss function of that name."""
    x: Any
    """Training inputs, as arrays or as tensors of the framework; ``y`` likewise."""
    y: Any
    validation: Validation


@dataclass(frozen=True, slots=True)
class Opened:
    """A history whose last link is ready to be trained."""

    network: Network
    loop: WatchedLoop
    history: History
    seed: int
    samples: int


class Replayer:
    """Opens and trains histories; keeps the networks that they reached last."""

    def __init__(self) -> None:
        self._kept = Recent[tuple[str, int, str], Network](NETWORKS_KEPT)

    def open(self, material: Material, history: History, *, run: str, seed: int) -> Opened:
        """Bring the program to the start of the last link's training.

        Earlier links whose network is not kept any more are trained again, for their epochs.

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
    ) -> WatchResult:
        """Watch the training of the last link; keep its network if it came to its own end.

        Args:
            limit: Seconds after which the training is cut.
            most: Steps after which the training is cut.
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
            deadline=perf_counter() + limit,
            most=most,
            stops=opened.history.stops,
        )
        if watched.ended:
            links = (*before, replace(last, epochs=watched.shown.epochs))
            self._keep(run, opened.seed, links, opened.network)
        return watched

    def reached(
        self, material: Material, links: tuple[Link, ...], *, run: str, seed: int
    ) -> Network | None:
        """The network after ``links``; None if there are none."""
        if not links:
            return None
        kept = self._kept.recall((run, seed, _key(links)))
        if kept is not None:
            return kept
        last = links[-1]
        network = self.reached(material, links[:-1], run=run, seed=seed)
        opened = self._start(material, network, History(links=links), seed)
        per_epoch = -(-opened.samples // last.training.batch_size)
        for epoch in range(last.epochs or last.training.epochs):
            order = epoch_order(training_seed(seed, last.number), epoch, opened.samples)
            opened.loop.run(order, 0, per_epoch)
        self._keep(run, seed, links, opened.network)
        return opened.network

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
        self._kept.keep((run, seed, _key(links)), network)


def _key(links: tuple[Link, ...]) -> str:
    return repr([asdict(link) for link in links])
