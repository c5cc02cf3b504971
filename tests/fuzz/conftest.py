"""Counts of the cases, see ``fuzzing``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fuzzing import Tally

LONG = "FUZZ_CASES" in os.environ


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Iterator[Tally]:
    found = Tally()
    yield found
    if file := os.environ.get("FUZZ_COUNTS"):
        counts = {"tried": found.tried, "refused": found.refused}
        with Path(file).open("a") as lines:
            lines.write(json.dumps({"scenario": request.node.name, **counts}) + "\n")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A long campaign has no limit of time."""
    for item in items:
        if LONG and "fuzz" in item.path.parts:
            item.add_marker(pytest.mark.timeout(0))
