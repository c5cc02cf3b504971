"""Whatever a command starts ends with it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from harness.theia.supervisor import _answer, _read, descendants


def test_the_processes_below_one_are_found_through_all_generations() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as child:
        end = time.monotonic() + 30
        while len(descendants(child.pid)) < 1 and time.monotonic() < end:
            time.sleep(0.05)
        below = descendants(child.pid)
        assert len(below) == 1 and {child.pid, *below} <= set(descendants(os.getpid()))
    assert descendants(child.pid) == []


def test_only_a_line_with_the_secret_is_an_answer() -> None:
    lines = bytearray(b'{"record": 1}\n[]\nno\n{"secret": "s", "record": {"a": 2}}\nmore')
    assert _answer(lines, "s") == {"a": 2}
    assert _answer(bytearray(b'{"secret": "s", "record": {}}'), "s") is None  # not whole yet
    assert _answer(bytearray(b"[" * 99_999 + b"\n"), "s") is None


def test_of_much_output_the_end_is_kept(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    kept = bytearray()
    for _ in range(50):
        os.write(writing, b"x" * 1000)
        _read(reading, kept, 1500)
    os.write(writing, b"the end")
    _read(reading, kept, 1500)
    assert len(kept) == 1500 and kept.endswith(b"xthe end")
