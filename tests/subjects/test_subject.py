"""What a subject makes of its declaration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from outside import SUBJECT

from harness.space.operators import Context
from harness.subjects.subject import Subject
from harness.vocabulary import METRICS


def load(seed: int, variant: str, fraction: float, **settings: Any) -> Any:
    return seed, variant, fraction, settings


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
    asked: Any = DECLARED.data(7, "default", 0.5, configuration)
    assert asked == (7, "default", 0.5, {})
    obeying = replace(DECLARED, data_settings=["noise"])
    assert obeying.data(7, "default", 0.5, configuration)[3] == {"noise": 0.25}  # type: ignore[index]
    with pytest.raises(KeyError, match="noise"):
        obeying.data(7, "default", 0.5, {"epochs": 4})


def test_its_metric_and_its_own_values_are_known_to_the_space() -> None:
    assert DECLARED.measure is METRICS["mae"]
    own = {"loss": ("own_loss",), "initialiser": ("own_start",)}
    assert DECLARED.context == Context("real", own, 5)


def test_its_content_is_that_of_its_file(tmp_path: Path) -> None:
    def content(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return replace(DECLARED, path=tmp_path / name).content

    one = content("one.py", SUBJECT)
    assert content("two.py", "# a comment\n" + SUBJECT) == one
    assert content("three.py", SUBJECT.replace('units_1": 8', 'units_1": 9')) != one
