"""A look at a program before it trains: what a localiser blames, and how large its data are."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.subjects.arrays import Data
from harness.subjects.subject import Subject
from harness.theia.suspects import Blame, blames
from harness.vocabulary import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen. Plain data."""

    blames: tuple[Blame, ...]
    """Hyperparameters that Theia's findings reach: bugs first."""
    samples: int
    """Of the training part."""
    judged: int
    """Samples of the search part, which a technique's metric is measured on."""
    seconds: float
    """What it took, building programs left out: building is charged nowhere."""
    build_seconds: float
    error: str = ""
    """Why the localiser could say nothing; '' if it could."""

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "blames": [asdict(blame) for blame in self.blames]}

    @staticmethod
    def parse(content: Mapping[str, Any]) -> Look:
        """What :meth:`plain` made."""
        return Look(**{**content, "blames": tuple(Blame(**b) for b in content["blames"])})


def look(subject: Subject, configuration: Configuration, data: Data) -> Look:
    """Check the program of a configuration with Theia, on the training and the search part.

    A program that Theia cannot read is no failure of the training: it is blamed for nothing.
    """
    building = 0.0

    def build(values: Configuration) -> Any:
        nonlocal building
        began = time.perf_counter()
        try:
            return subject.build(values)
        finally:
            building += time.perf_counter() - began

    began = time.perf_counter()
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
        seconds=max(0.0, time.perf_counter() - began - building),
        build_seconds=building,
        error=error,
    )
