from __future__ import annotations

import pytest

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.published import Published, load_published
from harness.analysis.published.answers import Answer


@pytest.fixture(scope="session")
def study() -> Published:
    return load_published()


@pytest.fixture(scope="session")
def published(study: Published) -> Answer:
    return Answer.of(study, ICST23)


@pytest.fixture(scope="session")
def corrected(study: Published) -> Answer:
    return Answer.of(study, CORRECTED)
