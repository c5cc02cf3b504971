"""Runs ask-and-tell optimisers as searches on Ray Tune, one training at a time.

Each proposal is one Tune trial. Starting Tune's actor for the trainable costs four to five seconds,
so one Tune experiment serves all searches of a process and waits between them. The trainable is
thin: it hands the configuration to ``train``, which keeps its frameworks, data and programs in a
process of its own.
"""

from __future__ import annotations

import logging
import queue
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune import Tuner
from ray.tune.search import Searcher

from harness.engine.marks import ahead
from harness.engine.scratch import make_scratch, remove_scratch
from harness.records.clocks import Clock, exhausted, remaining
from harness.records.outcome import Outcome, Trial
from harness.techniques.contract import Finish, Optimiser, Proposal, WorkerTrain
from harness.vocabulary import Cause, HarnessError, TrialStatus

THIN = 0.01
"""CPUs that the trainable claims. It only passes messages, but Tune refuses a claim of 0."""

LOST_IN_A_ROW = 10
"""Trainings in a row, lost by the infrastructure, after which a search fails."""

ORPHANED = 3.0
"""Seconds within which a process ends after its driver or machine is gone. Until then it must not
record that the process beside it has ended."""

TRIALS_PER_EXPERIMENT = 2000
"""Trials after which a fresh Tune experiment is started, because Tune keeps trials in memory."""


def search(optimiser: Optimiser, train: WorkerTrain, clock: Clock) -> Iterator[Trial | Finish]:
    """Trials of an optimiser until ``clock`` is exhausted, then its closing word.

    After each training the search waits for the consumer, so a trial is recorded and charged before
    another one is proposed. A process has one search at a time.

    Raises:
        HarnessError: If a training finds bad input.
        RuntimeError: If the infrastructure loses training after training.
        Exception: Any error of ``ask`` or ``tell``, after the trials before it.
    """
    this = _Search(optimiser, train, clock)
    _experiment().begin(this)
    try:
        while (result := this.results.get()) is not None:
            if isinstance(result, BaseException):
                raise result
            yield result
            this.results.task_done()
        yield optimiser.finish()
    finally:
        this.abandon()


class _Search:
    """One search: its parts, its results, and the proposal that is being trained."""

    def __init__(self, optimiser: Optimiser, train: WorkerTrain, clock: Clock) -> None:
        self.optimiser, self.clock = optimiser, clock
        self.train = _Handed(train)
        self.results: queue.Queue[Trial | BaseException | None] = queue.Queue()
        self.ended = False
        self._lost = 0
        self._out: tuple[str, Proposal, float] | None = None
        self._again: tuple[Proposal, float] | None = None
        self._thinking = 0.0

    @property
    def busy(self) -> bool:
        return self._out is not None

    def ask(self, trial_id: str) -> dict[str, Any] | None:
        """The next trial for Tune, or None once the search has ended."""
        if self._again is not None and not self.ended:
            proposal, seconds = self._again
        elif self.ended or exhausted(self.clock):
            self.end(None)
            return None
        else:
            began = time.perf_counter()
            try:
                asked = self.optimiser.ask()
            except Exception as error:
                self.end(error)
                return None
            if asked is None:
                self.end(None)
                return None
            proposal, seconds = asked, self._thinking + time.perf_counter() - began
        self._out = (trial_id, proposal, seconds)
        return {
            "train": self.train,
            "configuration": dict(proposal.configuration),
            "proposal": proposal.proposal,
            "fidelity": proposal.fidelity,
            "limit": min(proposal.limit, remaining(self.clock)),
            "more": {
                **({"history": proposal.history} if proposal.history else {}),
                **({"look": True} if proposal.look else {}),
                **ahead(self.train.call, self.clock),
            },
        }

    def lose(self, trial_id: str) -> None:
        """The process in front of the worker was lost: train again, but no third time."""
        if self._out is None or self._out[0] != trial_id:
            return
        if self._again is None:
            _, proposal, seconds = self._out
            self._again, self._out = (proposal, seconds), None
        else:
            self.tell(trial_id, _lost("the process in front of the training worker was lost"))

    def tell(self, trial_id: str, outcome: Outcome) -> None:
        """Pass an outcome to the optimiser and the consumer; wait until the consumer returns."""
        if self._out is None or self._out[0] != trial_id:
            return
        _, proposal, seconds = self._out
        self._out = self._again = None
        began = time.perf_counter()
        self.train.call.remember(proposal.proposal, outcome)
        try:
            self.optimiser.tell(proposal, outcome)
        except Exception as error:
            self.end(error)
            return
        self._thinking = time.perf_counter() - began
        self._lost = self._lost + 1 if outcome.cause is Cause.INFRASTRUCTURE else 0
        self.results.put(
            Trial(
                proposal=proposal.proposal,
                configuration=proposal.configuration,
                outcome=outcome,
                suggest_seconds=seconds,
                note=proposal.note or {},
            )
        )
        if self._lost >= LOST_IN_A_ROW:
            self.end(
                RuntimeError(f"{LOST_IN_A_ROW} trainings in a row were lost: {outcome.message}")
            )
        if not self.ended:
            self.results.join()

    def end(self, error: BaseException | None) -> None:
        """End the search; ``error`` is the reason, if it is one."""
        if not self.ended:
            self.ended = True
            self.results.put(error)

    def abandon(self) -> None:
        """Let Tune's thread go on without a consumer."""
        self.ended = True
        with self.results.all_tasks_done:
            self.results.unfinished_tasks = 0
            self.results.all_tasks_done.notify_all()


class _Handed:
    """Carries ``train`` through Tune's configuration without being copied or printed.

    Each trial takes a fresh copy to Tune's actor. A copy's state is lost, so the search reports
    every training to the original.
    """

    def __init__(self, train: WorkerTrain) -> None:
        self.call = train

    def __deepcopy__(self, memo: object) -> _Handed:
        return self

    def __repr__(self) -> str:
        return "train"


class _Experiment(Searcher):  # type: ignore[misc]
    """A Tune experiment and its searcher: hands out the trials of one search after another."""

    def __init__(self) -> None:
        super().__init__(metric="done", mode="max")
        self._arrived = threading.Condition()
        self._search: _Search | None = None
        self._failure: BaseException | None = None
        self._trials = 0
        self.thread = threading.Thread(target=self._run, daemon=True, name="tune")
        self.thread.start()

    @property
    def usable(self) -> bool:
        return self.thread.is_alive() and self._trials < TRIALS_PER_EXPERIMENT

    def begin(self, search: _Search | None) -> None:
        with self._arrived:
            self._search = search or _over()
            if self._failure is not None:  # the experiment ended before this search began
                self._search.end(self._failure)
            self._arrived.notify_all()

    def suggest(self, trial_id: str) -> Any:
        current = self._search
        if current is not None and current.busy:
            return None
        while True:
            with self._arrived:
                self._arrived.wait_for(lambda: self._search is not None)
                current = self._search
            assert current is not None
            if current.train.call is None:
                return Searcher.FINISHED
            if (asked := current.ask(trial_id)) is not None:
                self._trials += 1
                return asked
            with self._arrived:
                if self._search is current:
                    self._search = None

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        if (current := self._search) is None:
            return
        if error or not result:
            if ray.get_runtime_context().get_actor_id():  # not the driver itself
                time.sleep(ORPHANED)
            current.lose(trial_id)
        elif "refused" in result:
            current.end(HarnessError(result["refused"]))
        else:
            current.tell(trial_id, result["outcome"])

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Nothing: the only result of a trial comes with its end."""

    def _run(self) -> None:
        """Tune's loop; its failure reaches the search that waits."""
        logging.getLogger("ray.tune").setLevel(logging.ERROR)
        failure: BaseException = RuntimeError("Ray Tune ended its experiment early")
        folder = None
        try:
            folder = make_scratch(Path(tempfile.gettempdir()))
            Tuner(
                _trainable_here(),
                tune_config=tune.TuneConfig(search_alg=self, num_samples=-1, reuse_actors=True),
                run_config=tune.RunConfig(storage_path=str(folder), name="run", verbose=0),
            ).fit()
        except BaseException as error:
            failure = error
        finally:
            if folder is not None:
                remove_scratch(folder)
            with self._arrived:
                self._failure = failure
                if self._search is not None:
                    self._search.end(failure)

    def __deepcopy__(self, memo: object) -> _Experiment:
        return self

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its settings to disk, for a restart that never happens here."""
        return {}

    def save(self, checkpoint_path: str) -> None:
        """Nothing: a run is continued by replaying its own log."""

    def restore(self, checkpoint_path: str) -> None:
        raise RuntimeError("a run is continued by replaying its own log")


class _Training(tune.Trainable):  # type: ignore[misc]
    """One training per step, one step per trial; all trials share a process."""

    def setup(self, config: dict[str, Any]) -> None:
        self._asked = config

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._asked = new_config
        return True

    def step(self) -> dict[str, Any]:
        asked = self._asked
        try:
            outcome = asked["train"].call(
                asked["configuration"],
                proposal=asked["proposal"],
                fidelity=asked["fidelity"],
                limit=asked["limit"],
                **asked["more"],
            )
        except HarnessError as error:
            return {"refused": str(error), "done": True}
        except Exception as error:
            outcome = _lost(f"train broke its promise: {type(error).__name__}: {error}")
        return {"outcome": outcome, "done": True}

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        """Nothing: unfinished trainings live in the worker."""


def _trainable_here() -> type:
    """The trainable, bound to this machine: the loss of another machine must not lose trials.

    Its name is unique. Tune keeps trainables by name, in one place for all processes of a driver,
    and those of one name would all run where the last one was bound.
    """
    here = {"ray.io/node-id": ray.get_runtime_context().get_node_id()}
    place = tune.PlacementGroupFactory([{"CPU": THIN}], bundle_label_selector=[here])
    named = type(f"{_Training.__name__}_{uuid.uuid4().hex}", (_Training,), {})
    kind: type = tune.with_resources(named, place)
    return kind


_current: _Experiment | None = None


def _experiment() -> _Experiment:
    """The experiment of this process; a fresh one if none is usable."""
    global _current
    if _current is None or not _current.usable:
        close()
        _current = _Experiment()
    return _current


def close() -> None:
    """End this process' experiment, if any; the next search starts one."""
    global _current
    if _current is not None:
        _current.begin(None)
        _current.thread.join(timeout=10)
        _current = None


def _over() -> _Search:
    """The search that stands for the end of all searches."""
    return _Search(None, None, None)  # type: ignore[arg-type]


def _lost(message: str) -> Outcome:
    return Outcome(
        status=TrialStatus.CRASHED, seconds=0.0, cause=Cause.INFRASTRUCTURE, message=message
    )
