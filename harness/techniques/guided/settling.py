"""Settling on a program: confirm it with fresh seeds, then take back what it does not need."""

from __future__ import annotations

from collections.abc import Sequence

from harness.techniques.guided.course import Course, TrainingSteps
from harness.techniques.guided.neighbourhood import Neighbourhood
from harness.techniques.guided.program import TriedProgram
from harness.techniques.guided.suspicion import Suspect
from harness.vocabulary import changed


def settle(course: Course, hood: Neighbourhood, ranking: Sequence[Suspect]) -> TrainingSteps:
    """Confirm the best program, then take back its edits one by one, the least suspected first.

    Args:
        course: The run.
        hood: Learns which programs were trained.
        ranking: The suspects in the faulty program, the most suspected first.
    """
    yield from confirm_best(course)
    if course.best is course.start or not course.settings.minimise:
        return
    rank = {suspect.name: i for i, suspect in enumerate(ranking)}
    patch = changed(course.task.faulty, course.best.configuration)
    for name in sorted(patch, key=lambda n: -rank[n]):
        if course.edits() == 1 or not course.affords(course.best):
            return
        yield from take_back(course, name, hood)


def confirm_best(course: Course) -> TrainingSteps:
    """Train the best program again; one that is refuted gives way to the program it came from."""
    settings = course.settings
    while course.best.parent is not None:
        best, parent = course.best, course.best.parent
        while len(best.errors) <= settings.confirmations:
            if not course.affords(best):
                return
            course.counts["confirmed"] += 1
            before = len(best.errors)
            yield from course.train(best, "confirm")
            if len(best.errors) == before:
                return
        if course.judge.helps(parent.error, best.error, settings.least_gain / 2):
            return
        course.counts["refuted"] += 1
        course.best = parent


def take_back(course: Course, name: str, hood: Neighbourhood) -> TrainingSteps:
    """Train the best program without one of its edits; it takes over if it is as good."""
    best = course.best
    configuration = {**best.configuration, name: course.task.faulty[name]}
    program = TriedProgram(configuration, best.step, best.parent, partial=best.partial)
    hood.enter(configuration)
    yield from course.train(program, "minimise", taken_back=name, base=min(best.errors))
    allowed = best.error * (1 + course.settings.tolerance) + course.judge.noise(best.error)
    if program.errors and program.error <= allowed:
        course.counts["taken_back"] += 1
        course.best = program
