"""Modules of other people: imported with bounds, and their exceptions put into words."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import signal
import sys
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, TextIO

from harness.vocabulary import HarnessError, message_of, moved_hint

IMPORT_LIMIT = 60.0
"""Seconds that the import of a module may take."""


class TooSlow(BaseException):
    """The import of a module took too long. No ``except Exception`` of the module catches it."""


@contextlib.contextmanager
def bounded_import() -> Iterator[None]:
    """Import and call other people's code inside: whatever it raises is one error.

    What it prints goes nowhere, and the working folder is the same afterwards. An import that does
    not end is stopped after ``IMPORT_LIMIT`` seconds, where a signal can: in the main thread.

    Raises:
        ForeignError: With the exception as its cause. A keyboard interrupt that the keyboard sent
            is passed on.
    """
    interrupts = _Interrupts()
    try:
        with interrupts, _silent(), _same_folder(), _limited(IMPORT_LIMIT):
            yield
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt) and interrupts.sent:
            raise
        raise ForeignError from error


class ForeignError(Exception):
    """Other people's code raised its cause, or left, while it was imported."""


def import_foreign(path: Path) -> ModuleType:
    """Import the Python file at ``path``.

    Raises:
        HarnessError: If the module raises anything, leaves or does not end; names file and line.
    """
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
    name = f"harness_subject_{path.stem}_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        with bounded_import():
            spec.loader.exec_module(module)
    except ForeignError as failed:
        sys.modules.pop(name, None)
        error = failed.__cause__
        assert error is not None
        hint = ". Load data in 'load' and frameworks in 'build'"
        raise HarnessError(
            f"{path}:{line_in(path, error)}: the subject cannot be imported: {in_words(error)}"
            f"{hint if isinstance(error, TooSlow) else moved_hint(error)}"
        ) from error
    return module


def in_words(error: BaseException) -> str:
    """An exception in one line: its class and the beginning of its message.

    >>> in_words(ValueError("no such file\\nbeware"))
    'ValueError: no such file'
    """
    lines = [line.strip() for line in message_of(error).splitlines() if line.strip()]
    return ": ".join([type(error).__name__, *(line[:300] for line in lines[:1])])


def line_in(path: Path, error: BaseException) -> int:
    """The line of ``path`` in which ``error`` was raised, or 1."""
    line, trace = 1, error.__traceback__
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


class _Interrupts:
    """Tells an interrupt from the keyboard from one that a program raises."""

    def __init__(self) -> None:
        self.sent = False
        self._before: Any = None

    def __enter__(self) -> _Interrupts:
        if _in_main_thread() and callable(before := signal.getsignal(signal.SIGINT)):

            def interrupted(number: int, frame: FrameType | None) -> None:
                self.sent = True
                before(number, frame)

            self._before = signal.signal(signal.SIGINT, interrupted)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise :class:`TooSlow` inside after so many seconds, and again each second after that."""
    if not _in_main_thread():
        yield
        return

    def late(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"it takes more than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, late)
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # somebody else's alarm
            signal.setitimer(signal.ITIMER_REAL, left, interval)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@cache
def _nowhere() -> TextIO:
    """A stream that drops all text. It stays open: a module may keep it, as loggers do."""
    return open(os.devnull, "w", encoding="utf-8")


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    streams = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = _nowhere()
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams


@contextlib.contextmanager
def _same_folder() -> Iterator[None]:
    try:
        here = os.getcwd()
    except FileNotFoundError:
        yield
        return
    try:
        yield
    finally:
        os.chdir(here)
