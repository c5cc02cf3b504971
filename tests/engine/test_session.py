"""Ray's start: bounded, repeated, and without traces. Real processes, a real Ray."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import ray

from harness.engine import session
from harness.engine.scratch import make_scratch
from harness.vocabulary import HarnessError

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this process had none: other tests share one."""
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(session, "_scratch", None)


@pytest.mark.usefixtures("without_ray")
def test_a_start_that_takes_too_long_is_tried_three_times_and_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folders: list[Path] = []

    def late(**settings: Any) -> None:
        folders.append(Path(settings["_temp_dir"]))
        assert folders[-1].is_dir()
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(session, "make_scratch", lambda: make_scratch(tmp_path))
    monkeypatch.setattr(ray, "init", late)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    monkeypatch.setenv("RAY_START", "2")
    with pytest.raises(
        HarnessError, match=r"did not start .* within 2 s.* up to 8 s .*RAY_START=8"
    ):
        session.start(1)
    assert len(folders) == 3
    assert list(tmp_path.iterdir()) == []
    assert os.environ.get("TMPDIR") not in map(str, folders)


@contextmanager
def listening() -> Iterator[str]:
    """The address of a server that is no Ray: it says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.usefixtures("without_ray")
@pytest.mark.parametrize(
    "address", ["127.0.0.1:1", "nowhere.invalid:6379", "6379", "somewhere", "auto:1:2", "a:99999"]
)
def test_an_address_at_which_nothing_listens_is_told_at_once(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", address)
    began = time.monotonic()
    with pytest.raises(HarnessError, match=f"no Ray cluster answers at RAY_ADDRESS={address}"):
        session.start(1)
    assert time.monotonic() - began < 20


@pytest.mark.usefixtures("without_ray")
def test_an_address_at_which_something_else_listens_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(session, "ANSWERING", 3.0)
    with listening() as address:
        monkeypatch.setenv("RAY_ADDRESS", address)
        with pytest.raises(HarnessError, match="listens there, but is no Ray within 3 s"):
            session.start(1)


@pytest.mark.usefixtures("without_ray")
def test_auto_without_a_cluster_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray._private import services

    monkeypatch.setattr(services, "find_gcs_addresses", set)
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    with pytest.raises(HarnessError, match="no cluster runs on this machine"):
        session.start(1)


def test_local_means_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "local")
    assert session.cluster() == ""


def test_an_address_of_ray_s_client_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "ray://somewhere:10001")
    with pytest.raises(HarnessError, match="an address for Ray's client"):
        session.cluster()


STARTED = """
import sys, time, tempfile, ray
from harness.engine import session
session.start(1)
print(session._scratch, flush=True)
print(ray.get(ray.remote(tempfile.mkdtemp).remote()), flush=True)
if sys.argv[1] == "wait":
    time.sleep(600)
"""


def started(how: str, place: Path, *flags: str) -> tuple[subprocess.Popen[str], Path, Path]:
    """A driver in a process of its own, its folder, and a temporary folder of its Ray."""
    driver = subprocess.Popen(
        [sys.executable, *flags, "-c", STARTED, how],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(place), "RAY_START": "60", "RAY_ADDRESS": ""},
    )
    assert driver.stdout is not None
    return driver, Path(driver.stdout.readline().strip()), Path(driver.stdout.readline().strip())


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for temporary files with a short name, as sockets need it."""
    made = Path(tempfile.mkdtemp(dir="/tmp", prefix="t"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_a_driver_that_ends_leaves_nothing(place: Path) -> None:
    """Without assertions, too: Ray itself starts worse with them off."""
    driver, folder, temporary = started("end", place, "-O")
    assert driver.wait(timeout=120) == 0
    assert folder.parent == place
    assert temporary.is_relative_to(folder)
    assert list(place.iterdir()) == []


@pytest.mark.slow
def test_what_a_killed_driver_leaves_goes_with_the_next_start(place: Path) -> None:
    driver, folder, _ = started("wait", place)
    other, others, _ = started("wait", place)
    driver.kill()
    driver.wait()
    assert folder.exists()
    third, _, _ = started("end", place)
    assert third.wait(timeout=120) == 0
    assert [*place.iterdir()] == [others]  # that of the driver that still runs
    other.kill()
    other.wait(timeout=60)


def test_ray_s_processes_have_a_token_of_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the environment says otherwise; Ray would keep one in the home folder."""
    for name in session._TOKENS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    session._own_token()
    assert "RAY_AUTH_TOKEN" not in os.environ
    monkeypatch.delenv("RAY_AUTH_MODE")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "own")
    session._own_token()
    assert os.environ["RAY_AUTH_TOKEN"] == "own"
    monkeypatch.delenv("RAY_AUTH_TOKEN")
    session._own_token()
    assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
