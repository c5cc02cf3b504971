"""Declarations whose fields hold something else than they should."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from outside import SUBJECT

from harness.subjects.declared import check_subject
from harness.subjects.registry import FAULTS, load_registry
from harness.vocabulary import HarnessError

ALL = load_registry([FAULTS])
GOOD = ALL.subject("digits_cnn")


def fixed(**changes: Any) -> dict[str, Any]:
    return {"fixed": {**GOOD.fixed, **changes}}


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("no words")


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "title": ({"title": 3}, "title is 3 .int.. Expected: a text on one line"),
    "title of two lines": ({"title": "a\nb"}, "title is"),
    "metric": ({"metric": ["accuracy"]}, "metric is .*Expected: a text"),
    "unknown metric": ({"metric": "accurracy"}, "no metric 'accurracy'. Did you mean accuracy"),
    "labels": ({"labels": {"one_hot"}}, "labels is .*Expected: a text"),
    "unknown labels": ({"labels": "onehot"}, "no encoding of labels 'onehot'"),
    "framework": ({"framework": None}, "framework is None"),
    "unknown backend": ({"backend": "tensorflw"}, "no Keras backend 'tensorflw'"),
    "unknown data set": ({"data_set": "mnits"}, "no data set 'mnits'"),
    "fixed": ({"fixed": [("loss", "mse")]}, "fixed is .*Expected: a mapping"),
    "no values": ({"fixed": {}}, "Expected: a mapping"),
    "load": ({"load": "load"}, "load is 'load' .str.. Expected: a function"),
    "build": ({"build": None}, "build is None"),
    "variants": ({"variants": "default"}, "variants is 'default'.*Expected: a list of names"),
    "no variants": ({"variants": ()}, "at least one"),
    "losses": ({"losses": [abs]}, "losses is .*a mapping of names to functions"),
    "a loss that is none": ({"losses": {"own": 3}}, "losses is .*a mapping of names to functions"),
    "initialisers": ({"initialisers": {3: abs}}, "initialisers is"),
    "activations": ({"activations": "snake"}, "activations is 'snake'"),
    "data_settings": ({"data_settings": [["noise"]]}, "data_settings is"),
    "missing data setting": ({"data_settings": ["noise"]}, "configuration lacks noise"),
    "semantics": ({"semantics": "as in Keras 2"}, "semantics is .*a list or tuple of texts"),
    "fresh_data": ({"fresh_data": "no"}, "fresh_data is 'no'.*True or False"),
    "epochs_floor": ({"epochs_floor": -1}, "epochs_floor is -1"),
    "an object without words": ({"title": Unspeakable()}, "title is an object .Unspeakable."),
    "an array": (fixed(units_3=np.arange(3)), "'units_3' is array.*Expected: a text, a number"),
    "a NumPy number": (fixed(learning_rate=np.float64(0.1)), "'learning_rate' is np.float64"),
    "nothing": (fixed(regulariser_1=None), "'regulariser_1' is None"),
    "NaN": (fixed(dropout_1=float("nan")), "'dropout_1' is nan"),
    "a rate of 0": (fixed(learning_rate=0.0), "'learning_rate' is 0.0. Expected: a finite"),
    "no epochs": (fixed(epochs=0), "'epochs' is 0. Expected: a whole number from 1"),
    "epochs with a point": (fixed(epochs=10.0), "'epochs' is 10.0"),
    "a loss of nobody": (fixed(loss="mse"), "no loss 'mse'. Did you mean mean_squared_error"),
    "a misspelt name": (
        fixed(kernel_initializer_1="zeros"),
        "no operator reaches 'kernel_initializer_1'. Did you mean kernel_initialiser_1",
    ),
    "a name that is none": ({"fixed": {**GOOD.fixed, 3: 4}}, "3 is no name"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_field_of_another_kind_is_named(case: str) -> None:
    changes, message = BAD[case]
    with pytest.raises(HarnessError, match=message) as caught:
        check_subject(replace(GOOD, **changes), GOOD.path, "SUBJECT")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ALL.subjects)
def test_shipped_subjects_pass(name: str) -> None:
    subject = ALL.subject(name)
    check_subject(subject, subject.path, subject.variable)


def test_the_message_names_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "subjects").mkdir()
    path = tmp_path / "subjects" / "mine.py"
    path.write_text(SUBJECT.replace('"epochs": 4', '"epochs": -4'))
    line = path.read_text().splitlines().index("SUBJECT = Subject(") + 1
    with pytest.raises(HarnessError, match=rf"mine\.py:{line}: SUBJECT: fixed: 'epochs' is -4"):
        load_registry([tmp_path])


def test_own_names_are_declared() -> None:
    values = {**GOOD.fixed, "activation_1": "snake"}
    with pytest.raises(HarnessError, match="no activation 'snake'"):
        check_subject(replace(GOOD, fixed=values), GOOD.path, "SUBJECT")
    declared = replace(GOOD, fixed=values, activations=["snake"])
    check_subject(declared, GOOD.path, "SUBJECT")
