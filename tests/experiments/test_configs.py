"""Every configuration file composes, and mirrors the code."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from common import CONFIGS, label, plan, protocol, reset_hydra, techniques
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

import harness.techniques
from harness.analysis.protocols import PROTOCOLS
from harness.study.plan import Plan
from harness.subjects.registry import load_registry

PLANS = sorted(p.stem for p in (CONFIGS / "plan").glob("*.yaml"))
TECHNIQUES = sorted(p.stem for p in (CONFIGS / "technique").glob("*.yaml"))


def composed(*overrides: str) -> DictConfig:
    reset_hydra()
    with initialize_config_dir(str(CONFIGS), version_base=None):
        return compose("repair", overrides=list(overrides))


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_composes(name: str) -> None:
    study = plan(composed(f"plan={name}"))
    assert isinstance(study, Plan)
    assert study.name == name
    cells = study.cells(load_registry())
    assert len(cells) == len(study.faults) * len(study.techniques) * study.repetitions
    assert len({c.identity for c in cells}) == len({c.folder for c in cells}) == len(cells)
    assert f"PLAN={name}" in (CONFIGS / "plan" / f"{name}.yaml").read_text() or name == "laptop"


@pytest.mark.parametrize("name", TECHNIQUES)
def test_a_technique_s_file_builds_what_it_is_named_after(name: str) -> None:
    (built,) = techniques([name]).values()
    stem = name.split("_")[0]
    assert type(built).__module__ == f"harness.techniques.{stem}"
    wanted = stem.capitalize() + ("Icst23" if name.endswith("_icst23") else "")
    assert type(built).__name__ == wanted
    assert plan(composed(f"technique={name}")).techniques == {name: built}


def test_every_technique_has_a_file() -> None:
    folder = Path(inspect.getfile(harness.techniques)).parent
    modules = {p.stem for p in folder.glob("*.py")} - {"__init__", "base", "support"}
    assert modules == {n.split("_")[0] for n in TECHNIQUES}


@pytest.mark.parametrize("name", sorted(PROTOCOLS))
def test_every_protocol_has_a_file(name: str) -> None:
    assert protocol(composed(f"protocol={name}")) == PROTOCOLS[name]


def test_a_field_of_a_protocol_can_be_changed() -> None:
    changed = protocol(composed("+protocol.alpha=0.01"))
    assert changed.alpha == 0.01
    assert changed.name == "corrected, alpha=0.01"


def test_tables_of_a_narrowed_plan_have_a_folder_of_their_own() -> None:
    def named(*overrides: str) -> str:
        cfg = composed("plan=laptop", *overrides)
        return label(cfg, plan(cfg))

    assert named() == "laptop-b20-s1"
    assert named("budget=10", "seed=3") == "laptop-b10-s3"
    others = {
        named(o) for o in ("plan.faults=[D1]", "plan.repetitions=3", "clock=wall", "space=icst23")
    }
    assert len(others) == 4
    assert all(o.startswith("laptop-b20-s1-") for o in others)


def test_configuration_files_are_short() -> None:
    """Faults are data of the registry, never content of the configuration."""
    for path in CONFIGS.rglob("*.yaml"):
        assert len(OmegaConf.load(path)) <= 16, path
