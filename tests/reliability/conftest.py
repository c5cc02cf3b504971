from __future__ import annotations

import time
from pathlib import Path

import pytest
from drivers import SMALL, Whole, finish


@pytest.fixture(scope="package")
def whole(tmp_path_factory: pytest.TempPathFactory, own_faults: Path) -> Whole:
    """The small study, undisturbed, and how long it takes."""
    folder = tmp_path_factory.mktemp("whole")
    began = time.monotonic()
    finish(SMALL, folder, own_faults)
    return Whole(folder, time.monotonic() - began)
