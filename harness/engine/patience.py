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
    """A context within which code may run for so long; time within :meth:`paused` is not counted.

    Code that runs in Python is interrupted at its next line. A call into a library that does not
    return is not.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timer: threading.Timer | None = None
        self._thread = 0

    def __enter__(self) -> None:
        self._thread = threading.get_ident()
        self.resume()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pause()
        if isinstance(error, TooLong):
            raise TimeoutError(f"no answer within {self._seconds:g} s").with_traceback(trace)

    def pause(self) -> None:
        """Stop the time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def resume(self) -> None:
        """Begin anew."""
        self.pause()
        self._timer = threading.Timer(self._seconds, self._interrupt)
        self._timer.daemon = True
        self._timer.start()

    def _interrupt(self) -> None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self._thread), ctypes.py_object(TooLong)
        )
