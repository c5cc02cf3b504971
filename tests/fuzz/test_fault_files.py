"""Random fault files: each is a sound fault, or is refused in one line that names the file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from fuzzing import FUZZ, Tally, check_message
from hypothesis import given
from hypothesis import strategies as st
from junk import PLAIN, mostly
from outside import write_faults

from harness.space.derivation import derive
from harness.subjects.fault import load_fault
from harness.subjects.registry import load_subjects
from harness.vocabulary import HarnessError

KEYS = ["id", "subject", "title", "faulty", "origin", "source", "description", "published", "other"]
NAMES = ["learning_rate", "epochs", "batch_size", "units_1", "activation_1", "loss", "optimiser"]
VALUES = [
    0, 1, -3, 2.5, 1e-5, "1e-3", "relu", "sigmiod", "sgd", "SGD", "mse", "hinge", True, None, [],
    {}, math.nan, math.inf, "", " relu", "off", 10**30,
]  # fmt: skip
FAULTY = st.dictionaries(
    st.sampled_from([*NAMES, "kernel_initializer_1"]), st.sampled_from(VALUES) | PLAIN, max_size=3
)
CONTENT = st.fixed_dictionaries(
    {
        "id": mostly(st.just("Z1"), PLAIN),
        "subject": mostly(st.just("sum_sign"), PLAIN),
        "title": mostly(st.just("a fault"), PLAIN),
        "faulty": FAULTY | st.just({"learning_rate": 1e-5}),
        "origin": mostly(st.just({"post": "a question"}), PLAIN),
        "source": mostly(st.just("a test"), PLAIN),
    },
    optional={"description": PLAIN, "other_fixes": PLAIN, "published": PLAIN, "other": PLAIN},
)
TEXT = """
id: Z1
subject: sum_sign
title: a learning rate far too small
faulty: {learning_rate: 0.00001}
origin: {post: a question}
source: a test
"""
PIECES = [
    "&a [",
    "*a",
    "<<: ",
    "!!python/object:os.system ",
    "\t",
    "\x00",
    "'",
    "- ",
    "{",
    "]",
    "|",
]
EDITS = st.lists(
    st.tuples(
        st.integers(0, len(TEXT)), st.integers(0, 6), st.sampled_from(PIECES) | st.text(max_size=6)
    ),
    max_size=3,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_faults(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def subjects(folder: Path) -> dict[str, Any]:
    return {s.name: s for s in load_subjects(folder / "subjects" / "sum_sign.py")}


def check(path: Path, subjects: dict[str, Any], tally: Tally) -> None:
    """A fault that loads has values of the right types, and a space that can be drawn from."""
    fault, refused = None, None
    try:
        fault = load_fault(path, subjects)
    except HarnessError as error:
        refused = error
    tally.count(check_message(refused, str(path)))
    if fault is None:
        return
    own = fault.subject.fixed
    assert set(fault.faulty) == set(own)
    assert fault.values and fault.ground_truth
    for name, value in fault.faulty.items():
        assert type(value) is type(own[name])
        assert not isinstance(value, float) or math.isfinite(value)
    assert min(int(fault.faulty["epochs"]), int(fault.faulty["batch_size"])) >= 1
    assert float(fault.faulty["learning_rate"]) > 0
    assert derive(fault.faulty, fault.subject.context).domains
    assert fault.content


@FUZZ
@given(content=CONTENT)
def test_values(content: Any, folder: Path, subjects: dict[str, Any], tally: Tally) -> None:
    path = folder / "Z1.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    check(path, subjects, tally)


@FUZZ
@given(edits=EDITS)
def test_texts(edits: Any, folder: Path, subjects: dict[str, Any], tally: Tally) -> None:
    text = TEXT
    for start, length, piece in edits:
        text = text[:start] + piece + text[start + length :]
    path = folder / "Z1.yaml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    check(path, subjects, tally)


@FUZZ
@given(content=st.binary(max_size=60), where=st.integers(0, len(TEXT)))
def test_bytes(
    content: bytes, where: int, folder: Path, subjects: dict[str, Any], tally: Tally
) -> None:
    path = folder / "Z1.yaml"
    path.write_bytes(TEXT.encode()[:where] + content + TEXT.encode()[where:])
    check(path, subjects, tally)
