"""A command is ended with all its processes, whatever they do to stay."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import harness.theia.contained as contained
from harness.theia.contained import Ending, run_contained, scratch
from harness.vocabulary import HarnessError

ROOT = Path(__file__).resolve().parents[2]

STAYS = """
import os, signal, sys, time
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
open(os.path.join(sys.argv[1], f"began-{os.getpid()}"), "w").close()
time.sleep(4)
open(os.path.join(sys.argv[1], "outlived"), "w").close()
"""
"""Writes a file when it begins, and another one unless it is ended in time."""

WAYS = {
    "a child": "subprocess.Popen(again)",
    "a session of its own": "subprocess.Popen(again, start_new_session=True)",
    "a daemon": """subprocess.run(["sh", "-c", 'setsid "$@" & setsid "$@" &', "sh", *again])""",
    "a fork": "os.fork() or os.execv(again[0], again)",
    "two forks": """
if not os.fork():
    os.setsid()
    os.fork() or os.execv(again[0], again)
    os._exit(0)
""",
}
START = """
import os, subprocess, sys, time
again = [sys.executable, "-c", {stays!r}, sys.argv[1]]
{way}
while not [name for name in os.listdir(sys.argv[1]) if name.startswith("began")]:
    time.sleep(0.02)
{then}
"""


def run(code: str, folder: Path, limit: float = 60, **settings: object) -> Ending:
    return run_contained(
        [sys.executable, "-c", code, str(folder)],
        settings,
        environment=os.environ,
        folder=folder,
        limit=limit,
    )


def assert_ended(folder: Path) -> None:
    pids = [int(path.name.split("-")[1]) for path in folder.glob("began-*")]
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert not (folder / "outlived").exists()


@pytest.mark.parametrize("way", WAYS)
def test_no_process_outlives_the_command(way: str, tmp_path: Path) -> None:
    ending = run(START.format(stays=STAYS, way=WAYS[way], then="print('done')"), tmp_path)
    assert (ending.code, ending.late, ending.output) == (0, False, "done\n")
    assert_ended(tmp_path)


def test_none_outlives_the_limit(tmp_path: Path) -> None:
    then = "time.sleep(60)"
    ending = run(START.format(stays=STAYS, way=WAYS["a daemon"], then=then), tmp_path, limit=3)
    assert ending.late and ending.code is None
    assert_ended(tmp_path)


def test_none_outlives_an_answer(tmp_path: Path) -> None:
    then = (
        "import json; told = json.load(sys.stdin); "
        "os.write(told['answer'], json.dumps({'secret': told['secret'], 'record': [told['a']]})"
        ".encode() + b'\\n'); time.sleep(60)"
    )
    code = START.format(stays=STAYS, way=WAYS["a daemon"], then=then)
    assert run(code, tmp_path, a=7).answer == [7]
    assert_ended(tmp_path)


PARENT = """
import os, sys
from pathlib import Path
from harness.theia.contained import run_contained
run_contained([sys.executable, "-c", sys.argv[2], sys.argv[1]], {}, environment=os.environ,
              folder=Path(sys.argv[1]), limit=60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_none_outlives_the_parent(number: int, tmp_path: Path) -> None:
    code = START.format(stays=STAYS, way=WAYS["a daemon"], then="time.sleep(60)")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), code], env=env, stderr=subprocess.DEVNULL
    )
    end = time.monotonic() + 30
    while not list(tmp_path.glob("began-*")) and time.monotonic() < end:
        time.sleep(0.02)
    parent.send_signal(number)
    parent.wait(30)
    while list(tmp_path.glob("began-*")) and not _gone(tmp_path) and time.monotonic() < end:
        time.sleep(0.05)
    assert_ended(tmp_path)


def _gone(folder: Path) -> bool:
    return not any(Path("/proc", p.name.split("-")[1]).exists() for p in folder.glob("began-*"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import sys; sys.exit(3)", 3),
        ("import os; os._exit(0)", 0),
        ("import os; os.kill(os.getpid(), 9)", -9),
        ("import os; os.closerange(0, 256)", 0),
        ("import os; os.closerange(0, 256); 1 / 0", 1),
    ],
)
def test_an_end_without_an_answer_has_its_code(code: str, expected: int, tmp_path: Path) -> None:
    ending = run(code, tmp_path)
    assert (ending.code, ending.answer, ending.late) == (expected, None, False)


def test_a_flood_of_output_is_bounded(tmp_path: Path) -> None:
    code = "import sys\nfor _ in range(300): sys.stdout.write('x' * 1000000)\nprint('the end')"
    output = run(code, tmp_path).output
    assert len(output) < 20_000 and output.endswith("the end\n")


@pytest.mark.parametrize("lead", ["junk", '{"record": {"bugs": 0}}', "[" * 9999])
def test_a_forged_answer_is_none(lead: str, tmp_path: Path) -> None:
    code = (
        "import json, os, sys; told = json.load(sys.stdin); "
        f"os.write(told['answer'], {lead!r}.encode() + b'\\n')"
    )
    assert run(code, tmp_path).answer is None


def test_a_command_that_ends_its_watcher_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="watches over the script was ended from outside"):
        run("import os; os.kill(os.getppid(), 9)", tmp_path)


def test_a_scratch_folder_is_a_copy_and_goes(tmp_path: Path) -> None:
    own, other = tmp_path / "it's", tmp_path / "data"
    for folder in (own / "deep", own / ".git", own / "env", other):
        folder.mkdir(parents=True)
    (own / "train.py").write_text("x = 1")
    (own / "deep" / "a").write_text("a")
    (own / "env" / "pyvenv.cfg").write_text("")
    (other / "d").write_text("d")
    (own / "data").symlink_to(other)
    (own / "deep" / "up").symlink_to(own)
    (own / "gone").symlink_to("nowhere")
    os.mkfifo(own / "pipe")
    with scratch(own) as copy:
        found = {str(p.relative_to(copy)) for p in copy.rglob("*") if p.is_file()}
        assert found == {"train.py", "deep/a", "data/d"}
        (copy / "data" / "d").write_text("changed")
        (copy / "new").write_text("")
    assert not copy.exists() and not copy.parent.exists()
    assert (other / "d").read_text() == "d" and not (own / "new").exists()


def large(folder: Path) -> None:
    (folder / "big").touch()
    os.truncate(folder / "big", 2 << 30)


def many(folder: Path) -> None:
    for number in range(6):
        (folder / str(number)).touch()


@pytest.mark.parametrize("fill", [large, many])
def test_a_large_folder_is_not_copied(
    fill: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contained, "SCRATCH_FILES", 5)
    fill(tmp_path)
    with pytest.raises(HarnessError, match="too large for --scratch"), scratch(tmp_path):
        pass
