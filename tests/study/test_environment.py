"""What a run depended on besides its identity."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

import pytest

from harness.records.files import RESULTS_VERSION
from harness.study import environment as study_environment
from harness.study.environment import environment, now


def test_the_software_of_this_process_is_named() -> None:
    found = environment()
    assert found.results_version == RESULTS_VERSION
    assert found.packages["numpy"] == version("numpy")
    assert "ray" in found.packages
    assert environment() is found


def test_a_package_that_is_not_installed_has_no_version() -> None:
    assert study_environment._version("no-such-package-of-anyone") == ""


@pytest.mark.parametrize("trouble", [OSError("no git"), subprocess.TimeoutExpired("git", 10), 128])
def test_without_git_there_is_no_commit(monkeypatch: pytest.MonkeyPatch, trouble: Any) -> None:
    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        if isinstance(trouble, Exception):
            raise trouble
        return subprocess.CompletedProcess(command, trouble, "half an answer")

    monkeypatch.setattr(study_environment.subprocess, "run", run)
    assert study_environment._git("rev-parse", "HEAD") == ""


def test_a_time_is_in_utc_to_the_millisecond() -> None:
    text = now()
    assert text.endswith("+00:00")
    assert len(text) == len("2026-01-01T00:00:00.000+00:00")
    assert abs(datetime.now(UTC) - datetime.fromisoformat(text)) < timedelta(minutes=1)
