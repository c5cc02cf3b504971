"""The built wheel, away from the checkout: it holds what a study needs, and runs one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
UV = Path(sys.executable).with_name("uv")
pytestmark = pytest.mark.timeout(300)  # the first build fetches hatchling


@dataclass(frozen=True)
class Installed:
    """The wheel in a folder of its own; the packages that it needs are those of this Python."""

    site: Path
    elsewhere: Path

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        usual = {k: v for k, v in os.environ.items() if k not in ("FAULTS_PATH", "HARNESS_DATA")}
        return subprocess.run(
            arguments,
            cwd=self.elsewhere,
            env={**usual, "PYTHONPATH": str(self.site), **environment},
            capture_output=True,
            text=True,
        )

    def python(self, code: str) -> object:
        """What ``code`` prints, read as JSON."""
        done = self(sys.executable, "-c", code)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self(str(self.site / "bin" / "dnn-repair"), *arguments)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source distribution, so that this one is complete, too."""
    out = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [UV, "build", "--quiet", "--out-dir", out, ROOT], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("dnn_repair_harness-*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    site, elsewhere = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("elsewhere")
    options = ["--quiet", "--no-deps", "--python", sys.executable, "--target", site]
    done = subprocess.run([UV, "pip", "install", *options, wheel], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Installed(site, elsewhere)


def tracked(folder: str) -> set[str]:
    """Files of the checkout, relative to ``folder``; caches left out."""
    return {
        str(path.relative_to(ROOT / folder))
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("harness", "harness"),
        ("faults", "harness/_shipped/faults"),
        ("configs", "harness/_shipped/configs"),
        ("results/published/icst23", "harness/_shipped/published"),
    ],
)
def test_the_wheel_holds(wheel: Path, folder: str, place: str) -> None:
    inside = {
        name.removeprefix(f"{place}/")
        for name in zipfile.ZipFile(wheel).namelist()
        if name.startswith(f"{place}/")
    }
    assert {name for name in inside if not name.startswith("_shipped/")} == tracked(folder)


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    heads = {name.split("/")[0].split("-")[0] for name in names}
    assert heads == {"harness", "dnn_repair_harness"}
    shipped = {name.split("/")[2] for name in names if name.startswith("harness/_shipped/")}
    assert shipped == {"faults", "configs", "published", "overrides.txt"}


def test_the_package_finds_its_data(installed: Installed) -> None:
    found = installed.python(
        "import json, harness\n"
        "from harness.analysis.published import load_published\n"
        "from harness.data import data_folder\n"
        "from harness.subjects.registry import load_registry\n"
        "registry, trials = load_registry(), load_published().trials\n"
        "places = [harness.__file__, *(str(fault.path) for fault in registry.values())]\n"
        "print(json.dumps([places, sorted(registry), len(trials), str(data_folder())]))"
    )
    assert isinstance(found, list)
    places, faults, trials, data = found
    assert [p for p in places if not p.startswith(f"{installed.site}/")] == []
    assert faults == sorted(path.stem for path in (ROOT / "faults").rglob("*.yaml"))
    assert trials == 76_051
    assert not data.startswith((str(installed.site), sys.prefix, str(ROOT)))


def test_the_command_lists_the_faults(installed: Installed) -> None:
    done = installed.command("faults")
    assert done.returncode == 0, done.stderr
    assert {"D1", "R7", "P4", "U8-package"} <= set(done.stdout.split())


def test_the_command_runs_a_study_from_any_folder(installed: Installed) -> None:
    done = installed.command(
        "run", "plan=smoke", "budget=2", "plan.techniques=random", "plan.repetitions=1",
        "plan.seeds=3", "confirmations=0", "workers=2",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Repair at budget 2" in done.stdout
    runs = sorted((installed.elsewhere / "results" / "runs").rglob("run.json"))
    assert [path.relative_to(installed.elsewhere).parts[2:4] for path in runs] == [
        ("D3", "random"),
        ("D6", "random"),
    ]
