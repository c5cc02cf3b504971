"""Plans, techniques and protocols are read from files, of this project or from anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.study.compose import compose_settings, options, read_plan
from harness.vocabulary import HarnessError

OWN = "faults: [D3]\ntechniques: [random]\n"


def test_a_plan_comes_from_any_file(tmp_path: Path) -> None:
    path = tmp_path / "größe = 1.yaml"
    path.write_text(OWN)
    settings, written = compose_settings([f"plan={path}", "plan.repetitions=2"])
    assert settings["plan"]["name"] == "größe = 1"
    assert (settings["plan"]["repetitions"], written["repetitions"]) == (2, 10)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("faults: [D3", "own.yaml:1: not readable as YAML"),
        ("- D3\n", "own.yaml holds no settings"),
        (OWN + "seeds: 1\nseeds: 2\n", r"own.yaml:\d+: .*the key 'seeds' stands in line"),
        (OWN + "seeds: &a 1\n", r"own.yaml:\d+: .*anchors and aliases are not read"),
        (OWN + "budget: 3\n", "own.yaml: no setting of a plan 'budget'"),
        (OWN + "repetition: 3\n", "no setting of a plan 'repetition'. Did you mean repetitions"),
        ("faults: [D3]\n", "own.yaml: the plan lacks its techniques"),
    ],
)
def test_a_plan_that_is_none_is_one_message(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(content)
    with pytest.raises(HarnessError, match=message):
        read_plan(str(path))


def test_a_plan_that_is_nowhere_is_named(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="no plan 'labtop'. Did you mean laptop.*plan=path/to"):
        read_plan("labtop")
    with pytest.raises(HarnessError, match=r"gone.yaml: not readable as YAML: No such file"):
        read_plan(str(tmp_path / "gone.yaml"))


@pytest.mark.parametrize("override", ["budget", "=3", "~budget=3", "+"])
def test_what_is_no_setting_is_one_message(override: str) -> None:
    with pytest.raises(HarnessError, match="no setting"):
        compose_settings([override])


def test_only_the_first_equals_sign_splits() -> None:
    assert compose_settings(["results=a=b=c"]).settings["results"] == "a=b=c"


def test_the_last_word_counts_and_changes_come_after_overrides() -> None:
    settings, _ = compose_settings(["budget=1", "budget=2", "seed=5"], {"seed": 6})
    assert (settings["budget"], settings["seed"]) == (2, 6)
    assert compose_settings(["plan=smoke"], {"faults": ["D1"]}).settings["plan"]["faults"] == ["D1"]


def test_options_are_the_files() -> None:
    assert {"laptop", "smoke"} <= {*options("plan")} and "hebo" in options("technique")
