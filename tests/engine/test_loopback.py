"""A machine that cannot connect to itself is told so before Ray starts."""

from __future__ import annotations

import subprocess
import sys

import pytest
from commands import environment

from harness.engine.loopback import check_loopback

CHECK = """
from harness.engine.loopback import check_loopback
from harness.vocabulary import HarnessError
try:
    check_loopback()
except HarnessError as error:
    print(error)
"""


def test_this_machine_connects_to_itself() -> None:
    check_loopback()


def test_a_machine_without_loopback_is_named() -> None:
    alone = ["unshare", "--net", sys.executable, "-c", CHECK]
    try:
        done = subprocess.run(alone, env=environment(), capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("unshare is not installed")
    if done.returncode:
        pytest.skip(f"unshare --net is not permitted: {done.stderr.strip()}")
    assert "cannot connect to itself at 127.0.0.1" in done.stdout
    assert "ip link set lo up" in done.stdout
