"""Signals: a study that is asked to end does so in order, one that is halted goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from drivers import SMALL, Whole, lines, same
from upsets import Driver, kept, one_message

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

Starting = Callable[..., Driver]

ENDINGS: dict[str, tuple[list[signal.Signals], int, str]] = {
    "SIGTERM": ([signal.SIGTERM], 143, "stopped by SIGTERM; repeat the command"),
    "SIGHUP": ([signal.SIGHUP], 129, "stopped by SIGHUP; repeat the command"),
    "Ctrl-C": ([signal.SIGINT], 130, "stopped; repeat the command"),
    "Ctrl-C twice": ([signal.SIGINT] * 2, 130, "stopped; repeat the command"),
    "Ctrl-C five times": ([signal.SIGINT] * 5, 130, "stopped; repeat the command"),
    "SIGTERM twice": ([signal.SIGTERM] * 2, 143, "stopped by SIGTERM; repeat the command"),
}
"""Name -> signals, exit code, message."""


@pytest.mark.parametrize("when", ["imports", "Ray starts", "trials are recorded"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_study_that_is_asked_to_end(
    ending: str, when: str, tmp_path: Path, drivers: Starting, whole: Whole, again: int
) -> None:
    """From the keyboard, signals reach the driver's whole group, as a terminal sends them."""
    signals, code, message = ENDINGS[ending]
    folder = tmp_path / "results"
    driver = drivers(*SMALL, f"results={folder}")
    if when == "imports":
        driver.until(lambda: b"harness" in Path(f"/proc/{driver.process.pid}/maps").read_bytes()
                     or "python" in os.readlink(f"/proc/{driver.process.pid}/exe"))  # fmt: skip
        time.sleep(1)
    elif when == "Ray starts":
        driver.until_ray()
    else:
        driver.until_rows(folder, 3)
    for number in signals:
        to_all = number == signal.SIGINT and driver.process.poll() is None
        (os.killpg if to_all else os.kill)(driver.process.pid, number)
        time.sleep(0.1)
    found, said = driver.end()
    assert found == code, said
    one_message(said, message)
    assert driver.left() == []
    before = lines(folder)
    after = drivers(*SMALL, f"results={folder}")
    found, said = after.end()
    assert found == 0, said
    kept(before, folder)
    same(folder, whole.folder)
    assert after.left() == []


@pytest.mark.parametrize("kind", ["driver", "all", "slot", "training worker", "raylet"])
def test_a_study_that_is_halted_and_let_go_on(
    kind: str, tmp_path: Path, drivers: Starting, whole: Whole, again: int
) -> None:
    """Also longer than a training takes; the clock that counts work charges nothing for it."""
    folder = tmp_path / "results"
    driver = drivers(*SMALL, f"results={folder}")
    driver.until_rows(folder, 3)
    halted = {"driver": [driver.process.pid], "all": driver.processes()}
    for process in (which := halted.get(kind) or driver.processes(kind)):
        os.kill(process, signal.SIGSTOP)
    assert which
    time.sleep(10)
    for process in which:
        os.kill(process, signal.SIGCONT)
    code, said = driver.end()
    assert code == 0, said
    one_message(said)
    same(folder, whole.folder)
    assert driver.left() == []
