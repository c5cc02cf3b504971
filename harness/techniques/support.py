"""Shared by the optimisers: numbering, penalties of failures, encodings, isolated randomness."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from harness.records.outcome import Outcome
from harness.space.derivation import Space
from harness.space.domains import Choice, DearNumber, Domain, Integer
from harness.techniques.contract import Proposal
from harness.vocabulary import Configuration, Metric, Value


class Source(StrEnum):
    """Origin of a configuration; kept in the note of its proposal."""

    FAULTY = "faulty"
    """The faulty program itself."""
    RANDOM = "random"
    """Drawn at random, as intended."""
    SOBOL = "sobol"
    """The next point of a quasi-random sequence."""
    MODEL = "model"
    """Suggested by a model of the observations."""
    FALLBACK = "fallback"
    """A substitute for a suggestion of the model, which failed."""
    USUAL = "usual"
    """The faulty program with all hyperparameters at their most usual values."""
    NEAR = "near"
    """A random edit or two of the best program so far."""


class Ledger:
    """Numbers the proposals of a run and counts their sources."""

    def __init__(self, *sources: Source) -> None:
        self._counts = Counter(dict.fromkeys(sources, 0))
        self._seen: set[tuple[tuple[str, Value], ...]] = set()
        self._repeats = 0

    def enter(
        self, configuration: Configuration, source: Source, fidelity: float = 1.0
    ) -> Proposal:
        """A new proposal, with the next number."""
        number = self._counts.total()
        key = tuple(sorted(configuration.items()))
        self._repeats += key in self._seen
        self._seen.add(key)
        self._counts[source] += 1
        return Proposal(
            proposal=number,
            configuration=dict(configuration),
            fidelity=fidelity,
            note={"source": source.value},
        )

    def health(self) -> dict[str, int | float | str]:
        """Proposals, those that repeat an earlier configuration, and those of each source."""
        return {
            "proposals": self._counts.total(),
            "repeats": self._repeats,
            **{f"{source.value}_proposals": n for source, n in self._counts.items()},
        }


class Penalised:
    """Outcomes as losses for a model to minimise, failures included.

    A failure has no value: it diverged, crashed, was invalid or was cut too early. Its loss is the
    larger one of two: the largest loss in the run so far, and that of the worst value that the
    metric can take. If the metric has no bound, failures wait for the first value. The losses
    depend only on the outcomes and their order, so a replay rebuilds the model's state.
    """

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._worst = None if metric.worst is None else metric.loss(metric.worst)
        self._waiting: list[Proposal] = []

    def losses(self, proposal: Proposal, outcome: Outcome) -> list[tuple[Proposal, float]]:
        """Losses that are known once ``proposal`` has ended, in the order of the trials."""
        if outcome.search is not None:
            loss = self._metric.loss(outcome.search)
            self._worst = loss if self._worst is None else max(loss, self._worst)
        elif self._worst is not None:
            loss = self._worst
        else:
            self._waiting.append(proposal)
            return []
        released, self._waiting = self._waiting, []
        return [*((late, self._worst) for late in released), (proposal, loss)]


class Encoding:
    """Configurations as numbers for the libraries; a choice is the index of its value.

    Libraries keep values in arrays, which turn ``1`` into ``np.int64(1)`` and mixed values into
    strings. Indices survive that. Choices of one value are left out.
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self.domains: Mapping[str, Domain] = {
            name: domain
            for name, domain in space.domains.items()
            if not (isinstance(domain, Choice) and len(domain.values) == 1)
        }
        self._only: Configuration = {
            name: domain.values[0]
            for name, domain in space.domains.items()
            if isinstance(domain, Choice) and len(domain.values) == 1
        }

    def encode(self, configuration: Configuration) -> dict[str, int | float]:
        """The searched hyperparameters of a configuration, as numbers."""
        return {
            name: _encoded(domain, configuration[name]) for name, domain in self.domains.items()
        }

    def decode(self, numbers: Mapping[str, Any]) -> dict[str, Value]:
        """The complete configuration. Numbers that rounding left outside a range are clipped."""
        values = {name: _decoded(d, numbers[name]) for name, d in self.domains.items()}
        return self._space.complete({**self._only, **values})


def _encoded(domain: Domain, value: Value) -> int | float:
    if isinstance(domain, Choice):
        return domain.values.index(value)
    assert isinstance(value, int | float)
    if isinstance(domain, DearNumber):
        return domain.place(value)
    return value if isinstance(domain, Integer) else float(value)


def _decoded(domain: Domain, number: Any) -> Value:
    if isinstance(domain, Choice):
        return domain.values[int(number)]
    if isinstance(domain, DearNumber):
        return domain.at(min(max(float(number), 0.0), 1.0))
    if isinstance(domain, Integer):
        return min(max(round(float(number)), domain.low), domain.high)
    return float(min(max(float(number), domain.low), domain.high))


def config_space(domains: Mapping[str, Domain], seed: int) -> Any:
    """Domains as a ``ConfigurationSpace`` of the package ConfigSpace, over encoded numbers."""
    import ConfigSpace

    def parameter(name: str, domain: Domain) -> Any:
        if isinstance(domain, Choice):
            return ConfigSpace.CategoricalHyperparameter(name, list(range(len(domain.values))))
        if isinstance(domain, DearNumber):
            return ConfigSpace.UniformFloatHyperparameter(name, 0.0, 1.0)
        if isinstance(domain, Integer):
            return ConfigSpace.UniformIntegerHyperparameter(
                name, domain.low, domain.high, log=domain.log
            )
        return ConfigSpace.UniformFloatHyperparameter(name, domain.low, domain.high, log=domain.log)

    space = ConfigSpace.ConfigurationSpace(seed=seed)
    for name, domain in domains.items():
        space.add(parameter(name, domain))
    return space


@dataclass(slots=True)
class GlobalState:
    """A state that a library keeps per process, and the value of one optimiser for it."""

    read: Callable[[], Any]
    write: Callable[[Any], object]
    own: Any


def numpy_state(seed: int) -> GlobalState:
    """NumPy's global generator."""
    own = np.random.RandomState(seed).get_state()
    return GlobalState(np.random.get_state, np.random.set_state, own)


def torch_states(seed: int) -> tuple[GlobalState, GlobalState]:
    """PyTorch's global generator, and its threads: one, so that sums have one order."""
    import torch

    own = torch.Generator().manual_seed(seed).get_state()
    return (
        GlobalState(torch.get_rng_state, torch.set_rng_state, own),
        GlobalState(torch.get_num_threads, torch.set_num_threads, 1),
    )


class Isolation:
    """Runs library code with global generators of its own.

    Inside ``with isolation():`` the generators continue from the end of the previous block. Outside
    they are as before. Warnings inside are silenced.
    """

    def __init__(self, *states: GlobalState) -> None:
        self._states = states

    @contextmanager
    def __call__(self) -> Iterator[None]:
        outside = [state.read() for state in self._states]
        for state in self._states:
            state.write(state.own)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        finally:
            for state, value in zip(self._states, outside, strict=True):
                state.own = state.read()
                state.write(value)


def seeds(seed: int, n: int) -> list[int]:
    """``n`` independent 32-bit seeds, for generators that must not share one."""
    return [int(part) for part in np.random.SeedSequence(seed).generate_state(n)]
