"""Starts Ray on this machine, or joins a cluster, within a bounded time; leaves nothing behind."""

from __future__ import annotations

import atexit
import logging
import os
import secrets
import shlex
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray

from harness.engine.limits import Limits
from harness.engine.loopback import check_loopback
from harness.engine.scratch import make_scratch, remove_scratch, temporary_files_in
from harness.vocabulary import HarnessError

STARTS = (1, 2, 4)
"""Starts of Ray, with so many times the seconds of ``RAY_START``."""

CONNECTING, ANSWERING = 5.0, 10.0
"""Seconds in which a cluster's address must take a connection, and then answer."""

QUIET = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}

_TOKENS = ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")

_scratch: Path | None = None
"""Temporary folder of the Ray that this process started."""


def shutdown() -> None:
    """Stop Ray if it runs; remove what it kept on disk if it was started here."""
    global _scratch
    if ray.is_initialized() or _scratch is not None:  # also if a start or stop was interrupted
        ray.shutdown()
    if _scratch is not None:
        remove_scratch(_scratch)
        _scratch = None


class RayLost(HarnessError):
    """A process of Ray itself ended; nothing that was started can be asked any more."""


def check_alive() -> None:
    """Raises RayLost if a process that Ray cannot do without has ended, and was started here."""
    node = None if _scratch is None else ray._private.worker._global_node
    ended = {name for name, _ in node.dead_processes()} if node is not None else set()
    if lost := ended & {"gcs_server", "raylet"}:
        raise RayLost(
            f"{' and '.join(sorted(lost))} of Ray ended unexpectedly; was it killed, or is memory "
            "short? What was recorded is safe: repeat the command to go on from here"
        )


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray takes over SIGTERM when it starts; here this process keeps its own handler."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    stopped = False
    try:
        yield
    except SystemExit:  # by Ray's handler
        stopped = True
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
        if stopped:
            signal.raise_signal(signal.SIGTERM)


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
    global _scratch
    check_loopback()
    _own_token()
    atexit.register(shutdown)
    problem: Exception | None = None
    for times in STARTS:
        if _scratch is None:
            _scratch = make_scratch()
        try:
            with temporary_files_in(_scratch), _own_signals(), _patient(times * seconds):
                _init(cpus, _scratch)
            return
        except Exception as error:  # Ray's own class, and many others
            problem = error
            with suppress(Exception):
                ray.shutdown()
            shutdown()  # ends the processes that did start
    raise HarnessError(
        f"Ray did not start on this machine within {seconds:.0f} s, nor at two more tries of up to "
        f"{STARTS[-1] * seconds:.0f} s ({_line(problem)}); the load average is "
        f"{os.getloadavg()[0]:.0f}. Repeat the command when it is less busy; "
        f"RAY_START={STARTS[-1] * seconds:.0f} in the environment waits longer. What was recorded "
        "is safe"
    )


def _own_token() -> None:
    """Give Ray's processes a token of this session, unless the environment says otherwise.

    They know each other by it. Without one Ray keeps a token in the home folder, and does not start
    where none can be written.
    """
    if not any(name in os.environ for name in _TOKENS):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _init(cpus: int, folder: Path) -> None:
    here: dict[str, Any] = {"address": "local", "num_cpus": cpus, "include_dashboard": False}
    if (quoted := shlex.quote(sys.executable)) != sys.executable:
        # Ray starts some processes by a shell and does not quote the interpreter's path.
        here["runtime_env"] = {"py_executable": quoted}
    ray.init(**here, _temp_dir=str(folder), object_store_memory=200_000_000, **QUIET)


@contextmanager
def _patient(seconds: float) -> Iterator[None]:
    """Let Ray wait so long for its own processes; by itself it gives them 30 s."""
    from ray._private import services

    name = "RAY_gcs_server_port_wait_time_s"
    before, asked, until = os.environ.get(name), services.get_node, time.monotonic() + seconds

    def patient(*arguments: Any) -> Any:
        while True:
            try:
                return asked(*arguments)
            except RuntimeError:
                if time.monotonic() > until:
                    raise TimeoutError("its processes did not answer in time") from None
                time.sleep(0.1)

    os.environ[name] = str(max(1, round(seconds)))
    services.get_node = patient
    try:
        yield
    finally:
        services.get_node = asked
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _join(address: str) -> None:
    try:
        place = _resolved(address)
        _check_answers(*place)
        with _own_signals():
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
