"""Starts Ray on this machine, or joins a cluster, within a bounded time; leaves nothing behind.

Ray keeps sockets and logs of each start in a folder, and never removes one. Here each driver has a
folder of its own, in which its processes keep their temporary files too. It goes when the driver
ends; those of drivers that were killed go when the next one starts.
"""

from __future__ import annotations

import atexit
import fcntl
import logging
import os
import shlex
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray

from harness.engine.limits import Limits
from harness.vocabulary import HarnessError

PREFIX = "dnn-ray-"
"""Of the names of our folders. A driver holds a lock on the file ``driver`` in its own one."""

LONGEST = 40
"""Characters of the path of the folder for temporary files, beyond which ``/tmp`` is taken: names
of sockets are short."""

STARTS = (1, 2, 4)
"""Starts of Ray, with so many times the seconds of ``RAY_START``."""

CONNECTING, ANSWERING = 5.0, 10.0
"""Seconds in which a cluster's address must take a connection, and then answer."""

QUIET = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}


class _Folder:
    """The driver's folder."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_place()))
        self._lock = (self.path / "driver").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.temporary = self.path / "tmp"
        self.temporary.mkdir()

    def remove(self) -> None:
        """End what still uses the folder, and remove it."""
        _end_processes_of(self.path)
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


_folder: _Folder | None = None


def start(cpus: int, limits: Limits | None = None) -> None:
    """Start Ray on this machine, without output or dashboard; do nothing if it runs.

    If ``RAY_ADDRESS`` names a cluster, this process joins that instead, and ``cpus`` has no effect.

    Raises:
        HarnessError: If the cluster does not answer, or Ray does not start.
    """
    if ray.is_initialized():
        return
    logging.getLogger("ray").setLevel(logging.ERROR)
    if address := cluster():
        _join(address)
    else:
        _start_here(cpus, (limits or Limits.of_environment()).ray_start)


def shutdown() -> None:
    """Stop Ray if it runs, and remove the folder of a start on this machine."""
    global _folder
    if ray.is_initialized():
        ray.shutdown()
    if _folder is not None:
        _folder.remove()
        _folder = None
        atexit.unregister(shutdown)


def cluster() -> str:
    """The address of the Ray cluster to use; '' for this machine alone.

    Raises:
        HarnessError: If it is an address for Ray's client, with which no process of this machine
            could write.
    """
    address = os.environ.get("RAY_ADDRESS", "").strip()
    if address.startswith("ray://"):
        raise HarnessError(
            f"RAY_ADDRESS={address} is an address for Ray's client, which runs nothing beside the "
            "results folder. Run the command on a machine of the cluster, with RAY_ADDRESS=auto"
        )
    return "" if address == "local" else address


def _start_here(cpus: int, seconds: float) -> None:
    global _folder
    _check_loopback()
    _remove_stale()
    problem: Exception | None = None
    for times in STARTS:
        try:
            _folder = _Folder()
        except OSError as error:
            raise HarnessError(
                f"Ray needs a folder for temporary files, and {error}. Name another one in TMPDIR"
            ) from None
        atexit.register(shutdown)  # after Ray's own, so it runs before
        try:
            with _environment(_folder.temporary, times * seconds):
                _init(cpus, _folder.path)
            return
        except Exception as error:  # Ray's own class, and many others
            problem = error
            with suppress(Exception):
                ray.shutdown()
            shutdown()  # with the processes that did start
    raise HarnessError(
        f"Ray did not start on this machine within {seconds:.0f} s, nor at two more tries of up to "
        f"{STARTS[-1] * seconds:.0f} s ({_line(problem)}); the load average is "
        f"{os.getloadavg()[0]:.0f}. Repeat the command when it is less busy; "
        f"RAY_START={STARTS[-1] * seconds:.0f} in the environment waits longer. What was recorded "
        "is safe"
    )


def _check_loopback() -> None:
    """Ray's processes talk by the loopback interface; without one they wait for minutes."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), CONNECTING).close()
    except OSError as error:
        raise HarnessError(
            f"this machine has no loopback interface, or forbids it ({error.strerror or error}): "
            "no connection to 127.0.0.1 is possible, by which Ray's processes talk. `ip link set "
            "lo up` makes one"
        ) from None


def _init(cpus: int, folder: Path) -> None:
    here: dict[str, Any] = {"address": "local", "num_cpus": cpus, "include_dashboard": False}
    if (quoted := shlex.quote(sys.executable)) != sys.executable:
        # Ray starts some processes by a shell and does not quote the interpreter's path.
        here["runtime_env"] = {"py_executable": quoted}
    ray.init(**here, _temp_dir=str(folder), object_store_memory=200_000_000, **QUIET)


@contextmanager
def _environment(temporary: Path, seconds: float) -> Iterator[None]:
    """What Ray's processes inherit, and how long this process waits for them."""
    from ray._private import services

    names = {
        "TMPDIR": str(temporary),
        "RAY_gcs_server_port_wait_time_s": str(max(1, round(seconds))),
    }
    before = {name: os.environ.get(name) for name in names}
    asked, until = services.get_node, time.monotonic() + seconds

    def patient(*arguments: Any) -> Any:
        """As Ray's own, which is asked for 30 s only."""
        while True:
            try:
                return asked(*arguments)
            except RuntimeError:
                if time.monotonic() > until:
                    raise TimeoutError("its processes did not answer in time") from None
                time.sleep(0.1)

    os.environ.update(names)
    services.get_node = patient
    try:
        yield
    finally:
        services.get_node = asked
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _join(address: str) -> None:
    try:
        place = _resolved(address)
        _check_answers(*place)
        ray.init(address=address, **QUIET)
    except Exception as error:
        raise HarnessError(
            f"no Ray cluster answers at RAY_ADDRESS={address}: {_line(error)}. Run the command on "
            "a machine of the cluster, with RAY_ADDRESS=auto or its host:port; without "
            "RAY_ADDRESS it uses this machine alone"
        ) from None


def _resolved(address: str) -> tuple[str, int]:
    """Host and port of an address.

    Raises:
        Exception: If it is none, or ``auto`` finds no cluster on this machine.
    """
    from ray._private import services

    # `auto` would read RAY_ADDRESS, which is `auto`.
    found = address
    if address == "auto":
        addresses = services.find_gcs_addresses()
        if not addresses:
            raise ConnectionError("no cluster runs on this machine")
        if len(addresses) > 1:
            raise ConnectionError(f"several run on this machine: {', '.join(sorted(addresses))}")
        (found,) = addresses
    host, colon, port = found.rpartition(":")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError("an address is auto, or a host and a port such as 10.0.0.1:6379")
    return host.strip("[]"), int(port)


def _check_answers(host: str, port: int) -> None:
    """Ask a cluster for its nodes. Ray itself waits for a minute or more.

    Raises:
        Exception: If it does not answer.
    """
    try:
        socket.create_connection((host, port), CONNECTING).close()
    except OSError as error:
        raise ConnectionError(error.strerror or str(error)) from None
    from ray._raylet import GcsClient  # type: ignore[attr-defined]

    answers: list[Any] = []

    def ask() -> None:
        with suppress(Exception):
            answers.append(GcsClient(address=f"{host}:{port}"))

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(ANSWERING)
    if not answers:
        raise ConnectionError(f"something listens there, but is no Ray within {ANSWERING:.0f} s")


def _line(error: Exception | None) -> str:
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0][:200].rstrip(".")


def _place() -> str:
    """A folder for temporary files with a short name."""
    usual = tempfile.gettempdir()
    return "/tmp" if len(usual) > LONGEST and os.access("/tmp", os.W_OK) else usual


def _remove_stale() -> None:
    """Remove our folders whose drivers have ended, with the processes that still use them."""
    for folder in {Path(tempfile.gettempdir()), Path(_place())}:
        for stale in folder.glob(f"{PREFIX}*"):
            with suppress(OSError), (stale / "driver").open("r+") as lock:
                if stale.stat().st_uid != os.getuid():
                    continue
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _end_processes_of(stale)
                shutil.rmtree(stale, ignore_errors=True)


def _end_processes_of(folder: Path) -> None:
    """Kill Ray's processes that were started with ``folder``; wait until they are gone."""
    for _ in range(100):
        found = [pid for pid in _processes() if _uses(pid, str(folder))]
        for pid in found:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            with suppress(OSError):
                os.waitpid(pid, os.WNOHANG)
        if not found:
            return
        time.sleep(0.02)


def _processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def _uses(pid: int, folder: str) -> bool:
    """Whether a process of this user has the folder in its command, and is Ray's."""
    if pid == os.getpid():
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        owner = os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return False
    return owner == os.getuid() and folder.encode() in command and b"/ray/" in command
