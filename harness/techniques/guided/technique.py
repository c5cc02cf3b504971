"""Guided repair: localise, repair near the fault, keep only what is needed.

The search starts at the faulty program and never returns anything worse. It asks what is suspicious
before it tries anything, tries few edits at a time, drops them early, trains the winner again with
fresh seeds, and takes back every edit that is not needed.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import numpy as np

from harness.records.clocks import Clock, remaining
from harness.records.observation import Blame, Look
from harness.records.outcome import Outcome
from harness.space.usual import Usual
from harness.techniques.contract import Finish, Optimiser, Proposal, RepairTask
from harness.techniques.guided.neighbourhood import Edit, Neighbourhood, Step
from harness.techniques.guided.suspicion import (
    LITTLE_REACH,
    TAXONOMY,
    Curve,
    Evidence,
    Sign,
    Suspect,
    curve,
    operators_ranked,
    suspects,
)
from harness.training.watched.history import History, Link, Training
from harness.training.watched.symptoms import SymptomThresholds
from harness.vocabulary import Cause, TrialStatus, Value, changed

LOOKS = 8
"""Times that the training of the faulty program is looked at, if it has epochs enough."""

LEAST_WATCHED = 0.1
"""Seconds of T from which the looks are worth what they cost where seconds are charged."""

DOUBTS = 3
"""Trainings of the faulty program at most, where a program that did better in a probe did not in
the end."""

FAILED = (TrialStatus.INVALID, TrialStatus.CRASHED)
"""What tells nothing of a training's cost."""

TrainingSteps = Generator[Proposal, Outcome, None]
Trained = Generator[Proposal, Outcome, Outcome]


@dataclass(frozen=True, kw_only=True)
class Guided:
    """Localisation, symptoms, and a search outwards from the faulty program.

    Each part can be switched off, for the ablation.
    """

    localise: bool = True
    """Whether Theia's findings on the faulty program count."""
    watch: bool = True
    """Whether the symptoms of the faulty program's training count."""
    taxonomy: bool = True
    """Whether the prior over repair operators counts."""
    values: bool = True
    """Whether unusual values are suspicious."""
    near: bool = True
    """Whether the search stays near the best program so far; else it draws from the whole space."""
    probe: float = 0.25
    """Share of a training after which a program may be dropped; 1 trains all to their end."""
    width: int = 2
    """Programs that are probed before the best of them is trained to its end."""
    striking: float = 0.5
    """Share of the error of a whole training that a probe must take away to end the probing."""
    least_gain: float = 0.1
    """Share of the error that a step must take away to be kept."""
    confirmations: int = 1
    """Further trainings of the best program, with seeds of their own."""
    minimise: bool = True
    """Whether edits that are not needed are taken back."""
    tolerance: float = 0.1
    """Share by which the error may grow when an edit is taken back."""
    jitter: float = 0.3
    """Scale of the noise on the logarithm of a step's weight."""

    def optimiser(self, task: RepairTask, clock: Clock, seed: int) -> GuidedOptimiser:
        return GuidedOptimiser(self, task, clock, seed)


@dataclass(eq=False)
class _Program:
    """A configuration, its trainings, and how it came about."""

    configuration: dict[str, Value]
    step: Step | None = None
    parent: _Program | None = None
    number: int | None = None
    """Of its first proposal."""
    errors: dict[int, float] = field(default_factory=dict)
    """Proposal -> error on the search part, of its full trainings; infinite for failures."""
    partial: float = math.inf
    """Error after the probe's share of a training."""
    charged: float = 0.0
    """In the clock's unit, for all of its trainings that count here."""
    trained: float = 0.0
    """Those trainings, as multiples of a full one."""

    @property
    def error(self) -> float:
        return fmean(self.errors.values()) if self.errors else math.inf

    @property
    def cost(self) -> float:
        """Of one full training, in the clock's unit; 0 as long as nothing is known."""
        return self.charged / self.trained if self.trained else 0.0


class GuidedOptimiser(Optimiser):
    """Asked and told one training at a time. What it does in between is :meth:`_plan`."""

    def __init__(self, settings: Guided, task: RepairTask, clock: Clock, seed: int) -> None:
        self._settings, self._task, self._clock = settings, task, clock
        self._rng = np.random.default_rng(seed)
        self._numbers = 0
        self._start = self._best = _Program(dict(task.faulty))
        if clock.unit == "s":
            self._start.charged, self._start.trained = task.training_time, 1.0
        self._settled: _Program | None = self._start
        self._fruitless = 0
        self._counts = dict.fromkeys(
            ("probed", "dropped", "kept", "confirmed", "refuted", "taken_back"), 0
        )
        self._signs: list[Sign] = []
        self._look: Look | None = None
        self.ranking: list[Suspect] = []
        """Suspects before any edit; empty until the faulty program was inspected."""
        self._steps = math.inf
        self._dropped: list[_Program] = []
        self._told: Outcome | None = None
        self._run = self._plan()
        self._begun = False

    # -- asked and told

    def ask(self) -> Proposal | None:
        return self._advance()

    def _advance(self) -> Proposal | None:
        told, self._told = self._told, None
        try:
            if not self._begun:
                self._begun = True
                return next(self._run)
            assert told is not None
            return self._run.send(told)
        except StopIteration:
            return None

    def tell(self, proposal: Proposal, outcome: Outcome) -> None:
        """Kept until the next question: by then the clock was charged for it."""
        self._told = outcome

    def choice(self) -> int | None:
        """The best training of the program that is returned; a probe or cut one is none."""
        if self._told is not None:
            self._advance()
        return self._choice()

    def _choice(self) -> int | None:
        errors = {n: e for n, e in self._best.errors.items() if math.isfinite(e)}
        return min(errors, key=lambda n: (errors[n], n), default=None)

    def health(self) -> Mapping[str, int | float | str]:
        """Counters, and what was suspected before any edit."""
        seen = self._look
        return {
            "proposals": self._numbers,
            **self._counts,
            "signs": ",".join(sign.value for sign in self._signs),
            "blamed": ",".join(dict.fromkeys(b.hyperparameter for b in self._blames())),
            "localiser_error": "" if seen is None else seen.error,
            "suspected_operators": ",".join(operators_ranked(self.ranking)),
            "suspected": ",".join(s.name for s in self.ranking[:5]),
        }

    def finish(self) -> Finish:
        """The counters, and the program that is returned."""
        health = self.health()
        return Finish(health, choice=self.choice())

    # -- trainings

    def _train(
        self,
        program: _Program,
        phase: str,
        *,
        fidelity: float = 1.0,
        again: bool = True,
        limit: float = math.inf,
        history: History | None = None,
        look: bool = False,
        **told: Any,
    ) -> Trained:
        """Train a program; with a seed of its own, or on from where its first training stopped."""
        number = program.number
        if again or number is None:
            number, self._numbers = self._numbers, self._numbers + 1
        if program.number is None:
            program.number = number
        spent = self._clock.spent
        outcome = yield Proposal(
            proposal=number,
            configuration=dict(program.configuration),
            fidelity=fidelity,
            note={"phase": phase, "choice": self._choice(), **told},
            history=history,
            look=look,
            limit=limit,
        )
        if outcome.cause is Cause.INFRASTRUCTURE:
            return outcome
        extra = (look or history is not None) and self._clock.unit == "s"
        if outcome.status not in FAILED and not extra:  # looks take seconds of their own
            program.charged += self._clock.spent - spent
            program.trained += max(0.0, outcome.fidelity - (0 if again else self._settings.probe))
        error = self._error(outcome)
        if outcome.status is TrialStatus.CUT or (error < math.inf and outcome.fidelity < 1):
            return outcome
        if fidelity == 1 or error == math.inf:
            program.errors[number] = error
        return outcome

    def _error(self, outcome: Outcome) -> float:
        return self._task.metric.error(outcome.search)

    def _noise(self, error: float) -> float:
        """What the difference of two accuracies may be off by: its standard error."""
        judged = 0 if self._look is None else self._look.judged
        if self._task.metric.name != "accuracy" or not judged or not 0 < error < 1:
            return 0.0
        return math.sqrt(2 * error * (1 - error) / judged)

    def _helps(self, before: float, after: float, least: float) -> bool:
        """Whether enough of an error is gone, and more than chance may take away."""
        if not math.isfinite(before):
            return math.isfinite(after)
        return before - after >= max(least * before, self._noise(before)) and after < before

    # -- the course of a run

    def _plan(self) -> TrainingSteps:
        yield from self._inspect()
        hood = Neighbourhood(
            self.evidence(), self._rng, self._settings.jitter, self._settings.probe
        )
        hood.enter(self._start.configuration)
        while True:
            searched = yield from self._round(hood)
            if searched:
                continue
            if self._best is not self._settled:
                yield from self._settle(hood)
                self._settled = self._best
            else:
                yield from self._train(self._best, "again")

    def _inspect(self) -> TrainingSteps:
        """Train the faulty program, and gather what is known of it."""
        start, settings = self._start, self._settings
        outcome = yield from self._train(
            start, "look", fidelity=settings.probe, look=settings.localise
        )
        start.partial = self._error(outcome)
        if outcome.steps:
            self._steps = outcome.steps / outcome.fidelity
        if settings.localise and outcome.look is not None:
            self._look = outcome.look
        watched = settings.watch and self._looks_pay()
        if watched:
            link = Link(number=self._numbers, training=Training.of(start.configuration))
            epochs = link.training.epochs
            history = History(
                links=(link,),
                thresholds=SymptomThresholds(interval=max(3, -(-epochs // LOOKS))),
                start=start.configuration,
                stops=False,
            )
            outcome = yield from self._train(start, "watch", history=history)
        if not watched or outcome.status in FAILED:
            if watched:  # what cannot be watched (several inputs, say) may train all the same
                start.errors.clear()
            fresh = settings.probe == 1 or start.partial == math.inf
            outcome = yield from self._train(start, "watch", again=fresh)
        if settings.watch:
            self._signs = _signs(outcome)
            if self.evidence().usual.reach(start.configuration) < LITTLE_REACH:
                self._signs.append(Curve.FEW_STEPS)
        self.ranking = suspects(self.evidence())

    def _looks_pay(self) -> bool:
        """Whether AutoTrainer's symptoms can be had for little; the loss curve costs nothing."""
        return self._clock.unit != "s" or self._task.training_time >= LEAST_WATCHED

    def _blames(self) -> tuple[Blame, ...]:
        return () if self._look is None else self._look.blames

    def evidence(self) -> Evidence:
        """What is known of the faulty program."""
        program = self._task.program
        return Evidence(
            faulty=self._task.faulty,
            usual=Usual(
                self._task.space,
                "one_hot" if program is None else program.labels,
                self._task.faulty,
                self._steps,
            ),
            signs=self._signs,
            blames=self._blames(),
            taxonomy=TAXONOMY if self._settings.taxonomy else {},
            values=self._settings.values,
        )

    def _reserve(self) -> float:
        """What confirming and minimising will cost, in the clock's unit."""
        settings, best = self._settings, self._best
        if best is self._start:
            return best.cost * settings.confirmations
        edits = len(changed(self._task.faulty, best.configuration))
        back = edits if settings.minimise and edits > 1 and best is not self._settled else 0
        return best.cost * (back + settings.confirmations)

    def _round(self, hood: Neighbourhood) -> Generator[Proposal, Outcome, bool]:
        """Probe some steps from the best program, train the most promising to its end, keep it if
        it helps.

        Returns:
            Whether anything was trained.
        """
        base, settings = self._best, self._settings
        pool: list[_Program] = []
        tried = False
        for _ in range(settings.width):
            if base.error == 0:
                break
            step = self._next(hood, base, self._left())
            if step is None:
                break
            tried = True
            program = _Program(step.apply(base.configuration), step, base)
            hood.enter(program.configuration)
            length = step.cost(base.configuration)
            if settings.probe == 1 or length > 1:
                pool = [program]
                break
            self._counts["probed"] += 1
            outcome = yield from self._train(
                program,
                "probe",
                fidelity=settings.probe,
                limit=max(base.cost, self._start.cost),
                **self._told_of(step, base, hood),
            )
            program.partial = self._error(outcome)
            if not self._promising(base, program) or outcome.status is TrialStatus.CUT:
                self._counts["dropped"] += 1
                hood.learn(step, helped=False)
                if outcome.status is TrialStatus.COMPLETED:
                    self._dropped.append(program)
                continue
            pool.append(program)
            if self._helps(base.error, program.partial, settings.striking):
                break
        self._fruitless = 0 if pool else self._fruitless + 1
        if self._fruitless > 1 and base is self._start:  # a probe may be too short to show a gain
            pool = [p for p in self._dropped if p.parent is base][:1]
            self._dropped = [p for p in self._dropped if p not in pool]
        if not pool:
            return tried
        chosen = min(pool, key=lambda p: p.partial)
        if self._left() < 1 - settings.probe and base is not self._start:
            return False
        yield from self._promote(hood, chosen)
        return True

    def _left(self) -> float:
        """What can be spent on the search, in trainings of the best program."""
        return (remaining(self._clock) - self._reserve()) / max(self._best.cost, 1e-12)

    def _promising(self, base: _Program, program: _Program) -> bool:
        """Whether a probe is better than that of the base, or than the base's whole training."""
        if self._helps(base.error, program.partial, self._settings.least_gain):
            return True
        return math.isfinite(base.partial) and self._helps(base.partial, program.partial, 0.0)

    def _next(self, hood: Neighbourhood, base: _Program, left: float) -> Step | None:
        """The next step that can be afforded, ``left`` counting trainings of the best program."""
        if left < self._settings.probe:
            return None
        if self._settings.near:
            return hood.next(base.configuration, left)
        drawn = self._task.space.sample(self._rng)
        patch = changed(base.configuration, drawn)
        return Step(tuple(Edit(name, after) for name, (_, after) in patch.items()), 1.0)

    def _told_of(self, step: Step, base: _Program, hood: Neighbourhood) -> dict[str, Any]:
        """What an explanation needs to know of a step."""
        ranking = {s.name: s for s in hood.ranking(base.configuration)}
        names = list(ranking)
        return {
            "base": min(base.errors, default=None),
            "edits": {e.name: e.value for e in step.edits},
            "suspicion": {
                e.name: {
                    "rank": names.index(e.name) + 1,
                    "share": round(ranking[e.name].weight, 4),
                    **{k: round(v, 3) for k, v in ranking[e.name].evidence.items()},
                }
                for e in step.edits
            },
        }

    def _promote(self, hood: Neighbourhood, program: _Program) -> TrainingSteps:
        """Train a program to its end; it takes over if it helps."""
        assert program.parent is not None
        assert program.step is not None
        base, settings = program.parent, self._settings
        probed = program.number is not None
        told = self._told_of(program.step, base, hood)
        keep = self._reserve() if base is not self._start else 0.0
        limit = max(remaining(self._clock) - keep, base.cost)
        outcome = yield from self._train(program, "train", again=not probed, limit=limit, **told)
        if outcome.status is TrialStatus.CUT and outcome.judged:  # what it reached counts
            assert program.number is not None
            program.errors[program.number] = self._error(outcome)
        helped = self._helps(base.error, program.error, settings.least_gain)
        while not helped and self._doubtful(base, program):
            yield from self._train(base, "doubt")
            helped = self._helps(base.error, program.error, settings.least_gain)
        hood.learn(program.step, helped)
        if helped:
            self._counts["kept"] += 1
            self._best = program

    def _doubtful(self, base: _Program, program: _Program) -> bool:
        """Whether the faulty program may have been lucky: it was behind when both were probed."""
        return (
            base is self._start
            and len(base.errors) < DOUBTS
            and program.error <= base.error + self._noise(base.error)
            and (
                program.partial == math.inf  # not probed
                or self._helps(base.partial, program.partial, self._settings.least_gain)
            )
            and remaining(self._clock) >= base.cost + self._reserve()
        )

    def _settle(self, hood: Neighbourhood) -> TrainingSteps:
        """Confirm the best program with fresh seeds, then take back what it does not need."""
        yield from self._confirm()
        if self._best is self._start or not self._settings.minimise:
            return
        rank = {s.name: i for i, s in enumerate(self.ranking)}
        patch = changed(self._task.faulty, self._best.configuration)
        for name in sorted(patch, key=lambda n: -rank[n]):
            if len(changed(self._task.faulty, self._best.configuration)) == 1:
                return
            if remaining(self._clock) < 0.9 * self._best.cost:
                return
            yield from self._without(name, hood)

    def _confirm(self) -> TrainingSteps:
        """Train the best program again; one that does not hold gives way to what it came from."""
        while self._best.parent is not None:
            best, parent = self._best, self._best.parent
            while len(best.errors) <= self._settings.confirmations:
                if remaining(self._clock) < 0.9 * best.cost:
                    return
                self._counts["confirmed"] += 1
                before = len(best.errors)
                yield from self._train(best, "confirm")
                if len(best.errors) == before:
                    return
            if self._helps(parent.error, best.error, self._settings.least_gain / 2):
                return
            self._counts["refuted"] += 1
            self._best = parent

    def _without(self, name: str, hood: Neighbourhood) -> TrainingSteps:
        """The best program without one of its edits, if it is as good."""
        best, faulty = self._best, self._task.faulty
        configuration = {**best.configuration, name: faulty[name]}
        program = _Program(configuration, best.step, best.parent, partial=best.partial)
        hood.enter(configuration)
        yield from self._train(program, "minimise", taken_back=name, base=min(best.errors))
        allowed = best.error * (1 + self._settings.tolerance) + self._noise(best.error)
        if program.errors and program.error <= allowed:
            self._counts["taken_back"] += 1
            self._best = program


def _signs(outcome: Outcome) -> list[Sign]:
    """What the whole training of the faulty program shows."""
    shown = outcome.watched
    finite = outcome.status is not TrialStatus.DIVERGED
    found: list[Sign] = [*curve(outcome.losses, finite)]
    if shown is not None and shown.symptom is not None and Curve.NOT_FINITE not in found:
        found.append(shown.symptom)
    return found
