"""Signals that end a command: in order, with one message and the code that a shell expects."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""From the keyboard, from a scheduler or a shutdown, from a terminal that was closed."""

GRACE = 20.0
"""Seconds that a command has to end what it started; from then on, one more signal ends it."""

SOON = 0.01
"""Seconds after which a signal is sent again that came where nothing can be raised."""


class Stopped(KeyboardInterrupt):
    """A signal asked the command to end."""


class _Listener:
    """Turns signals into :class:`Stopped` until one has arrived where the command ends."""

    def __init__(self) -> None:
        self.first: float | None = None
        self.number = signal.SIGINT
        """The first signal; Ray raises a plain KeyboardInterrupt for whichever it was."""
        self.ending = False
        self._process, self._hook = os.getpid(), sys.unraisablehook

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.first is None:
            self.first, self.number = now, signal.Signals(number)
        if now - self.first > GRACE:
            os._exit(128 + number)
        if not self.ending:
            raise Stopped(signal.Signals(number).name)

    def passed_over(self, unraisable: Any) -> None:
        """Where Python cannot raise :class:`Stopped`, as after a fork, it is raised once more.

        Not in a process that was just forked: the command itself has the signal, too.
        """
        if not isinstance(unraisable.exc_value, Stopped):
            self._hook(unraisable)
        elif os.getpid() == self._process:
            again = threading.Timer(SOON, os.kill, (self._process, self.number))
            again.daemon = True
            again.start()

    def leave(self) -> None:
        """Ignore further signals: Python's last steps would give them back their own effect."""
        if self.first is not None:
            for number in SIGNALS:
                signal.signal(number, signal.SIG_IGN)


def run_until_stopped(command: Callable[[], int]) -> int:
    """Run a command; a signal ends it with one line and 128 and its number as the exit code.

    Signals that this process ignores, as under ``nohup``, stay ignored. Others that arrive while
    the command ends do not disturb that.
    """
    listener = _Listener()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in SIGNALS}
        before = {n: handler for n, handler in before.items() if handler != signal.SIG_IGN}
    if before:
        atexit.register(listener.leave)  # before all others, so that it comes after them
    for number in before:
        signal.signal(number, listener)
    hook, sys.unraisablehook = sys.unraisablehook, listener.passed_over
    try:
        try:
            return command()
        except KeyboardInterrupt:
            listener.ending = True
            return _say(listener.number)
        except BaseException:
            listener.ending = listener.first is not None
            raise
    except Stopped:  # within the few instructions before `ending` was set
        listener.ending = True
        return _say(listener.number)
    finally:
        sys.unraisablehook = hook
        if listener.first is None:
            atexit.unregister(listener.leave)
            for number, handler in before.items():
                signal.signal(number, handler)


def _say(number: signal.Signals) -> int:
    by = "" if number == signal.SIGINT else f" by {number.name}"
    with suppress(OSError, ValueError):  # the terminal may be gone
        print(f"stopped{by}; repeat the command to go on from here", file=sys.stderr, flush=True)
    return 128 + number
