"""A limit for code that is called in this process and may never return."""

from __future__ import annotations

import ctypes
import threading
from types import TracebackType

THINKING = 3600.0
"""Seconds for which a technique may think without a training."""


class TooLong(BaseException):
    """Raised in the thread of code that did not return in time; no ``Exception``, to get out."""


class Patience:
    """A context within which code may run for so long; time while it is paused is not counted.

    Code that runs in Python is interrupted at its next line. A call into a library that does not
    return is not.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._thread: int | None = None
        """The thread inside the context; None outside."""

    def __enter__(self) -> None:
        with self._lock:
            self._thread = threading.get_ident()
            self._start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._stop()
            if self._thread is not None and error is None:
                _raise_in(self._thread, None)  # what was about to be raised
            self._thread = None
        if isinstance(error, TooLong):
            raise TimeoutError(f"no answer within {self._seconds:g} s").with_traceback(trace)

    def pause(self) -> None:
        """Stop the time."""
        with self._lock:
            self._stop()

    def resume(self) -> None:
        """Let the time begin anew, if the context is still open."""
        with self._lock:
            self._stop()
            if self._thread is not None:
                self._start()

    def _start(self) -> None:
        self._timer = threading.Timer(self._seconds, self._interrupt)
        self._timer.daemon = True
        self._timer.start()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _interrupt(self) -> None:
        with self._lock:
            if self._timer is threading.current_thread() and self._thread is not None:
                _raise_in(self._thread, TooLong)


def _raise_in(thread: int, kind: type[BaseException] | None) -> None:
    """Raise an exception in another thread at its next line; None takes that back."""
    what = None if kind is None else ctypes.py_object(kind)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), what)
