"""Every configuration file composes, under Hydra and without, and mirrors the code."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import yaml
from common import CONFIGS, spec
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

import harness.techniques
from harness.analysis.protocols import PROTOCOLS
from harness.study.plan import technique_name, technique_settings
from harness.study.spec import StudySpec, make_techniques
from harness.subjects.registry import load_registry

PLANS = sorted(p.stem for p in (CONFIGS / "plan").glob("*.yaml"))
TECHNIQUES = sorted(p.stem for p in (CONFIGS / "technique").glob("*.yaml"))


def composed(*overrides: str) -> StudySpec:
    GlobalHydra.instance().clear()
    with initialize_config_dir(str(CONFIGS), version_base=None):
        return spec(compose("repair", overrides=list(overrides)))


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["plan=study", "budget=10", "seed=3"],
        ["plan=icst23", "plan.faults=[D1,D7]", "chunk=2/8", "workers=1", "mlflow=false"],
        ["plan=smoke", "technique=guided_far", "clock=work", "backend=jax", "per_gpu=2"],
        ["protocol=icst23", "+protocol.alpha=0.01", "++plan.fraction_for=null", "results=a b"],
    ],
)
def test_both_doors_make_the_same_study(overrides: list[str]) -> None:
    quoted = [o.replace("results=a b", "results='a b'") for o in overrides]
    assert composed(*quoted) == StudySpec.compose(overrides)


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_composes(name: str) -> None:
    study = StudySpec.compose([f"plan={name}"]).plan
    assert study.name == name
    cells = study.cells(load_registry())
    assert len(cells) == len(study.faults) * len(study.techniques) * study.repetitions
    assert len({c.identity for c in cells}) == len({c.folder for c in cells}) == len(cells)
    assert f"PLAN={name}" in (CONFIGS / "plan" / f"{name}.yaml").read_text() or name == "laptop"


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_technique_s_file_builds_what_it_is_named_after(name: str) -> None:
    (built,) = make_techniques([name]).values()
    stem = name.split("_")[0]
    assert type(built).__module__.startswith(f"harness.techniques.{stem}")
    registered = technique_name(built)
    assert f"{name}_".startswith(f"{registered}_")  # what follows names the settings of the file
    assert registered == name or technique_settings(built) != technique_settings(type(built)())
    assert composed(f"technique={name}").plan.techniques == {name: built}


def test_every_technique_has_a_file() -> None:
    folder = Path(inspect.getfile(harness.techniques)).parent
    shared = {"__init__", "contract", "support"}
    modules = {p.stem for p in folder.glob("*.py")} - shared
    packages = {p.parent.name for p in folder.glob("*/__init__.py")}
    assert modules | packages >= {n.split("_")[0] for n in TECHNIQUES}


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_every_protocol_has_a_file(name: str) -> None:
    assert composed(f"protocol={name}").protocol == PROTOCOLS[name]


def test_configuration_files_are_short() -> None:
    """Faults are data of the registry, never content of the configuration."""
    for path in CONFIGS.rglob("*.yaml"):
        assert len(yaml.safe_load(path.read_text())) <= 16, path
