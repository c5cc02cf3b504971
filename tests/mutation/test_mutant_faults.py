"""Mutants as faults: which are drawn, under which id."""

from __future__ import annotations

from pathlib import Path

import pytest
from outside import write_faults

from harness.analysis.criterion import Fate
from harness.mutation.harvest import Campaign, JudgedMutant
from harness.mutation.mutant_faults import Draw, as_fault, draws
from harness.mutation.mutation_operators import Mutant
from harness.subjects.registry import Registry, load_registry
from harness.vocabulary import HarnessError

OPERATORS = ("HNE", "RAW", "RCD", "WCI")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_faults(tmp_path_factory.mktemp("campaign") / "faults", "X1")


@pytest.fixture(scope="module")
def campaign(folder: Path) -> Campaign:
    return Campaign(subject="sum_sign", operators=OPERATORS, n=3, folders=(folder,))


def kept(value: str) -> JudgedMutant:
    return JudgedMutant(Mutant("WCI", 1, value, {"kernel_initialiser_1": value}), Fate.KEPT, None)


@pytest.fixture
def faults(tmp_path: Path) -> Registry:
    return load_registry([write_faults(tmp_path / "f", "X1")])


def drawn(
    faults: Registry, tested: dict[str, list[JudgedMutant]], seed: int, prefix: str
) -> list[Draw]:
    folders = (faults.subject("sum_sign").path.parents[1],)
    made = Campaign(subject="sum_sign", operators=[*tested], seed=seed, folders=folders)
    return draws(made, faults, tested, prefix)


def test_one_mutant_per_operator_is_drawn_by_seed(faults: Registry) -> None:
    names = ("zeros", "ones", "he_normal", "orthogonal", "lecun_normal")

    def order(seed: int) -> list[str]:
        (draw,) = drawn(faults, {"WCI": [kept(n) for n in names], "HNE": []}, seed, "Z")
        assert draw.identity == f"Z-WCI{seed}"
        return [str(judged.mutant.value) for judged in draw.mutants]

    assert order(7) == order(7)
    assert sorted(order(7)) == sorted(names)
    assert len({tuple(order(seed)) for seed in range(2, 8)}) > 1


def test_a_registered_fault_is_drawn_last_and_under_its_own_id(faults: Registry) -> None:
    values = dict(faults["X1"].values)
    registered = JudgedMutant(Mutant("HLR", None, 0.00001, values), Fate.KEPT, None)
    other = JudgedMutant(Mutant("HLR", None, 0.001, {"learning_rate": 0.001}), Fate.KEPT, None)
    assert drawn(faults, {"HLR": [registered]}, 1, "Z") == [Draw("X1", [registered])]
    assert drawn(faults, {"HLR": [registered, other]}, 1, "Z") == [Draw("Z-HLR1", [other])]


def test_an_id_of_another_subject_is_not_taken(tmp_path: Path) -> None:
    folder = write_faults(tmp_path / "f", "Z-WCI1")
    module = folder / "subjects" / "sum_sign.py"
    (folder / "subjects" / "other.py").write_text(module.read_text())
    made = Campaign(subject="other", operators=["WCI"], folders=(folder,))
    with pytest.raises(HarnessError, match="the id Z-WCI1 belongs to .* a fault of sum_sign"):
        draws(made, load_registry([folder]), {"WCI": [kept("ones")]}, "Z")


def test_a_mutant_as_a_fault(campaign: Campaign, folder: Path) -> None:
    fault = as_fault(campaign, kept("ones").mutant, "Z-WCI1")
    assert fault.title == "kernel initialiser 1 glorot_uniform changed to ones"
    assert fault.path == folder / "mutants" / "Z-WCI1.yaml"
