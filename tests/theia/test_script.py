"""A user's script is run up to its training, in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.theia.script import script_report
from harness.vocabulary import HarnessError

TORCH = """\
import sys
import torch
from torch import nn
from harness import theia

net = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, int(sys.argv[1])))
optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
theia.check(net, nn.CrossEntropyLoss(), optimizer, (torch.rand(64, 4), torch.arange(64) % 3))
raise SystemExit("it trained")
"""


def script(folder: Path, text: str) -> Path:
    path = folder / "train.py"
    path.write_text(text)
    return path


def test_a_script_is_stopped_at_its_check(tmp_path: Path) -> None:
    path = script(tmp_path, TORCH)
    report = script_report(path, ["3"], task="multiclass")
    assert report.target == str(path)
    found = {f.rule: f.place for f in report.findings if f.severity == "bug"}
    assert {"CNL", "LOB"} <= set(found)
    assert found["LOB"] is not None
    assert found["LOB"].line == 7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("print('done')", "ended without training"),
        (
            "raise ValueError('no such file')",
            "(?s)failed before it trained.*no such file",
        ),
        (TORCH.replace("theia.check(net", "theia.check(None"), "a Keras model or a PyTorch module"),
    ],
)
def test_a_script_that_gives_nothing_to_check(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        script_report(script(tmp_path, text), ["3"])


def test_a_script_that_does_not_train_in_time(tmp_path: Path) -> None:
    path = script(tmp_path, "import time; time.sleep(60)")
    with pytest.raises(HarnessError, match="did not start to train within 1 s"):
        script_report(path, limit=1)


def test_a_script_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="no script"):
        script_report(tmp_path / "train.py")


ODD = {
    "a folder": (lambda path: path.mkdir(), "it is a folder"),
    "a loop": (lambda path: path.symlink_to(path.name), "it is not there"),
    "a pipe": (os.mkfifo, "it is not there"),
    "not UTF-8": (lambda path: path.write_bytes(b"x = '\xff'\n"), "train.py.* is no Python"),
    "a syntax error": (lambda path: path.write_text("x = 1\nif x\n"), "train.py:2 is no Python"),
    "zero bytes": (lambda path: path.write_bytes(b"x\0"), "cannot be read as Python|is no Python"),
    "too deep": (lambda path: path.write_text("(" * 9000 + ")" * 9000), "Python: too many"),
    "gigabytes": (lambda path: (path.touch(), os.truncate(path, 5 << 30)), "5368709120 bytes"),
}


@pytest.mark.parametrize("case", ODD)
def test_what_is_no_script_is_one_message(case: str, tmp_path: Path) -> None:
    make, message = ODD[case]
    make(tmp_path / "train.py")
    with pytest.raises(HarnessError, match=message):
        script_report(tmp_path / "train.py")


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf")])
def test_a_limit_is_a_positive_number(limit: float, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="the limit is a positive number of seconds"):
        script_report(script(tmp_path, "x"), limit=limit)


BEHAVES_BADLY = {
    "import sys; sys.exit()": "ended without training",
    "import os; os._exit(0)": "ended without training",
    "import os; os.kill(os.getpid(), 11)": r"failed before it trained \(signal 11\)",
    "import sys; sys.exit('\\x1b[31m' + 'x' * 10**7)": r"failed before it trained .*\n.*x{100}",
    "import os, sys; sys.exit(str([n for n in os.environ if 'THEIA' in n]))": r"\n\[\]",
    "def f():\n    1 / 0\nf()": r"train.py:2: ZeroDivisionError: division by zero",
    "import os; os.write(3, b'{}\\n'); os.write(4, b'{}\\n')": "ended without training|failed",
    "import sys; sys.stdin.read() and 1 / 0": "ended without training",
    "import os, shutil, tempfile; shutil.rmtree(os.environ.get('TMPDIR', 'none'), True)": "ended",
}


@pytest.mark.parametrize("text", BEHAVES_BADLY)
@pytest.mark.parametrize("scratch", [False, True])
def test_whatever_a_script_does_is_one_message(text: str, scratch: bool, tmp_path: Path) -> None:
    (tmp_path / 'it\'s a "folder"').mkdir()
    path = script(tmp_path / 'it\'s a "folder"', text)
    with pytest.raises(HarnessError, match=f"(?s){BEHAVES_BADLY[text]}") as raised:
        script_report(path, scratch=scratch)
    assert len(str(raised.value)) < 4000 and "\x1b" not in str(raised.value)


MOVES = """\
import os, sys
open("written", "w").close()
os.chdir("/")
os.close(1)
"""


def test_a_script_in_a_scratch_folder_leaves_nothing_and_is_found(tmp_path: Path) -> None:
    """It changes its folder, too, and closes its output."""
    (tmp_path / "json.py").write_text("raise SystemExit('not the one of Python')")
    path = script(tmp_path, TORCH.replace("net = ", MOVES + "net = ", 1))
    report = script_report(path, ["3"], task="multiclass", scratch=True)
    places = {f.rule: f.place for f in report.findings if f.severity == "bug"}
    assert places["LOB"] is not None
    assert (places["LOB"].file, places["LOB"].line) == (str(path), 11)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["json.py", "train.py"]
