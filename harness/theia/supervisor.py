"""Runs one command and ends all processes that it started: a process of its own, without imports.

The parent writes a JSON line to standard input, keeps it open, and reads a JSON line from standard
output. When the command has ended or answered, when its time is up, or when the parent is gone,
every process below this one is killed: orphans come to it (``PR_SET_CHILD_SUBREAPER``), whatever
session or process group they chose for themselves.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
KEPT = 1 << 14
"""Bytes of the command's output that are kept, its last ones."""
LARGEST_ANSWER = 1 << 26
"""Bytes of an answer that are read."""
_BLOCK = 1 << 16
LOOK = 0.05
"""Seconds between two looks whether the command has ended."""
KILLING = 10.0
"""Seconds in which processes are killed again and again, should they multiply."""


def supervise(asked: dict[str, Any]) -> dict[str, Any]:
    """Run the command until it ends or answers.

    Args:
        asked: ``command``, ``environment``, ``folder`` to run in, ``limit`` in seconds, and
            ``settings``, which the command reads as JSON from its standard input.

    Returns:
        ``code`` of the command, None if it was ended here; ``answer``, None if it gave none;
        ``late``, whether its time was up; the end of its ``output``.
    """
    deadline = time.monotonic() + asked["limit"]
    secret = secrets.token_hex()
    output_end, output_start = os.pipe()
    answer_end, answer_start = os.pipe()
    with contextlib.ExitStack() as opened:
        for descriptor in (output_end, answer_end):
            os.set_blocking(descriptor, False)
            opened.callback(os.close, descriptor)
        child = subprocess.Popen(
            asked["command"],
            env=asked["environment"],
            cwd=asked["folder"],
            stdin=subprocess.PIPE,
            stdout=output_start,
            stderr=output_start,
            pass_fds=(answer_start,),
            start_new_session=True,
        )
        os.close(output_start)
        os.close(answer_start)
        assert child.stdin is not None
        settings = {**asked["settings"], "secret": secret, "answer": answer_start}
        with contextlib.suppress(OSError):  # it ended at once
            child.stdin.write(json.dumps(settings).encode())
            child.stdin.close()
        output, answers = bytearray(), bytearray()
        kept = {output_end: (output, KEPT), answer_end: (answers, LARGEST_ANSWER)}
        still = [output_end, answer_end]
        late, found = False, None
        while True:
            ended = child.poll() is not None  # asked first: what it wrote before is read below
            still = [end for end in still if _read(end, *kept[end])]
            found = _answer(answers, secret)
            late = time.monotonic() > deadline
            if ended or late or found is not None or _parent_is_gone():
                break
            select.select([*still, sys.stdin.fileno()], [], [], LOOK)
    return {
        "code": child.returncode if ended else None,
        "answer": found,
        "late": late and not ended,
        "output": output.decode(errors="replace"),
    }


def _read(descriptor: int, kept: bytearray, limit: int) -> bool:
    """Keep what can be read now, of more than ``limit`` bytes the last ones; False at the end."""
    for _ in range(64):
        try:
            block = os.read(descriptor, _BLOCK)
        except BlockingIOError:
            return True
        if not block:
            return False
        kept += block
        del kept[: max(0, len(kept) - limit)]
    return True


def _answer(lines: bytearray, secret: str) -> Any:
    """The first whole line that knows the secret; other lines are dropped."""
    while (end := lines.find(b"\n")) >= 0:
        line = bytes(lines[:end])
        del lines[: end + 1]
        with contextlib.suppress(ValueError, RecursionError, AttributeError):
            entry = json.loads(line)
            if entry.get("secret") == secret:
                return entry.get("record")
    return None


def _parent_is_gone() -> bool:
    """Standard input is at its end: nobody waits for the answer."""
    ready, _, _ = select.select([sys.stdin.fileno()], [], [], 0)
    return bool(ready) and not os.read(sys.stdin.fileno(), 1)


def end_all() -> None:
    """Kill every process below this one, and those that they start meanwhile."""
    deadline = time.monotonic() + KILLING
    while (below := descendants(os.getpid())) and time.monotonic() < deadline:
        for process in below:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def descendants(root: int) -> list[int]:
    """The processes below ``root``, from ``/proc``."""
    below: dict[int, list[int]] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, IndexError, ValueError):
            with open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rsplit(b")", 1)[1].split()[1])
            below.setdefault(parent, []).append(int(name))
    found, waiting = [], [root]
    while waiting:
        children = below.pop(waiting.pop(), [])
        found += children
        waiting += children
    return found


def stand_watch() -> None:
    with open(0, "rb", buffering=0, closefd=False) as own:
        asked = json.loads(own.readline())
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        found = supervise(asked)
    except OSError as error:
        found = {"code": None, "answer": None, "late": False, "output": str(error)}
    finally:
        end_all()
    print(json.dumps(found), flush=True)


def _stop(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    stand_watch()
