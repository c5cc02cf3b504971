"""A user's script is run up to its training, in a process of its own."""

from __future__ import annotations

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
