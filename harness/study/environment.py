"""What a run depended on besides its identity: versions, commit, machine, time."""

from __future__ import annotations

import platform
import subprocess
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.records.files import RESULTS_VERSION
from harness.records.run_record import RunEnvironment
from harness.vocabulary import VERSION as __version__


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


_PACKAGES: tuple[str, ...] = (
    "ray",
    "HEBO",
    "hpbandster",
    "ConfigSpace",
    "tensorflow",
    "keras",
    "torch",
    "jax",
)
_PACKAGES += ("numpy", "scipy", "pandas", "scikit-learn")


@cache
def environment() -> RunEnvironment:
    """Software and machine of this process."""
    return RunEnvironment(
        harness=__version__,
        results_version=RESULTS_VERSION,
        python=platform.python_version(),
        packages={name: _version(name) for name in _PACKAGES},
        host=platform.node(),
        machine=platform.platform(),
        commit=_git("rev-parse", "HEAD"),
        dirty=bool(_git("status", "--porcelain", "--untracked-files=no")),
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _git(*words: str) -> str:
    """What git answers in the harness' own checkout; '' where there is none."""
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
