"""The faulty and the fixed program, trained repeatedly: what every run is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.records.files import read_json
from harness.records.outcome import parse_outcome
from harness.vocabulary import HarnessError


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The faulty and the fixed program, trained repeatedly."""

    fault: str
    metric: str
    faulty_holdout: Sequence[float]
    """Holdout metric of each judged training of the faulty program; as trained, not sorted."""
    fixed_holdout: Sequence[float]
    faulty_search: Sequence[float]
    fixed_search: Sequence[float]
    training_time: float
    """T, seconds: the median over the trainings of the faulty program."""
    work: float = 0.0
    """Multiply-accumulates of one of them; 0 where they were not counted."""
    faulty_mean: float | None = None
    """Mean of the faulty program where it is known better than by its list (published studies)."""
    fixed_mean: float | None = None
    """Mean of the fixed program where no list of trainings exists (published studies)."""
    faulty_unjudged: int = 0
    """Trainings of the faulty program that diverged or crashed: they rank below all others."""
    fixed_unjudged: int = 0
    data: str = "default"
    fraction: float = 1.0
    device: str = ""
    content: str = ""
    """Hash of the fault and its subject when it was measured; '' if it was not noted."""


def read_baseline(path: Path) -> Baseline:
    """The judged trainings of faulty and fixed program, from a baseline file."""
    content = read_json(path)
    try:
        trained = {which: [*map(parse_outcome, content[which])] for which in ("faulty", "fixed")}
        judged = {which: [o for o in trained[which] if o.judged] for which in trained}
        return Baseline(
            fault=content["fault"],
            metric=content["metric"],
            faulty_holdout=[o.holdout for o in judged["faulty"] if o.holdout is not None],
            fixed_holdout=[o.holdout for o in judged["fixed"] if o.holdout is not None],
            faulty_search=[o.search for o in judged["faulty"] if o.search is not None],
            fixed_search=[o.search for o in judged["fixed"] if o.search is not None],
            training_time=content["training_time"],
            work=content.get("work", 0.0),
            faulty_unjudged=len(trained["faulty"]) - len(judged["faulty"]),
            fixed_unjudged=len(trained["fixed"]) - len(judged["fixed"]),
            data=content["data"],
            fraction=content["fraction"],
            device=content["device"],
            content=content.get("content", ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise HarnessError(f"{path} is no baseline: {error!r}") from None
