"""What a subject makes of its declaration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from outside import SUBJECT

from harness.space.operators import Context
from harness.subjects.arrays import Data
from harness.subjects.checked_data import BadData
from harness.subjects.subject import Subject
from harness.vocabulary import METRICS, HarnessError

ASKED: list[tuple[Any, ...]] = []


def load(seed: int, variant: str, fraction: float, **settings: Any) -> Data:
    ASKED.append((seed, variant, fraction, settings))
    return Data(*(np.ones((4, 2)), np.ones(4)) * 3)


DECLARED = Subject(
    title="a subject",
    metric="mae",
    labels="real",
    fixed={"epochs": 3, "noise": 0.5},
    load=load,
    build=lambda configuration: None,
    losses={"own_loss": abs},
    initialisers={"own_start": object},
    epochs_floor=5,
)


def test_data_gets_the_settings_that_its_code_obeys_and_no_others() -> None:
    configuration = {"epochs": 4, "noise": 0.25}
    DECLARED.data(7, "default", 0.5, configuration)
    assert ASKED.pop() == (7, "default", 0.5, {})
    obeying = replace(DECLARED, data_settings=["noise"])
    obeying.data(7, "default", 0.5, configuration)
    assert ASKED.pop() == (7, "default", 0.5, {"noise": 0.25})
    with pytest.raises(KeyError, match="noise"):
        obeying.data(7, "default", 0.5, {"epochs": 4})


def test_its_metric_and_its_own_values_are_known_to_the_space() -> None:
    assert DECLARED.measure is METRICS["mae"]
    own = {"loss": ("own_loss",), "initialiser": ("own_start",)}
    assert DECLARED.context == Context("real", own, 5)
    curved = replace(DECLARED, activations=["snake"])
    assert curved.context == Context("real", {**own, "activation": ("snake",)}, 5)


def test_its_content_is_that_of_its_file(tmp_path: Path) -> None:
    def content(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return replace(DECLARED, path=tmp_path / name).content

    one = content("one.py", SUBJECT)
    assert content("two.py", "# a comment\n" + SUBJECT) == one
    assert content("three.py", SUBJECT.replace('units_1": 8', 'units_1": 9')) != one


def test_a_source_that_is_no_python_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "helper_of_mine.py").write_text("x = 1\ndef f(:\n")
    late = "def build(c):\n    import helper_of_mine\n    return helper_of_mine.f(c)\n"
    (tmp_path / "mine.py").write_text(f"{late}SUBJECT = build\n")
    subject = replace(DECLARED, path=tmp_path / "mine.py", name="mine")
    with pytest.raises(HarnessError, match=r"helper_of_mine\.py:2: the source of subject 'mine'"):
        assert subject.content


def test_a_build_that_changes_its_configuration_changes_no_other() -> None:
    def shortened(configuration: Any) -> list[str]:
        configuration["epochs"] = 1
        configuration.pop("noise")
        return sorted(configuration)

    subject = replace(DECLARED, build=shortened)
    own = {"epochs": 3, "noise": 0.5}
    for _ in range(2):
        assert subject.build(own) == subject.build(subject.fixed) == ["epochs"]
    assert own == subject.fixed == {"epochs": 3, "noise": 0.5}
    again = replace(subject, title="another")  # as a module does for its PACKAGE
    assert again.build(own) == ["epochs"]
    assert own == again.fixed


def test_its_mappings_cannot_be_changed() -> None:
    values = {"epochs": 3}
    subject: Any = replace(DECLARED, fixed=values)
    values["epochs"] = 1
    assert subject.fixed == {"epochs": 3}
    for mapping in (subject.fixed, subject.losses, subject.initialisers):
        with pytest.raises(TypeError, match="item assignment"):
            mapping["epochs"] = 1


def lost(*_: Any) -> Data:
    raise OSError("the disk is gone")


def left(*_: Any) -> Data:
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("fails", "message"),
    [
        (lost, "OSError: the disk is gone"),
        (left, "SystemExit: 0"),
        (lambda seed: None, "TypeError: .*takes 1 positional argument but 3 were given"),
    ],
)
def test_a_load_that_fails_is_one_message(fails: Any, message: str) -> None:
    subject = replace(DECLARED, load=fails, name="mine", path=Path(__file__))
    where = r"test_subject\.py:\d+: the data of subject 'mine' cannot be loaded: "
    with pytest.raises(BadData, match=where + message):
        subject.data(1, "default", 1.0, subject.fixed)


def test_a_missing_data_set_is_said_as_it_is() -> None:
    def missing(*_: Any) -> Data:
        raise HarnessError("the data set is not here")

    with pytest.raises(HarnessError, match="^the data set is not here$"):
        replace(DECLARED, load=missing).data(1, "default", 1.0, DECLARED.fixed)


def test_data_are_checked_by_the_stated_encoding() -> None:
    def halves(*_: Any, **settings: Any) -> Data:
        return Data(*(np.ones((4, 2)), np.full(4, 0.5)) * 3)

    subject = replace(DECLARED, load=halves, labels="classes", data_settings=["noise"])
    with pytest.raises(BadData, match="whole numbers from 0"):
        subject.data(1, "default", 1.0, subject.fixed)
    assert subject.data(1, "default", 1.0, {**subject.fixed, "noise": 0.9})  # the fault itself
