"""Studies that are disturbed, and the count of how often that was tried."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from drivers import SMALL, Whole, finish
from upsets import TIMES, Driver

COUNTS = "RELIABILITY_COUNTS"
"""Environment variable: the file that receives the counts of this session."""

FOLDERS = ("reliability", "fuzz")
"""Of ``tests``, whose tests are counted."""

Starting = Callable[..., Driver]


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory, own_faults: Path) -> Whole:
    """The small study, undisturbed, and how long it takes."""
    folder = tmp_path_factory.mktemp("whole")
    began = time.monotonic()
    finish(SMALL, folder, own_faults)
    return Whole(folder, time.monotonic() - began)


@pytest.fixture
def drivers(own_faults: Path) -> Iterator[Starting]:
    """Starts drivers that are ended, whatever happens."""
    started: list[Driver] = []

    def start(*arguments: str, faults: Path = own_faults, **more: Any) -> Driver:
        started.append(Driver(arguments, faults, **more))
        return started[-1]

    yield start
    for driver in started:
        driver.clear()


@pytest.fixture(params=range(TIMES), ids=lambda n: f"time {n + 1}")
def again(request: pytest.FixtureRequest) -> int:
    """Number of this try; RELIABILITY_TIMES says how many there are."""
    return int(request.param)


def pytest_configure(config: pytest.Config) -> None:
    if where := os.environ.get(COUNTS):
        config.pluginmanager.register(_Counts(Path(where)), "reliability-counts")


class _Counts:
    """Writes how often each scenario was tried, failed and could not be tried here, and why.

    A scenario is a test function of these folders, whatever its parameters; a test that tries
    several times says so as the property ``tried``.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._rows: dict[tuple[str, str], dict[str, Any]] = {}
        self._began = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        place = Path(report.nodeid.partition("::")[0])
        if place.parent.name not in FOLDERS or not (
            report.when == "call" or report.outcome != "passed"
        ):
            return
        name = report.nodeid.partition("::")[2].partition("[")[0]
        row = self._rows.setdefault(
            (str(place), name),
            {"file": f"{place.parent.name}/{place.name}",
             "scenario": name.removeprefix("test_").replace("_", " "),
             "tried": 0, "failed": 0, "skipped": 0, "why": ""},
        )  # fmt: skip
        if report.outcome == "skipped":
            row["skipped"] += 1
            row["why"] = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else "")
            return
        row["tried"] += int(dict(report.user_properties).get("tried", 1))
        row["failed"] += report.outcome == "failed"

    def pytest_sessionfinish(self) -> None:
        content = {
            "times": TIMES,
            "minutes": round((time.monotonic() - self._began) / 60),
            "scenarios": list(self._rows.values()),
        }
        self._path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
