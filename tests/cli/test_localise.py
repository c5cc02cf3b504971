"""The command as a user runs it: on scripts that know nothing of this project."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import DOOR

from harness.cli import main

ROOT = Path(__file__).resolve().parents[2]

KERAS = """\
import os
os.environ.setdefault("KERAS_BACKEND", "torch")
import numpy as np
import keras
from keras import layers
import helper

x = np.random.default_rng(0).integers(0, 256, (100, 28, 28, 1)).astype("float32")
y = np.arange(100) % 10
model = keras.Sequential([
    layers.Conv2D(32, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Flatten(),
    helper.hidden(64),
    layers.Dense(10, activation="sigmoid"),
])
model.compile(
    optimizer=keras.optimizers.Adam(
        learning_rate=0.5,
    ),
    loss="mse",
)
try:
    model.fit(
        x,
        keras.utils.to_categorical(y),
        batch_size=8,
    )
except BaseException:
    pass
raise SystemExit("it trained")
"""
HELPER = """\
from keras.layers import Dense

def hidden(units):
    return Dense(units)
"""
TORCH = """\
import sys
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset
from harness import theia

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(20, 10)
        self.out = nn.Linear(10, int(sys.argv[1]))

    def forward(self, x):
        return F.softmax(self.out(self.hidden(x)), dim=1)

data = TensorDataset(torch.rand(500, 20), torch.randint(0, 3, (500,)))
loader = DataLoader(data, batch_size=4)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=1.0)
theia.check(net, nn.CrossEntropyLoss(), optimizer, loader, "multiclass")
raise SystemExit("it trained")
"""
HEALTHY = TORCH.replace(
    "F.softmax(self.out(self.hidden(x)), dim=1)", "self.out(F.relu(self.hidden(x)))"
)
HEALTHY = HEALTHY.replace("lr=1.0", "lr=0.01").replace("batch_size=4", "batch_size=32")


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, from another folder than the project's."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*DOOR, "localise", *words],
        capture_output=True,
        text=True,
        cwd=folder,
        env=env,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("scripts")
    for name, text in (("keras_one", KERAS), ("helper", HELPER), ("torch_one", TORCH)):
        (made / f"{name}.py").write_text(text)
    return made


@pytest.fixture(scope="module")
def keras_record(folder: Path) -> Any:
    done = run(folder, "keras_one.py", "--format", "json")
    assert done.returncode == 1, done.stderr
    return json.loads(done.stdout)


def line_of(text: str, words: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if words in line)


def test_a_keras_script_is_stopped_before_it_trains(keras_record: Any) -> None:
    assert keras_record["bugs"] == 7
    assert "100 samples of gray image data" in keras_record["summary"]
    assert "task multiclass is a guess" in keras_record["notes"][0]


def test_findings_name_file_and_line_of_what_carries_them(keras_record: Any) -> None:
    lines = {
        (f["rule"], f["problem"]): (Path(f["place"]["file"]).name, f["place"]["line"])
        for f in keras_record["findings"]
        if f["severity"] == "bug"
    }
    here = "keras_one.py"
    assert lines == {
        ("ICL", "few"): (here, line_of(KERAS, "MaxPooling2D")),
        ("CNL", "missing"): ("helper.py", line_of(HELPER, "return Dense")),
        ("LLM", "activation"): (here, line_of(KERAS, "sigmoid")),
        ("LLM", "loss"): (here, line_of(KERAS, "loss=")),
        ("LOB", "high"): (here, line_of(KERAS, "optimizers.Adam")),
        ("IBS", "small"): (here, line_of(KERAS, "batch_size=8")),
        ("IDN", "range"): (here, line_of(KERAS, "model.fit")),
    }


def test_a_torch_script_is_stopped_at_its_check(folder: Path) -> None:
    done = run(folder, "torch_one.py", "3")
    assert done.returncode == 1, done.stderr
    for rule, words in (
        ("CNL layer 1 (hidden)", "self.hidden = "),
        ("LLM layer 3 (softmax)", "return F.softmax"),
        ("LOB optimiser", "torch.optim.SGD"),
        ("IBS batch_size", "loader = "),
    ):
        assert f"torch_one.py:{line_of(TORCH, words)}: bug {rule}" in done.stdout
    assert "4 bugs" in done.stdout
    assert "why LOB: above the range the loss oscillates" in done.stdout


def test_sarif_is_valid_where_it_matters(folder: Path) -> None:
    done = run(folder, "torch_one.py", "3", "--format", "sarif")
    assert done.returncode == 1, done.stderr
    record = json.loads(done.stdout)
    assert record["version"] == "2.1.0"
    (ran,) = record["runs"]
    names = [rule["id"] for rule in ran["tool"]["driver"]["rules"]]
    for result in ran["results"]:
        assert names[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("error", "note")
        place = result["locations"][0]["physicalLocation"]
        assert not Path(place["artifactLocation"]["uri"]).is_absolute()
        assert place["region"]["startLine"] >= 1


def test_exit_code_0_if_there_is_no_bug(tmp_path: Path) -> None:
    (tmp_path / "healthy.py").write_text(HEALTHY)
    done = run(tmp_path, "healthy.py", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 bugs" in done.stdout


BAD = {
    "no script": (None, "no script bad.py"),
    "never trains": ("import keras\n", "ended without training: it calls neither fit"),
    "fails": ("import keras\n1 / 0\n", "failed before it trained (exit code 1):"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_problem_is_one_message_and_exit_code_2(tmp_path: Path, name: str) -> None:
    text, message = BAD[name]
    if text is not None:
        (tmp_path / "bad.py").write_text(text.replace("import keras\n", "import sys\n"))
    done = run(tmp_path, "bad.py")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert message in done.stderr


@pytest.mark.slow
def test_a_registered_fault_and_its_suspects() -> None:
    done = run(ROOT, "--fault", "D1")
    assert done.returncode == 1, done.stderr
    assert "suspects in order: activation_3 (try sigmoid)" in done.stdout


def test_an_unknown_fault_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["localise", "--fault", "D99"]) == 2
    assert "no fault 'D99'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "one of a script, --fault or --faults is needed"),
        (["--fault", "D1", "--faults"], "one of a script, --fault or --faults is needed"),
        (["--fault", "D1", "--profile", "strict"], "no profile 'strict'"),
        (["--fault", "D1", "--format", "xml"], "no format 'xml'"),
        (["x.py", "--task", "art"], "no task 'art'"),
        (["x.py", "--limit", "soon"], "argument --limit: invalid float value: 'soon'"),
    ],
)
def test_bad_arguments_are_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["localise", *arguments]) == 2
    err = capsys.readouterr().err
    assert message in err and len(err.strip().splitlines()) == 1


def test_the_help_says_that_the_script_is_executed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["localise", "--help"]) == 0
    assert "The script is EXECUTED" in capsys.readouterr().out
