"""Trainings kept by content: whoever asks for the same training again finds it.

::

    results/trainings/digits_cnn/5f0c9a7be1d2.json    one configuration on one set of data, by seed

Mutants share the trainings of their subject, campaigns that are stopped go on where they were, and
a baseline finds what a fault's qualification trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from harness.engine import Worker
from harness.engine.limits import NEVER
from harness.records.files import digest, is_there, write_record
from harness.records.log import check_values
from harness.records.outcome import Outcome
from harness.records.schema import Misfit
from harness.records.store import Store
from harness.records.trainings import KeptTraining, TrainingsRecord, read_trainings
from harness.subjects.fault import Fault
from harness.subjects.registry import load_registry
from harness.training import Request
from harness.training.seeds import training_seed
from harness.vocabulary import Cause, HarnessError, TrialStatus

_NOT_KEPT = (Cause.INFRASTRUCTURE, Cause.TIME_OUT)
"""Causes of a crash that depend on the machine as well: such a training is not kept."""


class NotTrained(Exception):
    """A training that is not kept was asked for where nothing can be trained."""


@dataclass(frozen=True)
class KeptTrainings:
    """Trains to the end, or finds what was trained before."""

    store: Store
    backend: str
    worker: Callable[[], Worker] | None = None
    """Called when there is something to train; without it, what is not kept raises NotTrained."""
    same_device: bool = False
    """Whether only trainings of the worker's own device count: those whose times are compared."""

    def __call__(self, request: Request, seeds: Sequence[int]) -> list[Outcome]:
        """The outcomes of ``request`` with each of ``seeds``, in order.

        A program that cannot be trained, or does not end in time, is not tried with a second seed.
        A training whose process was lost or ended is an outcome, but not kept.

        Raises:
            NotTrained: If one is not kept, and there is no worker.
        """
        path = self.path(request)
        kept = self._read(path, request) if is_there(path) else {}
        device = self._worker().device() if self.same_device else ""
        outcomes: list[Outcome] = []
        here = [k.outcome for k in kept.values() if k.device == device]
        expected = max((o.total_seconds for o in here if o.judged), default=NEVER)
        for seed in seeds:
            found = kept.get(str(seed))
            if found is None or (self.same_device and found.device != device):
                worker = self._worker()
                outcome = worker.train(replace(request, seed=seed, limit=NEVER), expected)
                if outcome.judged:
                    longest = 0.0 if expected >= NEVER else expected
                    expected = max(longest, outcome.total_seconds)
                if outcome.cause not in _NOT_KEPT:
                    kept[str(seed)] = KeptTraining(device=worker.device(), outcome=outcome)
                    write_record(path, self._record(request, kept))
            else:
                outcome = found.outcome
            outcomes.append(outcome)
            if outcome.status is TrialStatus.INVALID or outcome.cause is Cause.TIME_OUT:
                return [outcome] * len(seeds)
        return outcomes

    def _read(self, path: Path, request: Request) -> dict[str, KeptTraining]:
        """The trainings in a file.

        Raises:
            HarnessError: If it is damaged, or holds those of another program.
        """
        record, asked = read_trainings(path), self._record(request, {})
        subject = load_registry(request.folders or None).subject(request.subject)
        try:
            for name in (f.name for f in fields(asked) if f.name != "trainings"):
                if (found := getattr(record, name)) != getattr(asked, name):
                    raise Misfit(f"is {found!r}, not that of the program asked for", (name,))
            for seed, training in record.trainings.items():
                try:
                    check_values(training.outcome, subject.metric)
                except Misfit as misfit:
                    raise misfit.within(seed).within("trainings") from None
        except Misfit as misfit:
            raise HarnessError(
                f"{path} is no record of these trainings: {misfit}. Nothing was changed; move the "
                "file away and repeat the command to make it again"
            ) from None
        return dict(record.trainings)

    def _worker(self) -> Worker:
        if self.worker is None:
            raise NotTrained
        return self.worker()

    def path(self, request: Request) -> Path:
        """The file of all trainings that differ from ``request`` in their seeds only."""
        subject = load_registry(request.folders or None).subject(request.subject)
        identity = trainings_identity(subject.content, self._record(request, {}))
        return self.store.trainings_path(request.subject, identity)

    def _record(self, request: Request, kept: Mapping[str, KeptTraining]) -> TrainingsRecord:
        return TrainingsRecord(
            subject=request.subject,
            backend=self.backend,
            configuration=dict(request.configuration),
            data_seed=request.data_seed,
            data=request.data,
            fraction=request.fraction,
            trainings=kept,
        )


def trainings_identity(content: str, record: TrainingsRecord) -> str:
    """Twelve hexadecimal digits that name the file of ``record``.

    Args:
        content: Hash of the subject.
    """
    asked = {
        "configuration": dict(record.configuration),
        "data_seed": record.data_seed,
        "data": record.data,
        "fraction": record.fraction,
    }
    return digest([content, record.backend, asked])


def baseline_seeds(fault: Fault, which: str, count: int) -> list[int]:
    """Seeds of the trainings of a fault's ``faulty`` or ``fixed`` program."""
    base = fault.data_seed + (which == "fixed")
    return [training_seed(base, number) for number in range(count)]
