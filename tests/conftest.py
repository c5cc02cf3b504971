"""Fixtures: one small subject of our own, one Ray for the whole session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from outside import FAULT, write_faults

from harness.subjects.registry import FAULTS, Registry, load_registry

# Ray's worker processes find the modules of the tests there.
HERE = str(Path(__file__).parent / "support")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [HERE, os.environ.get("PYTHONPATH")]))

# Machines are shared: how long an example takes says nothing of it.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture(scope="session")
def own_faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_faults(tmp_path_factory.mktemp("own") / "faults", "X1", "X2")
    native = FAULT.format(id="X3").replace("sum_sign", "sum_sign_torch")
    (folder / "X3.yaml").write_text(native)
    return folder


@pytest.fixture
def with_own_faults(own_faults: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAULTS_PATH", str(own_faults))
    return own_faults


@pytest.fixture(scope="session")
def registry(own_faults: Path) -> Registry:
    """The project's faults and those of the tests."""
    return load_registry([FAULTS, own_faults])


@pytest.fixture(scope="session")
def ray_session() -> Iterator[None]:
    """Ray on this machine, started once for all tests that need it."""
    from harness.engine.session import shutdown, start

    start(3)
    yield
    shutdown()
