"""The faulty and the fixed program, trained repeatedly: the reference of every run."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.records.clocks import REFERENCE
from harness.records.files import read_record, write_record
from harness.records.log import check_values
from harness.records.outcome import Outcome
from harness.records.run_record import RunEnvironment
from harness.records.schema import Misfit, NonNegative, Positive, Share
from harness.vocabulary import METRICS, HarnessError, TrialStatus


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
    reference_time: float = 0.0
    """T in seconds of the reference machine; 0 where it was not computed."""
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

    def seconds_by(self, clock: str) -> float:
        """T in the seconds of a clock: computed for the reference machine, else as measured."""
        return self.reference_time if clock == REFERENCE else self.training_time


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineRecord:
    """A baseline as it is stored, with every training."""

    fault: str
    content: str
    """Hash of the fault and its subject when it was measured."""
    metric: str
    """Name of the metric of all values."""
    training_time: Positive
    """T, seconds: median over the trainings of the faulty program, each to its end."""
    work: NonNegative
    """Multiply-accumulates of one training of the faulty program, median; 0 if not counted."""
    data: str
    """Data variant."""
    fraction: Share
    """Share of the training data."""
    device: str
    """Framework and device of the trainings."""
    started: str
    """Time at which measuring began, UTC, ISO 8601."""
    environment: RunEnvironment
    faulty: Sequence[Outcome]
    """The trainings of the faulty program, one per seed."""
    fixed: Sequence[Outcome]
    """The trainings of the fixed program, one per seed."""

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            raise Misfit(f"is {self.metric!r}, not one of {', '.join(METRICS)}", ("metric",))
        for which in ("faulty", "fixed"):
            for number, outcome in enumerate(getattr(self, which)):
                try:
                    check_values(outcome, self.metric)
                except Misfit as misfit:
                    raise Misfit(misfit.problem, (which, str(number), misfit.where[-1])) from None
        if not any(outcome.judged for outcome in self.fixed):
            raise Misfit("holds no training that was judged", ("fixed",))
        if all(outcome.status is TrialStatus.INVALID for outcome in self.faulty):
            raise Misfit("holds no training", ("faulty",))
        for name, median in (
            ("training_time", whole_time(self.faulty)),
            ("work", whole_work(self.faulty)),
        ):
            own = getattr(self, name)
            if not math.isclose(own, median, rel_tol=1e-6):
                raise Misfit(f"is {own!r}, but the trainings have the median {median!r}", (name,))

    @property
    def baseline(self) -> Baseline:
        """The judged trainings, as the analysis reads them."""
        faulty = [o for o in self.faulty if o.judged]
        fixed = [o for o in self.fixed if o.judged]
        return Baseline(
            fault=self.fault,
            metric=self.metric,
            faulty_holdout=[o.holdout for o in faulty if o.holdout is not None],
            fixed_holdout=[o.holdout for o in fixed if o.holdout is not None],
            faulty_search=[o.search for o in faulty if o.search is not None],
            fixed_search=[o.search for o in fixed if o.search is not None],
            training_time=self.training_time,
            work=self.work,
            reference_time=whole_reference(self.faulty),
            faulty_unjudged=len(self.faulty) - len(faulty),
            fixed_unjudged=len(self.fixed) - len(fixed),
            data=self.data,
            fraction=self.fraction,
            device=self.device,
            content=self.content,
        )

    def write(self, path: Path) -> None:
        """Write the record; a baseline that another driver stored first stays."""
        write_record(path, self, replace=False)


def whole_time(faulty: Sequence[Outcome]) -> float:
    """T, seconds: the median over trainings, each as long as it would take to its end.

    A training that diverged was stopped before; a program that does not build has none.
    """
    return statistics.median(
        o.seconds / o.fidelity for o in faulty if o.status is not TrialStatus.INVALID
    )


def whole_work(faulty: Sequence[Outcome]) -> float:
    """Multiply-accumulates of one training to its end, median."""
    return statistics.median(o.work / o.fidelity for o in faulty)


def whole_reference(faulty: Sequence[Outcome]) -> float:
    """T, seconds of the reference machine: equal for all trainings that began; 0 if none did."""
    return max((o.whole_reference_seconds for o in faulty), default=0.0)


def read_baseline_record(path: Path) -> BaselineRecord:
    """A baseline file with every training.

    Raises:
        HarnessError: If it is damaged or of another version.
    """
    return read_record(path, BaselineRecord, "baseline")


def read_baseline(path: Path, fault: str, seeds: int | None = None, **asked: object) -> Baseline:
    """The judged trainings of a fault's two programs, from its baseline file.

    Args:
        seeds: Trainings that each program must have; None: any number.
        asked: Further fields of the record, such as ``metric``, and the values that they must have.

    Raises:
        HarnessError: If the file is damaged, of another version, or another baseline.
    """
    record = read_baseline_record(path)
    wanted: dict[str, object] = {"fault": fault, **asked}
    problems = [
        f"it was measured with {name} {getattr(record, name)!r}, not {value!r}"
        for name, value in wanted.items()
        if getattr(record, name) != value
    ]
    counts = sorted({len(record.faulty), len(record.fixed)})
    if seeds is not None and counts != [seeds]:
        problems.append(f"it holds {' and '.join(map(str, counts))} trainings, not {seeds}")
    if problems:
        raise HarnessError(
            f"{path} is no baseline of {fault}: {problems[0]}. Nothing was changed; move the file "
            "away and repeat the command to measure it again"
        )
    return record.baseline
