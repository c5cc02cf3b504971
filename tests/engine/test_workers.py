"""Real worker processes on real Ray: what is lost, hangs or grows becomes a row."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
import ray
from outside import SUBJECT, write_faults

from harness.engine import RemoteTrain, Replay, Worker
from harness.engine.limits import NEVER, Limits
from harness.subjects.fault import Fault
from harness.subjects.registry import load_registry
from harness.training import Request
from harness.vocabulary import Cause, HarnessError, TrialStatus

pytestmark = [pytest.mark.usefixtures("ray_session"), pytest.mark.timeout(180)]

NASTY = SUBJECT.replace(
    "    from keras import Input, Sequential, layers\n",
    """    import os, sys, time
    from keras import Input, Sequential, layers
    if c["epochs"] == 66: os._exit(139)
    if c["epochs"] == 67: sys.exit("a subject that leaves")
    if c["epochs"] == 68: time.sleep(3600)
    if c["epochs"] == 69: os.kill(os.getppid(), 9)
""",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A subject that kills its process, exits or hangs for certain numbers of epochs."""
    where = write_faults(tmp_path_factory.mktemp("nasty") / "faults", "X1")
    (where / "subjects" / "sum_sign.py").write_text(NASTY)
    return where


@pytest.fixture(scope="module")
def fault(folder: Path) -> Fault:
    return load_registry([folder])["X1"]


@pytest.fixture(scope="module")
def worker(ray_session: None) -> Worker:
    return Worker("tensorflow")


@pytest.fixture
def request_(fault: Fault, folder: Path) -> Request:
    return Request.of(fault, fault.fixed, seed=1, folders=(folder,))


def epochs(request: Request, number: int) -> Request:
    return replace(request, configuration={**request.configuration, "epochs": number})


def test_a_worker_trains_and_says_on_what(worker: Worker, request_: Request) -> None:
    outcome = worker.train(request_)
    assert outcome.status is TrialStatus.COMPLETED
    assert outcome.memory > 100_000_000
    assert outcome.total_seconds >= outcome.seconds
    assert worker.device().startswith("tensorflow")


@pytest.mark.parametrize(
    ("number", "cause"),
    [(66, Cause.INFRASTRUCTURE), (67, Cause.PROGRAM), (69, Cause.INFRASTRUCTURE)],
    ids=["_exit", "exit", "kills its parent"],
)
def test_a_lost_process_is_a_crash_and_is_replaced(
    worker: Worker, request_: Request, number: int, cause: Cause
) -> None:
    outcome = worker.train(epochs(request_, number))
    assert (outcome.status, outcome.cause) == (TrialStatus.CRASHED, cause)
    assert worker.train(request_).status is TrialStatus.COMPLETED


@pytest.mark.parametrize(
    ("limits", "limit"),
    [(Limits(time_slack=3.0), 1.0), (Limits(time_limit=5.0), NEVER)],
    ids=["a limit is known", "nothing is known"],
)
def test_a_hanging_training_is_a_time_out(
    worker: Worker,
    request_: Request,
    monkeypatch: pytest.MonkeyPatch,
    limits: Limits,
    limit: float,
) -> None:
    with monkeypatch.context() as changed:
        changed.setattr(worker, "limits", limits)
        outcome = worker.train(replace(epochs(request_, 68), limit=limit))
    assert (outcome.status, outcome.cause) == (TrialStatus.CRASHED, Cause.TIME_OUT)
    assert outcome.seconds <= 10.0
    assert worker.train(request_).status is TrialStatus.COMPLETED
    assert "no answer within" in worker.replaced()[-1]


def test_the_actor_itself_may_be_lost(worker: Worker, request_: Request) -> None:
    first = worker.train(request_)
    before = _pid(worker)
    ray.kill(worker._actor, no_restart=False)
    outcome = worker.train(request_)
    assert outcome.cause in (Cause.INFRASTRUCTURE, None)
    assert worker.train(request_).holdout == first.holdout
    assert _pid(worker) != before


def _pid(worker: Worker) -> int:
    """The worker's actor."""
    worker.device()
    return int(ray.get(worker._actor.__ray_call__.remote(lambda _: os.getpid())))


def test_bad_input_comes_through(worker: Worker, request_: Request) -> None:
    with pytest.raises(HarnessError, match="no subject 'nobody'"):
        worker.train(replace(request_, subject="nobody"))


def test_recorded_trainings_are_answered_from_the_log(
    worker: Worker, request_: Request, fault: Fault
) -> None:
    train = RemoteTrain(worker, request_, seed=5)
    one = train(fault.fixed, proposal=0, fidelity=0.5, limit=60)
    two = train(fault.fixed, proposal=0, fidelity=1.0, limit=60)
    assert one.steps + two.steps == 28
    again = RemoteTrain(worker, request_, seed=5, recorded=[Replay(0, fault.fixed, one)])
    assert again(fault.fixed, proposal=0, fidelity=0.5, limit=60) is one
    rest = again(fault.fixed, proposal=0, fidelity=1.0, limit=60)
    assert (rest.steps, rest.holdout) == (two.steps, two.holdout)


def test_a_log_of_other_proposals_is_refused(request_: Request, fault: Fault) -> None:
    other = {**fault.fixed, "epochs": 9}
    one = replace(_outcome(), search=0.5, holdout=0.5)
    train = RemoteTrain(None, request_, seed=5, recorded=[Replay(0, other, one)])  # type: ignore[arg-type]
    with pytest.raises(HarnessError, match="the run cannot be continued: trial 0 of its log"):
        train(fault.fixed, proposal=0, fidelity=1.0, limit=60)


def _outcome():
    from harness.records.outcome import Outcome

    return Outcome(status=TrialStatus.COMPLETED, seconds=1.0, search=0.1, holdout=0.1)


def test_the_worker_s_process_is_not_this_one(worker: Worker) -> None:
    assert _pid(worker) != os.getpid()
