"""Programs that print without end: what a study writes stays bounded while it runs and after it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from outside import FAULT, SUBJECT_IN_PYTORCH
from upsets import Driver, one_message, recorded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

TRIALS, BUDGET = 300, 2000
"""Trials that a run of this budget has at least."""

NOISE = """
class Loud(nn.Module):
        def forward(self, x):
            print("x" * 3333, flush=True)
            print("y" * 3333, file=sys.stderr, flush=True)
            os.write(1, b"z" * 3334)
            return x
"""
"""Ten kilobytes at each step, some of them past Python."""

ROOM = 30_000_000
"""Bytes of temporary files while the study runs: Ray's own logs, and the beginning of the noise."""

RESULTS = 8_000
"""Bytes of results for each trial, the mirror in MLflow and the tables included."""


def write_loud_faults(folder: Path) -> Path:
    """The fault X1 of a program that prints at each step."""
    (folder / "subjects").mkdir(parents=True)
    loud = NOISE.strip().replace("\n", "\n    ")
    quiet = "    from torch import nn\n"
    assert quiet in SUBJECT_IN_PYTORCH
    code = SUBJECT_IN_PYTORCH.replace(quiet, f"{quiet}    import os, sys\n    {loud}\n")
    code = code.replace("return nn.Sequential(\n", "return nn.Sequential(\n        Loud(),\n")
    (folder / "subjects" / "sum_sign.py").write_text(code)
    (folder / "X1.yaml").write_text(FAULT.format(id="X1"))
    return folder


def size(folder: Path) -> int:
    """Bytes on disk of all files in a folder, as ``du`` counts them."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.lstat().st_blocks * 512
        except OSError:  # removed meanwhile
            continue
    return total


def test_a_noisy_program(tmp_path: Path, drivers: Callable[..., Driver], again: int) -> None:
    faults, folder = write_loud_faults(tmp_path / "faults"), tmp_path / "results"
    driver = drivers(
        "plan=smoke", "plan.faults=[X1]", "plan.techniques=[random]", "plan.repetitions=1",
        "clock=work", f"budget={BUDGET}", f"results={folder}", faults=faults,
    )  # fmt: skip
    most: Mapping[str, int] = {"temporary": 0, "home": 0}
    while driver.process.poll() is None:
        now = {"temporary": size(driver.temporary), "home": size(driver.home)}
        most = {name: max(most[name], now[name]) for name in most}
        time.sleep(1)
    code, said = driver.end()
    assert code == 0, said
    one_message(said)
    assert "xxx" not in said and "yyy" not in said and "zzz" not in said
    trials = recorded(folder)
    print(f"\n{trials} trials: {most} bytes at most, {size(folder)} bytes of results")
    assert trials >= TRIALS
    assert most["temporary"] < ROOM
    assert most["home"] < 1_000_000
    assert size(folder) < 1_000_000 + RESULTS * trials
    assert driver.left() == []
