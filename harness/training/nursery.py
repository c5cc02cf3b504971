"""The program that makes training processes: it has imported everything and runs nothing foreign.

A training process is a fork of it, so that a fresh one costs a second instead of ten. Whatever a
program leaves behind, children that have left its session included, comes to the nursery, which
ends it together with the training process. ``harness.training.process`` is the other side.

    requests  -> a line of JSON each, from the harness
    answers   <- a line of JSON each, from a process that runs foreign code: checked when read
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.records.schema import to_json
from harness.subjects.registry import load_registry
from harness.training.device import MODULES, NATIVE, configure, device, memory
from harness.training.failures import described
from harness.training.isolation import Traces
from harness.training.request import Request
from harness.training.trainer import Trainer
from harness.vocabulary import HarnessError

START, END = b"start", b"end"
"""Commands: a training process on the socket that comes along; no training process."""

READY, ENDED, REFUSED = b"ready", b"ended", b"refused:"
"""Answers to: the start of the nursery; ``END``; a start that failed, with the reason."""

USUAL = ("sklearn.datasets", "sklearn.model_selection", "sklearn.preprocessing")
"""Libraries that programs use; if their import changes settings, it is no program's doing."""

_DEATH_SIGNAL, _SUBREAPER = 1, 36
"""Options of ``prctl``: the signal when the parent ends, and to become parent of all orphans."""


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def serve(handle: int, backend: str, threads: int, path: list[str]) -> None:
    """Serve the control socket ``handle`` until it is closed."""
    sys.path[:] = path
    control = socket.socket(fileno=handle)
    _prctl(_SUBREAPER, 1)
    try:
        traces = _prepared(backend, threads)
    except HarnessError as error:
        control.send(REFUSED + str(error).encode())
        os._exit(1)
    woken, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
    gc.collect()
    gc.freeze()  # or each collection in a fork would copy the pages of everything imported
    control.send(READY)
    trainer = 0
    while True:
        ready, _, _ = select.select([control.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, 1024)
            if trainer and not _alive(trainer):
                trainer = _end_children()
        if control.fileno() not in ready:
            continue
        command, handles, _, _ = socket.recv_fds(control, 64, 1)
        if not command or command == END:
            trainer = _end_children()
        if not command:
            os._exit(0)
        if command == END:
            control.send(ENDED)
        if command == START:
            trainer = os.fork()
            if trainer == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for each in (woken, wakes):
                    os.close(each)
                control.close()
                _train(handles[0], traces)
            os.close(handles[0])


def _prepared(backend: str, threads: int) -> Traces:
    """Import all that trainings need, and note what it looks like."""
    configure(backend, threads)
    for name in (*MODULES[backend], "harness.training.look"):
        importlib.import_module(name)
    if backend == NATIVE:
        importlib.import_module("harness.training.torch.torch_network")
        importlib.import_module("harness.training.torch.torch_programs").NativeTorch()
    else:
        importlib.import_module("harness.training.keras.keras_network")
        importlib.import_module("harness.training.keras.keras_programs")
        importlib.import_module(f"harness.training.keras.{backend}_backend")
    if "torch" in MODULES[backend]:
        _use_optimisers()
    for name in USUAL:
        with suppress(ImportError):
            importlib.import_module(name)
    return Traces()


def _use_optimisers() -> None:
    """Let PyTorch import and set what it does when an optimiser is first used: 3 s, and its own
    doing, not a program's. No gradient is computed, which would start threads."""
    import torch

    from harness.subjects.pytorch import TORCH_OPTIMISERS

    for make in TORCH_OPTIMISERS.values():
        weight = torch.nn.Parameter(torch.ones(1))
        weight.grad = torch.ones(1)
        optimiser = make([weight], lr=0.1)
        optimiser.step()
        optimiser.zero_grad()


def _alive(pid: int) -> bool:
    """Whether a child runs; it is not reaped."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def _end_children() -> int:
    """End all children, then their children, which become ours; return 0."""
    me = str(os.getpid())
    while True:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return 0
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and _parent(entry) == me:
                with suppress(ProcessLookupError):
                    os.kill(int(entry.name), signal.SIGKILL)
        time.sleep(0.002)


def _parent(process: Path) -> str:
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[1]
    except (OSError, IndexError):
        return ""


def _train(handle: int, traces: Traces) -> None:
    """The life of a training process."""
    nursery = os.getppid()
    _prctl(_DEATH_SIGNAL, signal.SIGKILL)
    _prctl(_SUBREAPER, 1)  # what a program leaves behind shows as a child
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if os.getppid() != nursery:
        os._exit(1)
    with socket.socket(fileno=handle) as line, line.makefile("rb") as requests:
        _say(line, {"device": device()})
        trainer = Trainer(traces.loaded)
        for text in requests:
            word, content = json.loads(text)
            request = Request.parse(content)
            _say(line, {**_answered(trainer, request, traces, line, word), "of": word})
        os._exit(0)


def _answered(
    trainer: Trainer, request: Request, traces: Traces, line: socket.socket, word: str
) -> dict[str, Any]:
    """The answer to a request; ``word`` says to which one."""
    try:
        load_registry(request.folders or None)  # foreign, but part of every fresh process
    except BaseException as error:
        return _failed(error)
    traces.begin(request)
    try:
        outcome = trainer.train(request, lambda: _say(line, {"prepared": True, "of": word}))
        answer = to_json(replace(outcome, memory=memory()))
        return {"outcome": answer, "changed": traces.changed()}
    except BaseException as error:  # sys.exit, too
        return _failed(error)


def _failed(error: BaseException) -> dict[str, Any]:
    if isinstance(error, HarnessError):
        return {"refused": str(error)}
    return {"crashed": described(error)}


def _say(line: socket.socket, answer: Mapping[str, Any]) -> None:
    line.sendall(json.dumps(answer).encode() + b"\n")
