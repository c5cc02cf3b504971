"""The nursery's own promise: whatever its forks leave behind is ended. The rest: test_process."""

from __future__ import annotations

import os
import subprocess
import sys
import time

CODE = """
import os, signal, subprocess, sys, time
from harness.training import nursery
nursery._prctl(nursery._SUBREAPER, 1)
pid = os.fork()
if pid == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(os.getpid(), flush=True)
        time.sleep(600)
    time.sleep(600)
sys.stdin.readline()
assert nursery._alive(pid)
nursery._end_children()
assert not nursery._alive(pid)
print("ended", flush=True)
sys.stdin.readline()
"""


def test_children_of_children_are_ended_wherever_they_went() -> None:
    nursery = subprocess.Popen(
        [sys.executable, "-c", CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert nursery.stdin is not None and nursery.stdout is not None
    lost = int(nursery.stdout.readline())
    os.kill(lost, 0)
    nursery.stdin.write("\n")
    nursery.stdin.flush()
    assert nursery.stdout.readline() == "ended\n"
    time.sleep(0.01)
    assert not os.path.exists(f"/proc/{lost}")
    nursery.stdin.write("\n")
    nursery.stdin.flush()
    assert nursery.wait() == 0
