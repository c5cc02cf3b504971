"""How many cases a test with random input tried, see ``fuzzing``."""

from __future__ import annotations

import os

import pytest
from fuzzing import Tally

LONG = "FUZZ_CASES" in os.environ


@pytest.fixture
def tally(request: pytest.FixtureRequest) -> Tally:
    """Counts the cases; the count is a property of the test's report."""
    return Tally(request.node.user_properties)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A long campaign has no limit of time."""
    for item in items:
        if LONG and "fuzz" in item.path.parts:
            item.add_marker(pytest.mark.timeout(0))
