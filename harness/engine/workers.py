"""Training workers: processes that outlive trials and runs, and load everything once."""

from __future__ import annotations

import atexit
import logging
import os
import shlex
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import ray
from ray.exceptions import ActorUnavailableError, GetTimeoutError, RayActorError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as NodeAffinity

from harness.engine.loopback import check_loopback
from harness.engine.scratch import make_scratch, remove_scratch, temporary_files_in
from harness.records.outcome import Outcome
from harness.training import Request, Trainer, configure, device, memory, training_seed
from harness.training.watched.history import History
from harness.vocabulary import Cause, Configuration, HarnessError, TrialStatus

MEMORY_LIMIT = 1_600_000_000
"""Bytes held by a worker from which it is replaced between two trials."""

PATIENCE = 120.0
"""Seconds that a trial may take beyond four times its limit before it counts as hanging."""

SLOWER = 20
"""Largest ratio of a program's time to that of the faulty program for the same work. Small batches
need many more steps."""

STARTING = 120.0
"""Seconds that a new process has to answer."""

PROCESSES = 2
"""Processes that a training gets. A program that ends its process ends the second one too; what
something else ended is trained again, and its outcome is what it would have been."""

NEVER = 1e9
"""No limit, where a finite number of seconds is needed."""


class _WorkerActor:
    def __init__(self, backend: str, threads: int) -> None:
        configure(backend, threads)
        self._trainer = Trainer()
        self._name = uuid4().hex

    def train(self, request: Request) -> Outcome:
        return replace(self._trainer.train(request), memory=memory())

    def process(self) -> tuple[str, str]:
        """A unique name, and the device."""
        return self._name, device()


class Worker:
    """A training worker that answers whatever happens to its process."""

    def __init__(
        self,
        backend: str,
        threads: int = 1,
        cpus: float = 1,
        node: str | None = None,
        gpus: float = 0,
    ) -> None:
        """Start a process.

        Args:
            backend: Keras backend, or the framework's own name.
            threads: Threads of a computation.
            cpus: Claim on CPUs.
            node: Id of the machine; None leaves it to Ray.
            gpus: Claim on GPUs: a share of one, or a number. The worker sees the GPUs that it
                claims; without a claim it sees all.
        """
        self.backend, self.threads, self.node = backend, threads, node
        self._process = ""
        self._claims = {"num_cpus": cpus, "num_gpus": gpus}
        where = {} if node is None else {"scheduling_strategy": NodeAffinity(node, soft=False)}
        self._actor = (
            ray.remote(_WorkerActor)
            .options(max_restarts=-1, max_task_retries=0, **self._claims, **where)
            .remote(backend, threads)
        )

    def on(self, backend: str) -> Worker:
        """A worker for another backend with the same claims; this one is stopped."""
        self.stop()
        claims = self._claims
        return Worker(backend, self.threads, claims["num_cpus"], self.node, claims["num_gpus"])

    def device(self) -> str:
        """The device that it trains on; waits until the process answers.

        Raises:
            HarnessError: If no process answers within ``STARTING`` seconds.
        """
        until = time.monotonic() + STARTING
        while True:
            try:
                self._process, found = ray.get(self._actor.process.remote(), timeout=STARTING)
                return str(found)
            except (RayActorError, ActorUnavailableError, GetTimeoutError) as error:
                if time.monotonic() > until:
                    raise HarnessError(
                        f"no training process on {self.backend} within {STARTING:.0f} s: {error}"
                    ) from None
                time.sleep(0.1)

    def _replace(self) -> None:
        """End the process and wait for the next one.

        Ray ends it with a delay, in which the old process may still answer.
        """
        old, until = self._process, time.monotonic() + STARTING
        ray.kill(self._actor, no_restart=False)
        self.device()
        while self._process == old:
            if time.monotonic() > until:
                raise HarnessError(f"a training process did not end within {STARTING:.0f} s")
            time.sleep(0.05)
            self.device()

    def train(self, request: Request, expected: float = NEVER) -> Outcome:
        """Train; a process lost twice, or a hanging one, becomes a crashed outcome.

        Args:
            request: The training.
            expected: Seconds that a training without a limit of its own should take. After four
                times as long it counts as hanging.
        """
        if not self._process:
            self.device()
        began = 0.0
        patience = PATIENCE + 4 * min(request.limit, expected)

        def lost(cause: Cause, message: str) -> Outcome:
            seconds = time.perf_counter() - began
            return Outcome(
                status=TrialStatus.CRASHED,
                seconds=min(seconds, request.limit),
                total_seconds=seconds,
                cause=cause,
                message=message,
            )

        for process in range(1, PROCESSES + 1):
            began = time.perf_counter()
            try:
                outcome: Outcome = ray.get(self._actor.train.remote(request), timeout=patience)
                break
            except GetTimeoutError:
                self._replace()
                return lost(Cause.TIME_OUT, f"no answer within {patience:.0f} s")
            except (RayActorError, ActorUnavailableError) as error:
                self.device()  # waits until there is a process again
                if process < PROCESSES:
                    continue
                cause = Cause.MEMORY if "memory" in str(error).lower() else Cause.INFRASTRUCTURE
                return lost(cause, "the training process was lost")
            except RayTaskError as error:
                if isinstance(error.cause, HarnessError):
                    raise error.cause from None
                return lost(Cause.PROGRAM, f"{type(error.cause).__name__}: {error.cause}")
        if outcome.memory > MEMORY_LIMIT:
            self._replace()
        return replace(outcome, total_seconds=time.perf_counter() - began)

    def stop(self) -> None:
        ray.kill(self._actor)


@dataclass(frozen=True, slots=True)
class Replay:
    """One recorded training of a run that is being continued."""

    proposal: int
    configuration: Configuration
    outcome: Outcome


@dataclass
class RemoteTrain:
    """``harness.techniques.contract.Train`` for one run: on a worker, or from the run's own log.

    The first trainings are answered from ``recorded``, so that a technique with the same seed
    arrives where it was. Its proposals must be those of the log.
    """

    worker: Worker
    request: Request
    """The part of a request that all trainings of the run share."""
    seed: int
    recorded: Sequence[Replay] = ()
    pace: float | None = None
    """Seconds that a multiply-accumulate takes in the faulty program, if the clock is ``work``;
    None where limits are seconds."""
    _trained: int = 0
    _reached: dict[int, float] = field(default_factory=dict)

    def __call__(
        self,
        configuration: Configuration,
        *,
        proposal: int,
        fidelity: float,
        limit: float,
        history: History | None = None,
        look: bool = False,
    ) -> Outcome:
        if self._trained < len(self.recorded):
            outcome = self._recorded(configuration, proposal)
        else:
            request = replace(
                self.request,
                configuration=dict(configuration),
                seed=self.seed if history else training_seed(self.seed, proposal),
                proposal=proposal,
                reached=self._reached.get(proposal, 0.0),
                fidelity=fidelity,
                history=history,
                look=look,
            )
            if self.pace is None:
                outcome = self.worker.train(replace(request, limit=limit))
            else:
                expected = SLOWER * limit * self.pace
                outcome = self.worker.train(replace(request, work_limit=limit), expected)
        self.remember(proposal, outcome)
        return outcome

    def remember(self, proposal: int, outcome: Outcome) -> None:
        self._trained += 1
        if outcome.judged:
            self._reached[proposal] = outcome.fidelity

    def _recorded(self, configuration: Configuration, proposal: int) -> Outcome:
        entry = self.recorded[self._trained]
        if entry.proposal != proposal or dict(entry.configuration) != dict(configuration):
            raise HarnessError(
                f"the run cannot be continued: trial {self._trained} of its log is proposal "
                f"{entry.proposal} with {dict(entry.configuration)}, but the technique now "
                f"proposes {proposal} with {dict(configuration)}. Was the technique or a library "
                "changed since? Move the run's directory away to start it afresh"
            )
        return entry.outcome


_scratch: Path | None = None
"""Temporary folder of the Ray that this process started."""


def shutdown() -> None:
    """Stop Ray if it runs; remove what it kept on disk if it was started here."""
    global _scratch
    if ray.is_initialized() or _scratch is not None:  # also if a start or stop was interrupted
        ray.shutdown()
    if _scratch is not None:
        remove_scratch(_scratch)
        _scratch = None


class RayLost(HarnessError):
    """A process of Ray itself ended; nothing that was started can be asked any more."""


def check_alive() -> None:
    """Raises RayLost if a process that Ray cannot do without has ended, and was started here."""
    node = None if _scratch is None else ray._private.worker._global_node
    ended = {name for name, _ in node.dead_processes()} if node is not None else set()
    if lost := ended & {"gcs_server", "raylet"}:
        raise RayLost(
            f"{' and '.join(sorted(lost))} of Ray ended unexpectedly; was it killed, or is memory "
            "short? What was recorded is safe: repeat the command to go on from here"
        )


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes over SIGTERM when it starts; here this process keeps its own handler."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    stopped = False
    try:
        yield
    except SystemExit:  # by Ray's handler
        stopped = True
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
        if stopped:
            signal.raise_signal(signal.SIGTERM)


def start(cpus: int) -> None:
    """Start Ray on this machine, without output or dashboard; do nothing if it runs.

    If ``RAY_ADDRESS`` names a cluster, this process joins that instead, and ``cpus`` has no effect.

    Raises:
        HarnessError: If the cluster does not answer, or Ray does not start.
    """
    if ray.is_initialized():
        return
    logging.getLogger("ray").setLevel(logging.ERROR)
    quiet = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}
    if not (address := cluster()):
        here: dict[str, Any] = {"address": "local", "num_cpus": cpus, "include_dashboard": False}
        if (quoted := shlex.quote(sys.executable)) != sys.executable:
            # Ray starts some processes by a shell and does not quote the interpreter's path.
            here["runtime_env"] = {"py_executable": quoted}
        global _scratch
        check_loopback()
        if _scratch is None:
            _scratch = make_scratch()
            atexit.register(shutdown)
        here["_temp_dir"] = str(_scratch)
        try:
            with temporary_files_in(_scratch), _own_signals():
                ray.init(**here, object_store_memory=200_000_000, **quiet)
        except Exception as error:  # Ray's own class for a start that takes longer than 30 s
            if "timed out during startup" not in str(error):
                raise
            raise HarnessError(
                "Ray did not start within 30 s on this machine, whose load average is "
                f"{os.getloadavg()[0]:.0f}. Repeat the command when it is less busy; what was "
                "recorded is safe"
            ) from None
        return
    try:
        with _own_signals():
            ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise HarnessError(
            f"no Ray cluster answers at RAY_ADDRESS={address}: {error}. Run the command on a "
            "machine of the cluster, with RAY_ADDRESS=auto or its host:port; without RAY_ADDRESS "
            "it uses this machine alone"
        ) from None


def cluster() -> str:
    """The address of the Ray cluster to use; '' for this machine alone.

    Raises:
        HarnessError: If it is an address for Ray's client, with which no process of this machine
            could write.
    """
    address = os.environ.get("RAY_ADDRESS", "")
    if address.startswith("ray://"):
        raise HarnessError(
            f"RAY_ADDRESS={address} is an address for Ray's client, which runs nothing beside the "
            "results folder. Run the command on a machine of the cluster, with RAY_ADDRESS=auto"
        )
    return address
