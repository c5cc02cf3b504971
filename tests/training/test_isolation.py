"""What a program may change in its process is noticed; deeds in real processes: test_process.

pytest changes its own process meanwhile: each test asks for one kind of change.
"""

from __future__ import annotations

import builtins
import math
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.subjects.arrays import Data
from harness.subjects.registry import load_registry
from harness.training import Request, isolation, judge
from harness.training.isolation import Traces


@pytest.fixture
def traces() -> Traces:
    return Traces()


def begin(traces: Traces, folder: Path) -> None:
    fault = load_registry([folder])["X1"]
    traces.begin(Request.of(fault, fault.fixed, seed=1, folders=(folder,)))


Put = Callable[[], Any]
"""Puts back what a change has changed."""


def changed_handler() -> Put:
    before = signal.signal(signal.SIGUSR2, lambda *_: None)
    return lambda: signal.signal(signal.SIGUSR2, before)


def changed_timer() -> Put:
    signal.setitimer(signal.ITIMER_VIRTUAL, 1000)
    return lambda: signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def changed_limits() -> Put:
    before = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(
        resource.RLIMIT_STACK, (before[0] // 2 if before[0] > 0 else 2**22, before[1])
    )
    return lambda: resource.setrlimit(resource.RLIMIT_STACK, before)


def started_thread() -> Put:
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()

    def put() -> None:
        end.set()
        thread.join()

    return put


def started_child() -> Put:
    child = subprocess.Popen(["sleep", "100"])

    def put() -> None:
        child.kill()
        child.wait()

    return put


def set_attribute(owner: Any, name: str, value: Any) -> Callable[[], Put]:
    def change() -> Put:
        before = vars(owner)[name]
        setattr(owner, name, value)
        return lambda: setattr(owner, name, before)

    return change


def changed_errors() -> Put:
    before = np.seterr(all="ignore")
    return lambda: np.seterr(**before)


def changed_warnings() -> Put:
    before = warnings.filters[:]
    warnings.simplefilter("error")

    def put() -> None:
        warnings.filters[:] = before  # type: ignore[index]

    return put


def changed_folder() -> Put:
    before = Path.cwd()
    os.chdir("/")
    return lambda: os.chdir(before)


def changed_mask() -> Put:
    before = os.umask(0o7)
    return lambda: os.umask(before)


def changed_recursion() -> Put:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + 1)
    return lambda: sys.setrecursionlimit(before)


def changed_path() -> Put:
    sys.path.append("/nowhere")
    return lambda: sys.path.remove("/nowhere")


def changed_environment() -> Put:
    os.environ["A_DEED"] = "1"
    return lambda: os.environ.pop("A_DEED")


CHANGES: dict[str, Callable[[], Put]] = {
    "working folder": changed_folder,
    "environment": changed_environment,
    "umask": changed_mask,
    "signal handlers": changed_handler,
    "timers": changed_timer,
    "limits of resources": changed_limits,
    "threads": started_thread,
    "child processes": started_child,
    "recursion limit": changed_recursion,
    "module search": changed_path,
    "warnings": changed_warnings,
    "NumPy's errors": changed_errors,
    "functions of time": set_attribute(time, "perf_counter", time.monotonic),
    "functions of math": set_attribute(math, "ceil", lambda x: 1),
    "functions of builtins": set_attribute(builtins, "sum", max),
    "functions of numpy.random": set_attribute(np.random, "default_rng", lambda seed=None: None),
    "functions of harness.training.judge": set_attribute(judge, "measure", lambda *_: 1.0),
    "functions of harness.subjects.arrays.Data": set_attribute(Data, "shuffled", None),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_is_named(traces: Traces, own_faults: Path, name: str) -> None:
    if name == "child processes" and isolation._children():
        pytest.skip("tests before this one left children in this process")
    begin(traces, own_faults)
    assert name not in traces.changed()
    put = CHANGES[name]()
    try:
        found = traces.changed()
    finally:
        put()
    assert name in found
    assert name not in traces.changed()


@pytest.fixture
def data() -> Data:
    x, y = np.zeros((4, 2), np.float32), np.zeros((4, 1), np.float32)
    return Data(x, y, x.copy(), y.copy(), (x.copy(), x.copy()), y.copy())  # type: ignore[arg-type]


def test_data_that_are_changed_in_place_are_noticed(
    traces: Traces, own_faults: Path, data: Data
) -> None:
    begin(traces, own_faults)
    traces.loaded(data)
    assert "data" not in traces.changed()
    data.x_holdout[1][3, 1] = 1e-9
    assert "data" in traces.changed()


def test_a_method_that_hides_an_inherited_one_is_noticed(traces: Traces, own_faults: Path) -> None:
    begin(traces, own_faults)
    from harness.training.plain_training import PlainTraining

    PlainTraining.__getattribute__ = object.__getattribute__  # type: ignore[method-assign]
    try:
        assert any("PlainTraining" in name for name in traces.changed())
    finally:
        del PlainTraining.__getattribute__
