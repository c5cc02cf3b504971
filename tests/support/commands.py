"""The commands as a user runs them: in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

HEEDING = """import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
"""
"""Code with which a process heeds signals, also where the tests run in the background: a process
ignores what the one that starts it ignores."""

DOOR = [
    sys.executable,
    "-c",
    f"{HEEDING}import sys; from harness.cli import main; sys.exit(main())",
]
"""``dnn-repair``, also where its script is not installed."""

HYDRA = [sys.executable, str(ROOT / "experiments" / "repair.py")]


def environment(faults: Path | None = None) -> dict[str, str]:
    """This process' variables, with this checkout on the path and faults of one's own."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    own = {"FAULTS_PATH": str(faults)} if faults else {}
    return {**os.environ, "PYTHONPATH": path, **own}


def command(
    *arguments: str, faults: Path | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """``dnn-repair`` with these arguments."""
    return _run([*DOOR, *arguments], faults, cwd)


def sweep(
    *arguments: str, faults: Path | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    """``experiments/repair.py``, Hydra's door, with these arguments."""
    return _run([*HYDRA, *arguments], faults, cwd)


def _run(arguments: list[str], faults: Path | None, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments, capture_output=True, text=True, cwd=cwd, env=environment(faults), check=False
    )
