"""Rounds of the search: probe some steps, train the most promising program, keep it if it helps."""

from __future__ import annotations

import math
from collections.abc import Generator

from harness.records.clocks import remaining
from harness.records.outcome import Outcome
from harness.techniques.contract import Proposal
from harness.techniques.guided.course import Course, TrainingSteps
from harness.techniques.guided.neighbourhood import Edit, Neighbourhood, Step
from harness.techniques.guided.notes import step_note
from harness.techniques.guided.program import TriedProgram
from harness.vocabulary import TrialStatus, changed

DOUBTS = 3
"""Most trainings of the faulty program where another one was better in a probe only."""


class Rounds:
    """The search outwards from the best program so far."""

    def __init__(self, course: Course, hood: Neighbourhood) -> None:
        self._course, self._hood = course, hood
        self._dropped: list[TriedProgram] = []
        self._fruitless = 0
        """Rounds in a row without a promising program."""

    def round(self) -> Generator[Proposal, Outcome, bool]:
        """Probe some steps from the best program, and train the most promising one to its end.

        Returns:
            Whether anything was trained.
        """
        course, settings = self._course, self._course.settings
        base = course.best
        pool: list[TriedProgram] = []
        tried = False
        for _ in range(settings.width):
            step = None if base.error == 0 else self._next(base, course.left())
            if step is None:
                break
            tried = True
            program = TriedProgram(step.apply(base.configuration), step, base)
            self._hood.enter(program.configuration)
            if settings.probe == 1 or step.cost(base.configuration) > 1:
                pool = [program]
                break
            if (yield from self._probe(base, program, step)):
                pool.append(program)
                if course.judge.helps(base.error, program.partial, settings.striking):
                    break
        pool = self._or_dropped(pool, base)
        if not pool:
            return tried
        if course.left() < 1 - settings.probe and base is not course.start:
            return False
        yield from self._promote(min(pool, key=lambda p: p.partial))
        return True

    def _next(self, base: TriedProgram, left: float) -> Step | None:
        """The next step that ``left`` trainings of the best program can pay for."""
        settings = self._course.settings
        if left < settings.probe:
            return None
        if settings.near:
            return self._hood.next(base.configuration, left)
        drawn = self._course.task.space.sample(self._hood.rng)
        patch = changed(base.configuration, drawn)
        return Step(tuple(Edit(name, after) for name, (_, after) in patch.items()), 1.0)

    def _probe(
        self, base: TriedProgram, program: TriedProgram, step: Step
    ) -> Generator[Proposal, Outcome, bool]:
        """Train a program for a share; it is dropped unless it is promising."""
        course = self._course
        course.counts["probed"] += 1
        outcome = yield from course.train(
            program,
            "probe",
            fidelity=course.settings.probe,
            limit=max(base.cost, course.start.cost),
            **step_note(step, base, self._hood),
        )
        program.partial = course.judge.error(outcome)
        if self._promising(base, program) and outcome.status is not TrialStatus.CUT:
            return True
        course.counts["dropped"] += 1
        self._hood.learn(step, helped=False)
        if outcome.status is TrialStatus.COMPLETED:
            self._dropped.append(program)
        return False

    def _promising(self, base: TriedProgram, program: TriedProgram) -> bool:
        """Whether a probe is better than that of the base, or than the base's whole training."""
        judge, least = self._course.judge, self._course.settings.least_gain
        if judge.helps(base.error, program.partial, least):
            return True
        return math.isfinite(base.partial) and judge.helps(base.partial, program.partial, 0.0)

    def _or_dropped(self, pool: list[TriedProgram], base: TriedProgram) -> list[TriedProgram]:
        """The pool, or after two fruitless rounds a dropped neighbour of the faulty program.

        A probe may be too short to show a gain.
        """
        self._fruitless = 0 if pool else self._fruitless + 1
        if self._fruitless > 1 and base is self._course.start:
            pool = [p for p in self._dropped if p.parent is base][:1]
            self._dropped = [p for p in self._dropped if p not in pool]
        return pool

    def _promote(self, program: TriedProgram) -> TrainingSteps:
        """Train a program to its end; it takes over if it helps."""
        assert program.parent is not None
        assert program.step is not None
        course, base = self._course, program.parent
        judge, least = course.judge, course.settings.least_gain
        probed = program.number is not None
        note = step_note(program.step, base, self._hood)
        keep = course.reserve() if base is not course.start else 0.0
        limit = max(remaining(course.clock) - keep, base.cost)
        outcome = yield from course.train(program, "train", again=not probed, limit=limit, **note)
        if outcome.status is TrialStatus.CUT and outcome.judged:  # what it reached counts
            assert program.number is not None
            program.errors[program.number] = judge.error(outcome)
        helped = judge.helps(base.error, program.error, least)
        while not helped and self._doubtful(base, program):
            yield from course.train(base, "doubt")
            helped = judge.helps(base.error, program.error, least)
        self._hood.learn(program.step, helped)
        if helped:
            course.counts["kept"] += 1
            course.best = program

    def _doubtful(self, base: TriedProgram, program: TriedProgram) -> bool:
        """Whether the faulty program may have been lucky: it was behind when both were probed."""
        course, judge = self._course, self._course.judge
        return (
            base is course.start
            and len(base.errors) < DOUBTS
            and program.error <= base.error + judge.noise(base.error)
            and (
                program.partial == math.inf  # not probed
                or judge.helps(base.partial, program.partial, course.settings.least_gain)
            )
            and remaining(course.clock) >= base.cost + course.reserve()
        )
