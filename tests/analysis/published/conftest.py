from __future__ import annotations

import pytest

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.published import Published, load
from harness.analysis.published.figures import Answer


@pytest.fixture(scope="session")
def study() -> Published:
    return load()


@pytest.fixture(scope="session")
def published(study: Published) -> Answer:
    return Answer.of(study, ICST23)


@pytest.fixture(scope="session")
def corrected(study: Published) -> Answer:
    return Answer.of(study, CORRECTED)
