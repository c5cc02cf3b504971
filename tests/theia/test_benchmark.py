"""The benchmark's data, what is found in it, and the command's files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from experiments.theia_benchmark import detect
from experiments.theia_benchmark.neuralint import neuralint_table, script
from experiments.theia_benchmark.programs import entries
from harness.theia.program import Layer, comparable_layers
from harness.theia.rules import RULES
from harness.vocabulary import HarnessError

ROOT = Path(__file__).resolve().parents[2]


def test_the_ground_truth_is_the_paper_s() -> None:
    assert len(entries()) == 39
    rows = [bug for entry in entries() for _ in entry.rows for bug in entry.bugs]
    assert len(rows) == 75
    assert sum(bug.paper == "yes" for bug in rows) == 57
    assert sum(bug.neuralint == "yes" for bug in rows) == 17
    assert {bug.type for bug in rows} <= {*RULES, "other"}
    assert all(bug.found_by == () for bug in rows if bug.type == "other")
    buildable = [e for e in entries() if "benchmark" in e.versions]
    assert len(buildable) == 36  # three files of the benchmark are fragments


@pytest.mark.parametrize("post", [40045159, 45378493, 58666904, 65659888, 70428592])
def test_what_is_written_is_what_is_built(post: int) -> None:
    """Keras and PyTorch give back the layers of the file; a fused activation is a call there."""
    (entry,) = (e for e in entries() if e.post == post)
    for version in entry.versions.values():
        given = comparable_layers(detect.extracted(version).layers)
        assert _sizes(given) == _sizes(comparable_layers(version.program.layers))


def _sizes(layers: list[Layer]) -> list[tuple[object, ...]]:
    """Kinds, sizes and activations; fused and separate activations alike."""
    found: list[tuple[object, ...]] = []
    for layer in layers:
        if layer.kind != "activation":
            found.append((layer.kind, layer.units, layer.kernel, layer.strides, layer.rate))
        if layer.activation != "linear":
            found.append(("activation", layer.activation))
    return found


def test_as_many_bugs_are_found_as_the_specification_says() -> None:
    truth = detect.ground_truth_table()
    found = truth.groupby("profile").found.agg(["size", "sum"])
    assert set(found["size"]) == {75}
    assert found.loc["recommended", "sum"] >= 58
    assert found.loc["published", "sum"] == 55  # as many as the published code finds
    fixed = detect.findings_table().query("version == 'fixed' and profile == 'recommended'")
    assert (fixed.rule == "MNL").sum() == 113
    assert (fixed.rule == "MRD").sum() - (
        fixed.query("severity == 'bug'").rule == "MRD"
    ).sum() == 89


@pytest.mark.slow
def test_the_command_s_files(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "experiments.theia_benchmark", "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "NeuraLint's column is the paper's" in done.stdout
    truth = pd.read_csv(tmp_path / "ground_truth.csv")
    assert list(truth.columns) == ["so_id", "bug_type", "fix", "found", "profile"]
    findings = pd.read_csv(tmp_path / "findings.csv")
    columns = ["so_id", "version", "profile", "rule", "layer", "severity", "subject"]
    assert list(findings.columns) == columns
    assert set(findings.version) == {"benchmark", "measured", "fixed"}
    assert set(findings[findings.profile != "recommended"].severity) == {"bug"}


def test_every_neuralint_script_is_the_program() -> None:
    """The regenerated scripts run up to ``fit`` and hold the layers of the file."""
    for entry in entries()[:3]:
        version = entry.versions["fixed"]
        names: dict[str, object] = {"x": None, "y": None}
        lines = [line for line in script(version).splitlines() if "fit(" not in line]
        exec("\n".join(lines), names)
        assert len(names["model"].layers) == len(version.program.layers)  # type: ignore[attr-defined]


def test_a_folder_that_is_no_neuralint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match=r"no endToEnd\.py"):
        neuralint_table(tmp_path)
