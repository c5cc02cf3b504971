"""The commands as a user runs them: in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def command(
    script: str, *words: str, faults: Path | None = None, cwd: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    env = dict(os.environ) | ({"FAULTS_PATH": str(faults)} if faults else {})
    return subprocess.run(
        [sys.executable, str(ROOT / "experiments" / f"{script}.py"), *words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=env,
        check=False,
    )
