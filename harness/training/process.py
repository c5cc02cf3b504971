"""A training process as its owner sees it: it answers every request within a bounded time.

The owner never runs foreign code, and reads of the process only lines that fit the schema. A
process that is lost, hangs, has grown or has been changed by a program is ended with everything
that the program started, and the next training has a fresh one.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from secrets import token_hex
from time import monotonic
from typing import Any

from harness.records.outcome import Outcome, parse_outcome
from harness.records.schema import Misfit, decode_json
from harness.training.nursery import END, ENDED, READY, REFUSED, START
from harness.training.request import Request
from harness.vocabulary import Cause, HarnessError, TrialStatus

MEMORY_LIMIT = 1_600_000_000
"""Bytes held by a process from which it is replaced between two trainings."""

PROCESSES = 2
"""Processes that a training gets. A program that ends its process ends the second one too; what
something else ended is trained again, and its outcome is what it would have been."""

LONGEST_ANSWER = 64_000_000
"""Bytes of an answer; a training of a million epochs stays below."""

CODE = (
    "import json, sys; handle, backend, threads, path = json.loads(sys.argv[1]); "
    "sys.path[:] = path; from harness.training.nursery import serve; "
    "serve(handle, backend, threads, path)"
)


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds after which a training process counts as hanging."""

    training: float
    """From request to answer."""
    preparing: float
    """From request to the first step: import, data, building and compiling."""
    starting: float = 120.0
    """From the start of a process to its first answer."""


class _Lost(Exception):
    """The process has no answer."""

    def __init__(self, cause: Cause, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class TrainingProcess:
    """One process that trains, on one backend; replaced when it must be. Not thread-safe."""

    def __init__(self, backend: str, threads: int) -> None:
        self.backend, self.threads = backend, threads
        self.replaced: list[str] = []
        """Why processes were replaced, in order; the last hundred."""
        self._nursery: tuple[subprocess.Popen[bytes], socket.socket] | None = None
        self._line: socket.socket | None = None
        self._read = b""
        self._device = ""
        self._born()

    def device(self, starting: float) -> str:
        """The device that it trains on; starts a process if there is none.

        Args:
            starting: Seconds that a start may take. It is tried twice, the second time with twice
                as many.

        Raises:
            HarnessError: If no process answers, or the backend is not installed.
        """
        for allowed in (starting, 2 * starting):
            until = monotonic() + allowed
            try:
                if self._line is None:
                    self._fork(until)
                if not self._device:
                    answer = self._answer(until)
                    self._device = str(answer["device"])
                return self._device
            except (_Lost, OSError, KeyError) as error:
                problem = error
                self.close()
        raise HarnessError(
            f"no training process on {self.backend} within {starting:.0f} s, nor within "
            f"{2 * starting:.0f} s at the second try: {problem}. A load average of "
            f"{os.getloadavg()[0]:.0f} was found; WORKER_START=600 in the environment waits longer"
        )

    def train(self, request: Request, limits: TimeLimits) -> Outcome:
        """Train; whatever happens to the process becomes an outcome.

        Raises:
            HarnessError: If the input is bad, or no process starts.
        """
        began, lost = 0.0, _Lost(Cause.INFRASTRUCTURE, "")
        for _ in range(PROCESSES):
            self.device(limits.starting)
            began = monotonic()
            try:
                outcome, changed = self._trained(request, limits, began)
                break
            except (_Lost, OSError) as error:
                told = error if isinstance(error, _Lost) else None
                lost = told or _Lost(Cause.INFRASTRUCTURE, str(error))
                self._replace(str(error))
                if lost.cause is not Cause.INFRASTRUCTURE:
                    return _crashed(lost, monotonic() - began, request)
        else:
            return _crashed(lost, monotonic() - began, request)
        if changed:
            self._replace(", ".join(changed))
        elif outcome.memory > MEMORY_LIMIT:
            self._replace("memory")
        return replace(outcome, total_seconds=monotonic() - began)

    def close(self) -> None:
        """End the process and all that it started."""
        if self._line is not None:
            self._line.close()
        self._line, self._device, self._read = None, "", b""
        if self._nursery is not None:
            nursery, control = self._nursery
            self._nursery = None
            control.close()  # it ends its children, then itself
            if not self._ready:  # it has none yet, and is still importing
                nursery.kill()
            try:
                nursery.wait(timeout=10)
            except subprocess.TimeoutExpired:
                nursery.kill()
                nursery.wait()

    def _trained(
        self, request: Request, limits: TimeLimits, began: float
    ) -> tuple[Outcome, list[str]]:
        assert self._line is not None
        until = began + min(limits.preparing, limits.training)
        self._line.settimeout(max(0.1, until - monotonic()))
        with _hanging(until - began, "was still being prepared (import, data, build)"):
            word = token_hex(8)  # a program that answers in our place does not know it
            self._line.sendall(json.dumps([word, request.plain()]).encode() + b"\n")
            answer = self._answer(until, word)
        if answer.get("prepared") is True:
            with _hanging(limits.training, "no answer"):
                answer = self._answer(began + limits.training, word)
        changed = answer.get("changed", [])
        if not (isinstance(changed, list) and all(isinstance(c, str) for c in changed)):
            raise _Lost(Cause.PROGRAM, "the training process answered nonsense")
        if "refused" in answer:
            self._replace("a refused request")
            raise HarnessError(str(answer["refused"]))
        if "crashed" in answer:
            raise _Lost(Cause.PROGRAM, str(answer["crashed"]))
        try:
            return parse_outcome(answer["outcome"]), changed
        except (KeyError, Misfit, ValueError) as error:
            problem = f"the training process answered nonsense: {error}"
            raise _Lost(Cause.PROGRAM, problem) from None

    def _answer(self, until: float, word: str | None = None) -> Mapping[str, Any]:
        """The next line of the process; ``word`` is that of the request.

        Raises:
            _Lost: If the process ended, or the line is no answer to the request.
            TimeoutError: If there is none in time.
        """
        assert self._line is not None
        while b"\n" not in self._read:
            self._line.settimeout(max(0.01, until - monotonic()))
            part = self._line.recv(1 << 16)
            if not part:
                raise _Lost(Cause.INFRASTRUCTURE, "the training process was lost")
            self._read += part
            if len(self._read) > LONGEST_ANSWER:
                raise _Lost(Cause.PROGRAM, "the training process answered without end")
            if monotonic() > until:
                raise TimeoutError
        line, _, self._read = self._read.partition(b"\n")
        try:
            answer = decode_json(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or answer.get("of") != word:
            raise _Lost(Cause.PROGRAM, "the training process answered nonsense")
        return answer

    def _born(self) -> None:
        """Start a nursery; it imports while its owner does other things."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        path = [p or os.getcwd() for p in sys.path]
        arguments = json.dumps([theirs.fileno(), self.backend, self.threads, path])
        flags = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        nursery = subprocess.Popen(
            [sys.executable, *flags, "-c", CODE, arguments],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # what programs print goes nowhere, and fills no disk
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        self._nursery = nursery, ours
        self._ready = False

    def _fork(self, until: float) -> None:
        """Ask the nursery for a process."""
        if self._nursery is None:
            self._born()
        assert self._nursery is not None
        control = self._nursery[1]
        if not self._ready:
            answer = self._told(control, until)
            if answer.startswith(REFUSED):
                raise HarnessError(answer.removeprefix(REFUSED).decode())
            if answer != READY:
                raise _Lost(Cause.INFRASTRUCTURE, "its imports failed")
            self._ready = True
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(control, [START], [theirs.fileno()])
        self._line, self._read, self._device = ours, b"", ""

    def _told(self, control: socket.socket, until: float) -> bytes:
        control.settimeout(max(0.01, until - monotonic()))
        try:
            return control.recv(65536)
        except TimeoutError:
            raise _Lost(Cause.TIME_OUT, "it is still importing") from None

    def _replace(self, why: str) -> None:
        """End the process with all that it started; the next one is forked at once."""
        self.replaced = [*self.replaced[-99:], why]
        if self._line is not None:
            self._line.close()
        self._line, self._device, self._read = None, "", b""
        try:
            assert self._nursery is not None
            control = self._nursery[1]
            control.settimeout(30)
            control.send(END)
            if control.recv(64) != ENDED:
                raise OSError
            self._fork(monotonic() + 1)
        except (OSError, _Lost, AssertionError):
            self.close()
            self._born()


def _crashed(lost: _Lost, seconds: float, request: Request) -> Outcome:
    return Outcome(
        status=TrialStatus.CRASHED,
        seconds=min(seconds, request.limit),
        total_seconds=seconds,
        cause=lost.cause,
        message=str(lost),
    )


@contextmanager
def _hanging(seconds: float, what: str) -> Iterator[None]:
    """Turn a time-out into a lost training."""
    try:
        yield
    except TimeoutError:
        problem = f"no answer within {seconds:.0f} s"
        if what != "no answer":
            problem += f": the program {what}"
        raise _Lost(Cause.TIME_OUT, problem) from None
