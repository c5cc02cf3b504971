"""Ray's processes talk over the network, also on one machine: over its loopback interface."""

from __future__ import annotations

import socket

from harness.vocabulary import HarnessError

TO_ITSELF = 5.0
"""Seconds for a connection of this process to itself."""


def check_loopback() -> None:
    """Raises HarnessError at once where Ray would try to connect for minutes."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as ear:
            socket.create_connection(ear.getsockname(), timeout=TO_ITSELF).close()
    except OSError as error:
        raise HarnessError(
            f"this machine cannot connect to itself at 127.0.0.1 ({error.strerror or error}), "
            "which Ray needs. Bring the loopback interface up: ip link set lo up, in a container "
            "or sandbox too"
        ) from None
