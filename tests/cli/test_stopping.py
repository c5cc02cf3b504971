"""Signals end a command with one line and their exit code; cleaning up is not disturbed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from commands import HEEDING, environment

from harness.cli.stopping import run_until_stopped

COMMAND = """
import atexit, signal, sys, time
from harness.cli.stopping import run_until_stopped

def command():
    try:
        print("ready", flush=True)
        time.sleep(600)
    finally:
        print("cleaned", flush=True)

def ending():
    time.sleep(1)
    print("gone", flush=True)

atexit.register(ending)
sys.exit(run_until_stopped(command))
"""


def stopped(*signals: int, gap: float = 0.2, before: str = "") -> tuple[int, str, str]:
    """Exit code and words of a command that gets these signals."""
    process = subprocess.Popen(
        [sys.executable, "-c", HEEDING + before + COMMAND], env=environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for number in signals:
        process.send_signal(number)
        time.sleep(gap)
    said, complaints = process.communicate(timeout=60)
    return process.returncode, said, complaints


@pytest.mark.parametrize(
    ("signals", "code", "by"),
    [
        ([signal.SIGINT], 130, ""),
        ([signal.SIGTERM], 143, " by SIGTERM"),
        ([signal.SIGHUP], 129, " by SIGHUP"),
        ([signal.SIGINT, signal.SIGINT], 130, ""),
        ([signal.SIGTERM, signal.SIGINT, signal.SIGHUP], 143, " by SIGTERM"),
    ],
    ids=lambda value: "+".join(s.name for s in value) if isinstance(value, list) else None,
)
def test_a_signal_is_one_line_and_its_code(
    signals: list[signal.Signals], code: int, by: str
) -> None:
    found, said, complaints = stopped(*signals)
    assert found == code, complaints
    assert complaints == f"stopped{by}; repeat the command to go on from here\n"
    assert said == "cleaned\ngone\n"


def test_signals_in_quick_succession_are_one_line() -> None:
    found, said, complaints = stopped(*[signal.SIGINT] * 20, gap=0)
    assert found == 130, complaints
    assert complaints == "stopped; repeat the command to go on from here\n"
    assert said.endswith("gone\n")


def test_a_signal_that_the_process_ignores_stays_ignored() -> None:
    ignore = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    found, _, complaints = stopped(signal.SIGHUP, signal.SIGTERM, before=ignore)
    assert found == 143
    assert complaints == "stopped by SIGTERM; repeat the command to go on from here\n"


def test_signals_in_the_last_steps_of_python_change_nothing() -> None:
    """Modules are taken apart when no handler is in place any more."""
    late = """
import sys, time
class Late:
    def __del__(self, sleep=time.sleep):
        sleep(2)
sys.late = Late()
"""
    found, _, complaints = stopped(*[signal.SIGINT] * 25, gap=0.1, before=late)
    assert found == 130
    assert complaints == "stopped; repeat the command to go on from here\n"


def test_a_library_that_raises_its_own_interrupt_hides_no_signal() -> None:
    hide = """
import time
right = time.sleep
def sleep(seconds):
    try:
        right(seconds)
    except KeyboardInterrupt:
        raise KeyboardInterrupt from None
time.sleep = sleep
"""
    found, _, complaints = stopped(signal.SIGTERM, before=hide)
    assert found == 143
    assert complaints == "stopped by SIGTERM; repeat the command to go on from here\n"


def test_handlers_are_as_before_where_no_signal_came() -> None:
    from harness.cli.stopping import SIGNALS, run_until_stopped

    before = [signal.getsignal(number) for number in SIGNALS]
    assert run_until_stopped(lambda: 7) == 7
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_a_signal_where_nothing_can_be_raised_still_ends_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As after a fork: what is raised in a finaliser is passed over by Python."""

    class Finalised:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    def command() -> int:
        Finalised()
        time.sleep(5)
        return 0

    before = sys.unraisablehook
    assert run_until_stopped(command) == 128 + signal.SIGTERM
    assert sys.unraisablehook is before
    assert capsys.readouterr().err == (
        "stopped by SIGTERM; repeat the command to go on from here\n"
    )
