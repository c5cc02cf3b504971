"""Guided repair: localise, repair near the fault, keep only what is needed.

The search starts at the faulty program and never returns anything worse. It asks what is suspicious
before it tries anything, tries few edits at a time, drops them early, trains the winner again with
fresh seeds, and takes back every edit that is not needed.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from harness.budget import Clock, exhausted, remaining
from harness.guided.edits import error, gain
from harness.guided.neighbourhood import Neighbourhood, Step
from harness.guided.suspicion import Blame, Evidence, Suspect, operators_ranked, suspects, symptoms
from harness.tables import Outcome, Trial, changed
from harness.techniques.base import Finish, RepairTask, Train
from harness.vocabulary import Configuration, Value

Trying = Generator[Trial, None, Outcome]


@dataclass(frozen=True, kw_only=True)
class Guided:
    """Localisation, symptoms, and a search outwards from the faulty program.

    Each part can be switched off, for the ablation.
    """

    localise: bool = True
    """Whether Theia's findings on the faulty program count."""
    watch: bool = True
    """Whether the symptoms of the faulty program's training count."""
    prior: bool = True
    """Whether the prior over repair operators counts."""
    near: bool = True
    """Whether the search stays near the best program so far; else it draws from the whole space."""
    probe: float = 0.25
    """Share of a training after which a program may be dropped; 1 trains all to their end."""
    probe_gain: float = 0.03
    """Share of the error that must be gone by then, against the best program at that point."""
    least_gain: float = 0.1
    """Share of the error that an edit must take away to be kept."""
    confirmations: int = 2
    """Further trainings of the winner, with seeds of their own."""
    minimise: bool = True
    """Whether edits that are not needed are taken back."""
    tolerance: float = 0.1
    """Share by which the error may grow when an edit is taken back."""

    def repair(
        self, task: RepairTask, train: Train, clock: Clock, seed: int
    ) -> Iterator[Trial | Finish]:
        search = _Search(self, task, train, clock, seed)
        try:
            yield from search.run()
        except _Spent:
            pass
        yield Finish(search.health(), choice=search.choice())


class _Spent(Exception):
    """The budget, or what may be used of it, is spent."""


@dataclass
class _Program:
    """A configuration, its trainings, and how it came about."""

    configuration: dict[str, Value]
    steps: tuple[Step, ...] = ()
    errors: dict[int, float] = field(default_factory=dict)
    """Proposal -> error on the search part, of its full trainings."""
    partial: float | None = None
    """Error after the probe's share of a training."""
    cost: float = 0.0
    """Of one full training, in the clock's unit."""

    @property
    def error(self) -> float:
        return fmean(self.errors.values()) if self.errors else float("inf")


class _Search:
    def __init__(
        self, settings: Guided, task: RepairTask, train: Train, clock: Clock, seed: int
    ) -> None:
        self._settings, self._task, self._train, self._clock = settings, task, train, clock
        self._seed = seed
        self._number = -1
        self._up = task.metric.higher_is_better
        self._start = _Program(dict(task.faulty))
        self._best = self._start
        self._counts = {"probed": 0, "dropped": 0, "kept": 0, "taken_back": 0, "confirmed": 0}
        self._ranking: list[Suspect] = []
        self._thinking = 0.0

    # -- trainings

    def _try(
        self,
        program: _Program,
        note: Mapping[str, Any],
        *,
        number: int | None = None,
        fidelity: float = 1.0,
        keep: float = 0.0,
    ) -> Trying:
        """Train, yield the trial, return its outcome. ``keep`` of the budget is left untouched."""
        left = remaining(self._clock) - keep
        if exhausted(self._clock) or left <= 0:
            raise _Spent
        if number is None:
            self._number += 1
            number = self._number
        before = self._clock.spent
        outcome = self._train(
            program.configuration, proposal=number, fidelity=fidelity, limit=left
        )
        thought, self._thinking = self._thinking, 0.0
        yield Trial(
            proposal=number,
            configuration=dict(program.configuration),
            outcome=outcome,
            suggest_seconds=thought,
            note=dict(note),
        )
        charged = self._clock.spent - before
        program.cost = max(program.cost, charged / fidelity if fidelity < 1 else charged)
        if outcome.search is not None and (fidelity == 1 or outcome.fidelity == 1):
            program.errors[number] = error(outcome.search, self._up)
        return outcome

    def _reserve(self) -> float:
        """What confirming and minimising the best program will cost."""
        if self._best is self._start:
            return 0.0
        edits = len(changed(self._task.faulty, self._best.configuration))
        again = (edits if edits > 1 and self._settings.minimise else 0)
        return self._best.cost * (again + self._settings.confirmations)

    # -- the phases

    def run(self) -> Iterator[Trial]:
        yield from self._look()
        neighbourhood = self._neighbourhood()
        try:
            while self._best.error > 0:
                yield from self._extend(neighbourhood)
        except _Spent:
            pass
        if self._best is not self._start:
            yield from self._settle()

    def _look(self) -> Iterator[Trial]:
        """Train the faulty program, and gather what is known of it."""
        start, probe = self._start, self._settings.probe
        note = {"phase": "look"}
        if probe < 1:
            outcome = yield from self._try(start, note, fidelity=probe)
            start.partial = _error(outcome, self._up)
        outcome = yield from self._try(start, note, number=0 if probe < 1 else None)
        began = time.perf_counter()
        evidence = Evidence(
            symptoms(outcome) if self._settings.watch else (),
            self._blames(),
            Evidence().prior if self._settings.prior else {},
        )
        self._ranking = suspects(self._task.space, evidence)
        self._symptoms = [s.value for s in evidence.symptoms]
        self._thinking += time.perf_counter() - began

    def _blames(self) -> list[Blame]:
        return []

    def _neighbourhood(self) -> Neighbourhood:
        program = self._task.program
        labels = "one_hot" if program is None else program.labels
        neighbourhood = Neighbourhood(self._task.space, labels, self._ranking)
        neighbourhood.enter(self._task.faulty)
        return neighbourhood

    def _extend(self, neighbourhood: Neighbourhood) -> Iterator[Trial]:
        """Try the likeliest step from the best program; keep it if it helps."""
        began = time.perf_counter()
        base = self._best
        step = neighbourhood.next(base.configuration)
        self._thinking += time.perf_counter() - began
        if step is None:
            raise _Spent
        program = _Program(step.apply(base.configuration), (*base.steps, step))
        neighbourhood.enter(program.configuration)
        note = {"phase": "search", "step": str(step), "from": min(base.errors, default=0)}
        keep = self._reserve()
        number = None
        if self._settings.probe < 1 and step.cost(base.configuration) >= 1:
            self._counts["probed"] += 1
            fidelity = self._settings.probe / step.cost(base.configuration)
            outcome = yield from self._try(program, note, fidelity=fidelity, keep=keep)
            program.partial = _error(outcome, self._up)
            bar = base.partial if base.partial is not None else float("inf")
            if program.partial is None or (
                gain(bar, program.partial) < self._settings.probe_gain
                and gain(base.error, program.partial) < self._settings.least_gain
            ):
                self._counts["dropped"] += 1
                neighbourhood.learn(step, helped=False)
                return
            number = self._number
        yield from self._try(program, note, number=number, keep=keep)
        helped = gain(base.error, program.error) >= self._settings.least_gain or (
            base.error == float("inf") and program.errors != {}
        )
        neighbourhood.learn(step, helped)
        if helped:
            self._counts["kept"] += 1
            self._best = program

    def _settle(self) -> Iterator[Trial]:
        """Confirm the best program with fresh seeds, then take back what it does not need."""
        yield from self._confirm(self._best)
        if not self._settings.minimise:
            return
        for step in reversed(self._best.steps):
            for edit in step.edits:
                patch = changed(self._task.faulty, self._best.configuration)
                if len(patch) > 1 and edit.name in patch:
                    yield from self._without(edit.name)

    def _confirm(self, program: _Program) -> Iterator[Trial]:
        while len(program.errors) <= self._settings.confirmations:
            self._counts["confirmed"] += 1
            known = len(program.errors)
            yield from self._try(program, {"phase": "confirm"})
            if len(program.errors) == known:  # it fails with another seed
                return

    def _without(self, name: str) -> Iterator[Trial]:
        """The best program without one of its edits, if it is as good."""
        configuration = {**self._best.configuration, name: self._task.faulty[name]}
        program = _Program(configuration, self._best.steps)
        yield from self._try(program, {"phase": "minimise", "taken_back": name})
        if program.errors and program.error <= self._best.error * (1 + self._settings.tolerance):
            self._counts["taken_back"] += 1
            self._best = program

    # -- what is told

    def choice(self) -> int | None:
        """The best training of the program that is returned; None: the faulty program stays."""
        errors = self._best.errors
        return min(errors, key=lambda n: (errors[n], n), default=None)

    def health(self) -> dict[str, int | float | str]:
        return {
            "proposals": self._number + 1,
            **self._counts,
            "symptoms": ",".join(getattr(self, "_symptoms", [])),
            "suspected_operators": ",".join(operators_ranked(self._ranking)),
            "suspected": ",".join(s.name for s in self._ranking[:5]),
        }


def _error(outcome: Outcome, higher_is_better: bool) -> float | None:
    return None if outcome.search is None else error(outcome.search, higher_is_better)
