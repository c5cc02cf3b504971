"""Plans, the cells that they hold, and the identity of techniques."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass, make_dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from recorded import CELL, run_record
from tiny import plan

from harness.records.cell import Cell
from harness.records.store import Store
from harness.study.plan import (
    baseline_identity,
    baseline_paths,
    import_technique,
    sources,
    technique_name,
    technique_settings,
    technique_version,
    trained_on,
)
from harness.subjects import foreign
from harness.subjects.registry import load_registry
from harness.techniques.random import Random
from harness.vocabulary import HarnessError

pytestmark = pytest.mark.usefixtures("with_own_faults")


@dataclass(frozen=True)
class OneChange(Random):
    """A technique of one's own."""

    rate: float = 0.5
    choices: Any = (1, 2)


@dataclass(frozen=True)
class Named(OneChange):
    name: ClassVar[str] = "my-search"
    version: ClassVar[int] = 3


def variant(**attributes: Any) -> Any:
    """An object of another class with the name and fields of ``OneChange``."""
    return type("OneChange", (OneChange,), attributes)()


def the_cell(technique: Any, **changes: Any) -> Cell:
    changes = {"techniques": {"mine": technique}, "repetitions": 1, **changes}
    (cell,) = plan(**changes).cells(load_registry())
    return cell


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"budget": -1}, "budget -1 is not possible"),
        ({"repetitions": 0}, "repetitions must be 1 or more"),
        ({"fraction": 0.0}, r"fraction must be in \(0, 1\]"),
        ({"space": "wide"}, "no search space 'wide'"),
        ({"clock": "sun"}, "no clock 'sun'"),
        ({"faults": []}, "at least one fault"),
        ({"chunk": (4, 3)}, "chunk 4/3 is not possible"),
    ],
)
def test_an_impossible_plan_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        plan(**change)


def test_chunks_are_equal_parts_that_depend_on_the_plan_alone() -> None:
    registry = load_registry()
    whole = plan(repetitions=10)
    cells = whole.cells(registry)
    parts = [replace(whole, chunk=(n, 3)).cells(registry) for n in (1, 2, 3)]
    assert [len(part) for part in parts] == [4, 3, 3]
    assert sorted(c.repetition for part in parts for c in part) == list(range(1, 11))
    assert all(part == [c for c in cells if c in part] for part in parts)


def test_an_unknown_data_variant_is_named() -> None:
    with pytest.raises(HarnessError, match="no data variant of X1 'tiny'"):
        plan(data="tiny").cells(load_registry())


def test_a_technique_s_settings_are_plain() -> None:
    told = technique_settings(Random(from_faulty=True))
    assert told == {"from_faulty": True}
    assert json.loads(json.dumps(told)) == told


DATACLASS = """
from dataclasses import dataclass, field
from typing import Any
@dataclass(frozen=True)
class Mine:
    it: Any = field(default_factory=lambda: {0})
    def optimiser(self, task, clock, seed): ...
"""
LOOP = (
    DATACLASS.replace("lambda: {0}", "lambda: deep()")
    + """
def deep():
    found = {}
    found["again"] = found
    return found
"""
)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("nowhere:Me", "No module named 'nowhere'"),
        ("json:Me", "has no attribute 'Me'"),
        ("json:JSONDecoder", "is no technique: it has neither optimiser"),
    ],
)
def test_a_technique_that_cannot_be_made_is_named(where: str, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        import_technique(where)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("raise BaseException('odd')", "BaseException: odd"),
        ("class Mine:\n    def __init__(self): [][1]", "IndexError: list index out of range"),
        ("class Mine:\n    def __init__(self, it): ...", "TypeError: .* missing 1 required"),
        ("def Mine(:", "SyntaxError"),
        ("def Mine(): return 5", "is no technique"),
        ("def Mine():\n    class Mine:\n        optimiser = 5\n    return Mine", "is no technique"),
        (DATACLASS.format("float('nan')"), "the setting it is nan"),
        (DATACLASS.format("object()"), "the setting it is <object"),
        (DATACLASS.format("lambda: 1"), "the setting it is <function"),
        (LOOP, "the setting is nested too deeply"),
    ],
)
def test_a_technique_that_fails_as_it_is_made_is_one_message(
    code: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "foreign_technique.py").write_text(code + "\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "foreign_technique", raising=False)
    with pytest.raises(HarnessError, match=told) as caught:
        import_technique("foreign_technique:Mine")
    assert "\n" not in str(caught.value)


def test_a_technique_whose_import_does_not_end_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "endless_technique.py").write_text("while True:\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(foreign, "IMPORT_LIMIT", 0.3)
    with pytest.raises(HarnessError, match=r"takes more than 0\.3 s \(.*endless_technique\.py:"):
        import_technique("endless_technique:Mine")


def test_a_name_is_that_of_the_class_or_its_own() -> None:
    assert technique_name(OneChange()) == "one_change"
    assert technique_name(Named()) == "my-search"
    for name in (3, "", " "):
        with pytest.raises(HarnessError, match="the name of technique OneChange is .*a text such"):
            technique_name(variant(name=name))


def test_a_version_is_a_whole_number_from_1() -> None:
    assert (technique_version(OneChange()), technique_version(Named())) == (1, 3)
    for version in (0, -1, 1.0, "2", True, None):
        with pytest.raises(HarnessError, match="the version of technique OneChange is .*whole"):
            technique_version(variant(version=version))


@pytest.mark.parametrize("value", [math.nan, math.inf, np.zeros(2), print, {1, 2}, b"x", object()])
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [1, v], lambda v: {"a": v}])
def test_a_setting_that_is_no_plain_value_is_named(value: Any, wrap: Callable[[Any], Any]) -> None:
    with pytest.raises(HarnessError, match="technique OneChange: the setting choices"):
        technique_settings(OneChange(choices=wrap(value)))


def test_a_technique_without_fields_is_told_to_be_a_dataclass() -> None:
    class Plain:
        pass

    with pytest.raises(HarnessError, match=r"Plain is no dataclass.*@dataclass\(frozen=True\)"):
        technique_settings(Plain())  # type: ignore[arg-type]


def test_the_place_of_a_class_is_no_part_of_the_identity() -> None:
    here = the_cell(OneChange())
    assert "OneChange" not in json.dumps([here.technique, *here.settings.items()])
    moved = the_cell(variant(__module__="elsewhere.entirely"))
    renamed = make_dataclass("Renamed", [], bases=(OneChange,), frozen=True)()
    assert here.identity == moved.identity == the_cell(renamed).identity


def test_version_settings_and_name_are_parts_of_the_identity() -> None:
    changed = [
        the_cell(OneChange()),
        the_cell(variant(version=2)),
        the_cell(OneChange(rate=0.25)),
        the_cell(OneChange(choices=(2, 1))),
        the_cell(OneChange(), techniques={"other": OneChange()}),
    ]
    assert len({cell.identity for cell in changed}) == len(changed)


def test_a_run_seed_depends_on_fault_technique_seed_and_repetition_only() -> None:
    same = {
        "fault_content": "other",
        "technique_version": 2,
        "settings": {"rate": 1},
        "space": "icst23",
        "clock": "work",
        "clock_version": 2,
        "budget": 3.0,
        "data": "other",
        "fraction": 0.5,
        "backend": "jax",
    }
    other: dict[str, Any] = {"fault": "D2", "technique": "bohb", "seed": 2, "repetition": 4}
    assert {*same, *other} == {*Cell.__dataclass_fields__}
    seeds = [replace(CELL, **{name: value}).run_seed for name, value in other.items()]
    assert len({CELL.run_seed, *seeds}) == 1 + len(other)
    for name, value in same.items():
        assert replace(CELL, **{name: value}).run_seed == CELL.run_seed, name


def test_a_fault_may_have_a_fraction_and_seeds_of_its_own() -> None:
    study = plan(faults=["X1", "X2"], fraction_for={"X2": 0.5}, seeds_for={"X2": 3})
    fractions = {cell.fault: cell.fraction for cell in study.cells(load_registry())}
    assert fractions == {"X1": 1.0, "X2": 0.5}
    assert (study.seeds_of("X1"), study.seeds_of("X2")) == (10, 3)


def test_a_program_of_pytorch_has_no_backend_of_keras() -> None:
    registry = load_registry()
    assert trained_on(registry["X1"].subject, "") == "tensorflow"
    assert trained_on(registry["X1"].subject, "jax") == "jax"
    assert trained_on(registry["X3"].subject, "jax") == "pytorch"


def test_a_baseline_is_named_by_all_that_it_depends_on(tmp_path: Path) -> None:
    names = {
        baseline_identity("a", "default", 1.0, "jax", 10),
        baseline_identity("b", "default", 1.0, "jax", 10),
        baseline_identity("a", "other", 1.0, "jax", 10),
        baseline_identity("a", "default", 0.5, "jax", 10),
        baseline_identity("a", "default", 1.0, "torch", 10),
        baseline_identity("a", "default", 1.0, "jax", 3),
    }
    assert len(names) == 6
    registry, store = load_registry(), Store(tmp_path)
    one, longer = plan(), plan(budget=9, repetitions=1, clock="work", space="icst23")
    assert baseline_paths(one, registry, store) == baseline_paths(longer, registry, store)
    assert baseline_paths(plan(seeds=3), registry, store) != baseline_paths(one, registry, store)


def test_a_finished_run_answers_its_own_cell_and_no_other(tmp_path: Path) -> None:
    store, study = Store(tmp_path), plan(repetitions=2, independent=True)
    first, second = study.cells(load_registry())
    assert sources(study, [first, second], store) == {}
    store.finish(run_record(first, 0))
    assert sources(study, [first, second], store) == {first: first}
