"""Training workers: actors that outlive trials and runs, each with a process that trains.

The actor itself never runs a program. It owns a ``TrainingProcess``, which it replaces when that is
lost, hangs or was changed by a program.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import ray
from ray.exceptions import ActorUnavailableError, GetTimeoutError, RayActorError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy as NodeAffinity

from harness.engine.limits import NEVER, Limits
from harness.records.outcome import Outcome
from harness.training import Request, training_seed
from harness.training.process import PROCESSES, TimeLimits, TrainingProcess
from harness.training.watched.history import History
from harness.vocabulary import Cause, Configuration, HarnessError, TrialStatus

SLOWER = 20
"""Largest ratio of a program's time to that of the faulty program for the same work. Small batches
need many more steps."""

MARGIN = 60.0
"""Seconds that the actor itself may take beyond what its process may."""


class _WorkerActor:
    def __init__(self, backend: str, threads: int) -> None:
        self._process = TrainingProcess(backend, threads)

    def train(self, request: Request, limits: TimeLimits) -> Outcome:
        return self._process.train(request, limits)

    def device(self, starting: float) -> str:
        return self._process.device(starting)

    def replaced(self) -> list[str]:
        """Why its processes were replaced."""
        return self._process.replaced


class Worker:
    """A training worker that answers within a bounded time, whatever happens to its process."""

    def __init__(
        self,
        backend: str,
        threads: int = 1,
        cpus: float = 1,
        node: str | None = None,
        gpus: float = 0,
        limits: Limits | None = None,
    ) -> None:
        """Start a process.

        Args:
            backend: Keras backend, or the framework's own name.
            threads: Threads of a computation.
            cpus: Claim on CPUs.
            node: Id of the machine; None leaves it to Ray.
            gpus: Claim on GPUs: a share of one, or a number. The worker sees the GPUs that it
                claims; without a claim it sees all.
            limits: How long things may take; by default as the environment says.
        """
        self.backend, self.threads, self.node = backend, threads, node
        self.limits = limits or Limits.of_environment()
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
        cpus, gpus = self._claims["num_cpus"], self._claims["num_gpus"]
        return Worker(backend, self.threads, cpus, self.node, gpus, self.limits)

    def device(self) -> str:
        """The device that it trains on; waits until the process answers.

        Raises:
            HarnessError: If none answers in time, see ``Limits.worker_start``.
        """
        starting = self.limits.worker_start
        allowed = 3 * starting + MARGIN  # two tries, the second with twice the time
        until, problem = time.monotonic() + allowed, "it did not start"
        while (left := until - time.monotonic()) > 0:
            try:
                return str(ray.get(self._actor.device.remote(starting), timeout=left))
            except (RayActorError, ActorUnavailableError, GetTimeoutError) as error:
                problem = str(error)
                time.sleep(0.1)
            except RayTaskError as error:
                if isinstance(error.cause, HarnessError):
                    raise error.cause from None
                raise
        raise HarnessError(
            f"no training process on {self.backend} within {allowed:.0f} s: {problem}. "
            "WORKER_START=600 in the environment waits longer"
        )

    def train(self, request: Request, expected: float = NEVER) -> Outcome:
        """Train; a lost or hanging process becomes a crashed outcome, and is replaced.

        Args:
            request: The training.
            expected: Seconds that a training without a limit of its own should take. After four
                times as long it counts as hanging; if nobody knows, after ``Limits.time_limit``.
        """
        limits = self.limits
        training = limits.of_training(min(request.limit, expected))
        allowed = TimeLimits(
            training=training,
            preparing=min(training, limits.time_limit),
            starting=limits.worker_start,
        )
        longest = training + 3 * limits.worker_start + MARGIN
        began = 0.0

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
                asked = self._actor.train.remote(request, allowed)
                outcome: Outcome = ray.get(asked, timeout=PROCESSES * longest)
                break
            except GetTimeoutError:
                ray.kill(self._actor, no_restart=False)
                self.device()
                return lost(Cause.TIME_OUT, f"no answer within {PROCESSES * longest:.0f} s")
            except (RayActorError, ActorUnavailableError) as error:
                self.device()  # waits until there is a process again
                if process < PROCESSES:
                    continue
                cause = Cause.MEMORY if "memory" in str(error).lower() else Cause.INFRASTRUCTURE
                return lost(cause, "the training process was lost")
            except RayTaskError as error:
                if isinstance(error.cause, HarnessError):
                    raise error.cause from None
                return lost(Cause.INFRASTRUCTURE, f"{type(error.cause).__name__}: {error.cause}")
        return replace(outcome, total_seconds=time.perf_counter() - began)

    def replaced(self) -> list[str]:
        """Why its training processes were replaced, for the last hundred of them."""
        reasons: list[str] = ray.get(self._actor.replaced.remote(), timeout=MARGIN)
        return reasons

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
    limited: str = "limit"
    """The field of a request that bounds a training in the clock's unit; '' for none."""
    pace: float | None = None
    """Seconds that a unit of the clock takes in the faulty program; None where it is the second."""
    marks: Sequence[tuple[float, float]] = ()
    """(budget, charge of the whole run) at which trainings are judged too."""
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
        marks: tuple[tuple[float, float], ...] = (),
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
                marks=marks,
            )
            if self.limited:
                request = request.limited(self.limited, limit)
            pace = () if self.pace is None else (SLOWER * limit * self.pace,)
            outcome = self.worker.train(request, *pace)
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
