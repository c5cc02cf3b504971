"""What is said of an optional package that is not installed."""

from __future__ import annotations

import importlib.util
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest

from harness.data.extras import EXTRAS, OVERRIDDEN, command, require
from harness.vocabulary import HarnessError

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Modules named here look as if they were not installed."""
    absent: list[str] = []
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in absent else find(name)
    )
    return absent


def test_what_is_installed_is_not_mentioned() -> None:
    require("numpy", "yaml")


def test_all_that_is_missing_is_one_message_with_one_command(without: list[str]) -> None:
    without += ["hpbandster", "ConfigSpace", "jax"]
    with pytest.raises(HarnessError) as caught:
        require("numpy", "hpbandster", "ConfigSpace", "jax")
    said = str(caught.value)
    assert said.startswith("not installed: hpbandster, ConfigSpace, jax. To add: uv pip install ")
    assert said.endswith("'dnn-repair-harness[bohb,jax]'")
    assert "\n" not in said


def test_a_package_of_a_plain_install_has_no_extra(without: list[str]) -> None:
    without.append("keras")
    with pytest.raises(HarnessError, match=r"^not installed: keras\. To add: .*harness$"):
        require("keras")


def test_the_command_names_this_python_and_existing_overrides() -> None:
    words = shlex.split(command("hebo"))
    assert words[words.index("--python") + 1] == sys.executable
    assert Path(words[words.index("--overrides") + 1]).exists()
    assert "--overrides" not in command("jax")


def test_every_extra_that_is_named_exists() -> None:
    assert set(EXTRAS.values()) | OVERRIDDEN <= set(PROJECT["optional-dependencies"])


def test_all_holds_every_extra_for_users() -> None:
    (everything,) = PROJECT["optional-dependencies"]["all"]
    held = set(re.fullmatch(r"dnn-repair-harness\[(.*)\]", everything)[1].split(","))  # type: ignore[index]
    assert held == set(PROJECT["optional-dependencies"]) - {"all", "dev", "cuda"}


def test_a_plain_install_needs_no_overrides() -> None:
    overridden = {"hebo", "hpbandster", "pymoo", "gpy", "netifaces"}
    names = {re.match(r"[\w-]+", line)[0].lower() for line in PROJECT["dependencies"]}  # type: ignore[index]
    assert not names & overridden
