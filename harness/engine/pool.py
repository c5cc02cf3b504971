"""Packs independent jobs on the cores of this machine or of a cluster: one slot a core."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as NodeAffinity

from harness.engine.keeper import Keeper, Kept
from harness.engine.limits import Limits
from harness.engine.session import RayLost, check_alive, cluster, shutdown, start
from harness.engine.workers import Worker
from harness.records.store import Store
from harness.vocabulary import HarnessError

WORKER_CPUS = 0.9
"""Share of a core that a training worker claims. The rest is for the thin trainable beside it."""

LOOK = 2.0
"""Seconds between two looks at Ray's own processes, without which Ray ends this one unasked."""

TRIES = 3
"""Runs of a job, at most, if its slots are lost."""

Job = TypeVar("Job")
Result = TypeVar("Result")

Workers = Callable[[str], Worker]
"""Keras backend -> this slot's training worker for it."""


class _Slot:
    """A process that runs jobs one after another and keeps its training workers between them."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def ready(self) -> None: ...

    def worker(self, backend: str) -> Worker:
        """The worker for a backend. Another backend replaces it, to bound the memory."""
        if backend != self._worker.backend:
            self._worker = self._worker.on(backend)
        return self._worker

    def run(self, function: Callable[[Any, Workers], Any], job: Any) -> Any:
        return function(job, self.worker)


class Pool:
    """Slots on this machine, or on all of a cluster.

    A context: leaving it stops Ray if it was started here.
    """

    def __init__(self, slots: int | None, backend: str, threads: int = 1, per_gpu: int = 0) -> None:
        """Start the slots, each with a worker that begins to import ``backend`` at once.

        Args:
            slots: None: one for each core of this machine, or of the cluster at ``RAY_ADDRESS``.
            backend: Keras backend.
            threads: Threads of each worker.
            per_gpu: Slots on each GPU; their workers see no other GPU. 0: slots go by cores, and
                every worker sees all GPUs.

        Raises:
            HarnessError: If the cluster does not answer or has less room than ``slots`` need.
        """
        self._started = not ray.is_initialized()
        self._backend, self._threads, self._per_gpu = backend, threads, per_gpu
        self._limits = Limits.of_environment()
        start((slots or cores()) + 1, self._limits)  # the spare one is for the thin trainables
        places = _places(slots, per_gpu)
        self._here = ray.get_runtime_context().get_node_id()
        self._workers = dict(enumerate(map(self._worker, places)))
        self._slots = {number: self._slot(worker) for number, worker in self._workers.items()}
        self._keepers: list[Any] = []

    def _worker(self, node: str) -> Worker:
        if self._per_gpu:  # GPUs bound the number of slots: cores must not
            share = 1 / self._per_gpu
            return Worker(self._backend, self._threads, 0, node, share, self._limits)
        return Worker(self._backend, self._threads, WORKER_CPUS, node, 0, self._limits)

    def _slot(self, worker: Worker) -> Any:
        return ray.remote(_Slot).options(**_at(worker.node)).remote(worker)

    def keep(self, store: Store) -> Store | Kept:
        """The results folder as jobs see it, wherever they run."""
        if {worker.node for worker in self._workers.values()} == {self._here}:
            return store
        self._keepers.append(ray.remote(Keeper).options(**_at(self._here)).remote(store))
        return Kept(self._keepers[-1])

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, kind: object, error: object, *_: object) -> None:
        if isinstance(error, RayLost):  # nobody answers any more
            shutdown()
            return
        for number, slot in self._slots.items():
            ray.kill(slot)
            self._workers[number].stop()
        for keeper in self._keepers:
            ray.kill(keeper)
        if self._started:
            shutdown()

    def map(
        self, function: Callable[[Job, Workers], Result], jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Result | Exception]]:
        """Run ``function(job, workers)`` for each job; yield as they end, in no fixed order.

        The exception of a job is its result, so that one bad job stops no other. A slot whose
        process is lost gets a new one, unless its machine is lost too. Its job is run again; after
        ``TRIES`` losses its result is the error.

        Raises:
            HarnessError: At once, if a job raises one; bad input is not a result. Also if no
                machine is left, or Ray's own processes end.
        """
        waiting = ((job, 1) for job in jobs)
        again: deque[tuple[Job, int]] = deque()
        idle = deque(self._slots)
        running: dict[Any, tuple[int, Job, int]] = {}

        def hand_out() -> None:
            while idle and (entry := again.popleft() if again else next(waiting, None)):
                number = idle.popleft()
                running[self._slots[number].run.remote(function, entry[0])] = (number, *entry)

        hand_out()
        while running:
            ended: list[Any] = []
            while not ended:
                ended, _ = ray.wait(list(running), num_returns=1, timeout=LOOK)
                check_alive()
            (reference,) = ended
            number, job, tries = running.pop(reference)
            result: Result | Exception
            try:
                result = ray.get(reference)
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, HarnessError):
                    raise error.cause from None
                result = error.cause if isinstance(error.cause, Exception) else error
            except ray.exceptions.RayActorError as error:
                result = error
                self._renew(number)
                if tries < TRIES:
                    again.append((job, tries + 1))
                    idle.extend([number] if number in self._slots else [])
                    hand_out()
                    continue
            if number in self._slots:
                idle.append(number)
            yield job, result
            hand_out()

    def _renew(self, number: int) -> None:
        """A new process for a slot, on the same machine; no slot if the machine is lost."""
        node = self._workers[number].node
        while True:
            ray.kill(self._slots.pop(number))
            self._workers.pop(number).stop()
            if node not in _machines():
                break
            self._workers[number] = self._worker(node)
            self._slots[number] = self._slot(self._workers[number])
            try:
                ray.get(self._slots[number].ready.remote(), timeout=self._limits.worker_start)
                return
            except (ray.exceptions.RayActorError, ray.exceptions.GetTimeoutError):
                time.sleep(1)  # Ray takes a while to notice that a machine is lost
        if not self._slots:
            raise HarnessError(
                "all machines of the Ray cluster are lost, but nothing that was recorded; repeat "
                "the command when the cluster is up again"
            )


@contextmanager
def opened_pool(
    backend: str, slots: int | None, threads: int = 1, per_gpu: int = 0
) -> Iterator[Callable[[], Pool]]:
    """A function that opens one pool when it is first called, and returns it from then on.

    The pool is closed at the end of the context. Arguments are those of :class:`Pool`.
    """
    with ExitStack() as stack:
        opened: list[Pool] = []

        def pool() -> Pool:
            if not opened:
                opened.append(stack.enter_context(Pool(slots, backend, threads, per_gpu)))
            return opened[0]

        yield pool


def _at(node: str | None) -> dict[str, Any]:
    """Options of an actor on a certain machine that claims nothing."""
    assert node is not None
    return {"num_cpus": 0, "scheduling_strategy": NodeAffinity(node, soft=False)}


def cores() -> int:
    """Cores of this machine that this process may use."""
    return len(os.sched_getaffinity(0))


def _machines() -> dict[str, tuple[int, ...]]:
    """Ids of the machines that are up, each with its CPUs and its GPUs."""
    return {
        n["NodeID"]: tuple(int(n["Resources"].get(kind, 0)) for kind in ("CPU", "GPU"))
        for n in ray.nodes()
        if n["Alive"]
    }


def _places(slots: int | None, per_gpu: int) -> list[str]:
    """The machine of each slot; the machines take turns, so that few slots are spread."""
    machines = {
        node: gpus * per_gpu if per_gpu else cpus for node, (cpus, gpus) in _machines().items()
    }
    turns = [
        node
        for turn in range(max(machines.values()))
        for node, room in machines.items()
        if turn < room
    ]
    if slots is None and turns:
        return turns if per_gpu or cluster() else turns[: cores()]
    if not turns or (slots or 0) > len(turns):
        what = f"GPUs for {per_gpu} each" if per_gpu else "CPUs"
        raise HarnessError(
            f"{slots or 'some'} workers were asked for, but there is room for {len(turns)} on the "
            f"{what} of {len(machines)} machines that Ray sees. Without WORKERS all are used; "
            "without PER_GPU, cores count"
        )
    return turns[:slots]
