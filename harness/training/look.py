"""A look at a program before it trains: what the localiser blames, and how large the data are."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

from harness.records.observation import Blame, Look
from harness.subjects.arrays import Data
from harness.subjects.subject import Subject
from harness.theia.suspects import blames
from harness.vocabulary import Configuration


def look(subject: Subject, configuration: Configuration, data: Data) -> Look:
    """Check the program of a configuration with Theia, on the training and the search part.

    A program that Theia cannot read does not fail the training: the look has no blames then, and
    says why in ``error``.
    """
    building = 0.0

    def build(values: Configuration) -> Any:
        nonlocal building
        began = perf_counter()
        try:
            return subject.build(values)
        finally:
            building += perf_counter() - began

    began = perf_counter()
    error, found = "", tuple[Blame, ...]()
    timed = replace(subject, build=build)
    try:
        found = tuple(blames(timed, configuration, data, test=(data.x_search, data.y_search)))
    except Exception as problem:
        error = f"{type(problem).__name__}: {problem}".splitlines()[0][:300]
    return Look(
        blames=found,
        samples=len(data.y_train),
        judged=len(data.y_search),
        seconds=max(0.0, perf_counter() - began - building),
        build_seconds=building,
        error=error,
    )
