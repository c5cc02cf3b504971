"""A training process: what a program does reaches no other training, and it always answers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import deeds
import pytest
from outside import SUBJECT, write_faults

from harness.records.outcome import Outcome
from harness.subjects.registry import load_registry
from harness.training import Request
from harness.training.process import TimeLimits, TrainingProcess
from harness.vocabulary import Cause, HarnessError, TrialStatus

pytestmark = pytest.mark.timeout(300)

PATIENT = TimeLimits(training=100, preparing=100, starting=200)

SOME = ("cwd", "a list of the module", "math", "fork", "sys.exit", "os._exit", "answers")
"""Deeds of the fast tests; ``tests/reliability/test_trainings.py`` does all of them."""

ENDLESS = SUBJECT.replace(
    "def load(seed, variant, fraction):\n",
    "import time\n\ndef endless():\n    while True:\n        time.sleep(0.01)\n\n"
    "def slow(y, p):\n    endless()\n\n"
    "def load(seed, variant, fraction):\n    if seed == 13: endless()\n",
).replace("load=load,", 'load=load, losses={"slow": slow},')
ENDLESS = ENDLESS.replace("def build(c):\n", 'def build(c):\n    if c["epochs"] == 99: endless()\n')


def told(outcome: Outcome) -> tuple[Any, ...]:
    """An outcome without its times and memory."""
    return outcome.status, outcome.search, outcome.holdout, outcome.losses, outcome.steps


@pytest.fixture(scope="module")
def process() -> Iterator[TrainingProcess]:
    made = TrainingProcess("tensorflow", 1)
    made.device(PATIENT.starting)
    yield made
    made.close()


@pytest.fixture(scope="module")
def deed_request(tmp_path_factory: pytest.TempPathFactory) -> Request:
    which = {name: deeds.COMMON[name] for name in SOME}
    return _request(deeds.write(tmp_path_factory.mktemp("deeds") / "faults", which, native=False))


@pytest.fixture(scope="module")
def endless_request(tmp_path_factory: pytest.TempPathFactory) -> Request:
    folder = write_faults(tmp_path_factory.mktemp("endless") / "faults", "X1")
    (folder / "subjects" / "sum_sign.py").write_text(ENDLESS)
    return _request(folder)


def _request(folder: Path) -> Request:
    fault = load_registry([folder])["X1"]
    return Request.of(fault, fault.fixed, seed=1, folders=(folder,))


def with_values(request: Request, **values: Any) -> Request:
    return replace(request, configuration={**request.configuration, **values})


@pytest.fixture(scope="module")
def first(process: TrainingProcess, deed_request: Request) -> tuple[Any, ...]:
    """What the program gives that does nothing, in a fresh process."""
    found = told(process.train(deed_request, PATIENT))
    assert found[0] is TrialStatus.COMPLETED
    return found


@pytest.mark.parametrize("deed", SOME)
def test_what_a_program_does_reaches_no_other(
    process: TrainingProcess, deed_request: Request, first: tuple[Any, ...], deed: str
) -> None:
    process.replaced.clear()
    process.train(with_values(deed_request, units_1=deeds.FIRST + SOME.index(deed)), PATIENT)
    assert process.replaced
    assert told(process.train(deed_request, PATIENT)) == first


def test_a_program_that_changes_nothing_keeps_its_process(
    process: TrainingProcess, deed_request: Request
) -> None:
    process.train(deed_request, PATIENT)
    process.replaced.clear()
    outcomes = [process.train(deed_request, PATIENT) for _ in range(2)]
    assert told(outcomes[0]) == told(outcomes[1])
    assert process.replaced == []
    assert outcomes[1].memory > 100_000_000


@pytest.mark.parametrize(
    "changes",
    [{"data_seed": 13}, {"epochs": 99}, {"loss": "slow"}],
    ids=["load", "build", "loss"],
)
def test_what_never_ends_is_a_time_out(
    process: TrainingProcess, endless_request: Request, changes: dict[str, Any]
) -> None:
    seeded = "data_seed" in changes
    change: Any = replace if seeded else with_values
    outcome = process.train(
        change(endless_request, **changes), TimeLimits(training=30, preparing=3, starting=200)
    )
    assert (outcome.status, outcome.cause) == (TrialStatus.CRASHED, Cause.TIME_OUT)
    assert "no answer within 3 s: the program was still being prepared" in outcome.message
    assert process.train(endless_request, PATIENT).judged


def test_a_training_that_never_ends_is_a_time_out(
    process: TrainingProcess, endless_request: Request
) -> None:
    process.device(PATIENT.starting)
    endless = with_values(endless_request, epochs=10**9)
    outcome = process.train(endless, TimeLimits(training=8, preparing=8, starting=200))
    assert outcome.cause is Cause.TIME_OUT
    assert process.train(endless_request, PATIENT).judged


def test_a_module_whose_import_never_ends_is_a_time_out(
    process: TrainingProcess, tmp_path: Path
) -> None:
    folder = write_faults(tmp_path / "faults", "X1")
    asked = _request(folder)
    module = folder / "subjects" / "sum_sign.py"
    module.write_text(f"while True: pass\n{SUBJECT}")
    outcome = process.train(asked, TimeLimits(training=30, preparing=3, starting=200))
    assert outcome.cause is Cause.TIME_OUT


def test_a_process_that_has_grown_is_replaced(
    process: TrainingProcess, endless_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = process.train(endless_request, PATIENT)
    monkeypatch.setattr("harness.training.process.MEMORY_LIMIT", 1)
    process.train(endless_request, PATIENT)
    monkeypatch.undo()
    assert process.replaced[-1] == "memory"
    assert told(process.train(endless_request, PATIENT)) == told(first)


def test_bad_input_comes_through(process: TrainingProcess, endless_request: Request) -> None:
    with pytest.raises(HarnessError, match="no subject 'nobody'"):
        process.train(replace(endless_request, subject="nobody"), PATIENT)
    assert process.train(endless_request, PATIENT).judged


def test_a_backend_that_does_not_exist_is_told() -> None:
    process = TrainingProcess("abacus", 1)
    with pytest.raises(HarnessError, match="no Keras backend 'abacus'"):
        process.device(60)
    process.close()


def test_a_start_takes_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.training.process.CODE", "import time; time.sleep(600)")
    process = TrainingProcess("pytorch", 1)
    with pytest.raises(HarnessError, match=r"no training process on pytorch within 1 s.*WORKER"):
        process.device(1)
    process.close()


KILLED = """
import os, sys, time
from pathlib import Path
from dataclasses import replace
from harness.subjects.registry import load_registry
from harness.training import Request
from harness.training.process import TimeLimits, TrainingProcess
folder = Path(sys.argv[1])
process = TrainingProcess("pytorch", 1)
fault = load_registry([folder])["X1"]
request = Request.of(fault, {**fault.fixed, "units_1": int(sys.argv[2])}, seed=1, folders=(folder,))
print(process.device(200), flush=True)
process.train(request, TimeLimits(600, 600, 200))
"""


def test_all_ends_with_its_owner(tmp_path: Path) -> None:
    """Also a process in a session of its own, started by a program that still runs."""
    mark = f"600.{os.getpid()}"
    what = f"subprocess.Popen(['sleep', '{mark}'], start_new_session=True); time.sleep(600)"
    folder = deeds.write(tmp_path / "faults", {"a": what}, native=True)
    owner = subprocess.Popen([sys.executable, "-c", KILLED, str(folder), str(deeds.FIRST)])
    try:
        assert _within(200, lambda: _running(mark) == 1)
    finally:
        owner.kill()
        owner.wait()
    assert _within(20, lambda: _running(mark) == 0 and _running(str(folder)) == 0)


def _within(seconds: float, holds: Any) -> bool:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def _running(word: str) -> int:
    """Processes with a word in their command, this one excluded."""
    found = 0
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += word.encode() in path.read_bytes().split(b"\0")
        except OSError:
            continue
    return found
