"""Packs independent jobs on the cores of this machine: one slot a core, one job a slot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import ray

from harness.engine.workers import Worker, start
from harness.vocabulary import HarnessError

Job = TypeVar("Job")
Result = TypeVar("Result")

Workers = Callable[[str], Worker]
"""Keras backend -> this slot's training worker for it."""


class _Slot:
    """A process that runs jobs one after another and keeps its training workers between them."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def worker(self, backend: str) -> Worker:
        """One worker at a time: switching the backend replaces it, to bound the memory."""
        if backend != self._worker.backend:
            self._worker.stop()
            self._worker = Worker(backend, self._worker.threads)
        return self._worker

    def run(self, function: Callable[[Any, Workers], Any], job: Any) -> Any:
        return function(job, self.worker)


class Pool:
    """Slots on this machine. Use it as a context: leaving it stops Ray if it was started here."""

    def __init__(self, slots: int, backend: str, threads: int = 1) -> None:
        """Start ``slots`` slots, each with a worker that begins to import ``backend`` at once."""
        self._started = not ray.is_initialized()
        self._backend, self._threads = backend, threads
        start(slots + 1)  # the spare one is for the thin trainables
        self._workers = [self._worker() for _ in range(slots)]
        self._slots = [self._slot(worker) for worker in self._workers]

    def _worker(self) -> Worker:
        return Worker(self._backend, self._threads)

    def _slot(self, worker: Worker) -> Any:
        return ray.remote(_Slot).options(num_cpus=0).remote(worker)

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for slot, worker in zip(self._slots, self._workers, strict=True):
            ray.kill(slot)
            worker.stop()
        if self._started:
            ray.shutdown()

    def map(
        self, function: Callable[[Job, Workers], Result], jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Result | Exception]]:
        """Run ``function(job, workers)`` for each job; yield as they end, in no fixed order.

        An exception of a job is its result, so that one bad job stops no other. A slot whose
        process is lost gets a new one; its job's result is the error.

        Raises:
            HarnessError: At once, if a job raises one; bad input is not a result.
        """
        waiting = iter(jobs)
        running: dict[Any, tuple[int, Job]] = {}

        def next_job(number: int) -> None:
            for job in waiting:
                reference = self._slots[number].run.remote(function, job)
                running[reference] = (number, job)
                return

        for number in range(len(self._slots)):
            next_job(number)
        while running:
            (reference,), _ = ray.wait(list(running), num_returns=1)
            number, job = running.pop(reference)
            result: Result | Exception
            try:
                result = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, HarnessError):
                    raise error.cause from None
                result = error.cause if isinstance(error.cause, Exception) else error
            except ray.exceptions.RayActorError as error:
                result = error
                self._workers[number].stop()
                self._workers[number] = self._worker()
                self._slots[number] = self._slot(self._workers[number])
            yield job, result
            next_job(number)
