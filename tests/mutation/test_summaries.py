"""What a campaign found, as tables: a harvest made by hand, without any training."""

from __future__ import annotations

from pathlib import Path

import pytest
from outside import write_faults

from harness.analysis.criterion import Fate, KillVerdict
from harness.mutation.harvest import MUTANTS, Campaign, Harvest, JudgedMutant, Qualified
from harness.mutation.mutant_faults import as_fault
from harness.mutation.mutation_operators import Mutant
from harness.mutation.summaries import by_fault, by_operator, mutants, notes


def verdict(mean: float, p: float, d: float) -> KillVerdict:
    return KillVerdict(
        n=3, unscored=0, mean_original=0.9, mean_mutant=mean, p=p, d=d, killed=p < 0.05
    )


@pytest.fixture
def harvest(tmp_path: Path) -> Harvest:
    folder = write_faults(tmp_path / "faults", "X1")
    campaign = Campaign(subject="sum_sign", operators=["WCI", "HNE", "RAW"], n=3, folders=(folder,))

    def mutant(value: str) -> Mutant:
        return Mutant("WCI", 1, value, {"kernel_initialiser_1": value})

    killed, again = verdict(0.5, 1e-20, 4.0), verdict(0.55, 0.002, 3.5)
    kept = JudgedMutant(mutant("zeros"), Fate.KEPT, killed)
    survived = JudgedMutant(mutant("ones"), Fate.SURVIVED, verdict(0.88, 0.3, 0.4))
    broken = JudgedMutant(Mutant("HNE", None, 0, {"epochs": 0}), Fate.INVALID, None, "no epochs")
    fault = as_fault(campaign, kept.mutant, "Z-WCI1")
    return Harvest(
        campaign=campaign,
        absent={"RAW": "the subject has no setting regulariser_N"},
        tested={"WCI": [kept, survived], "HNE": [broken]},
        qualified={"WCI": Qualified(fault, kept.mutant, killed, again, drawn=1)},
        failed=[],
    )


def test_each_mutant_is_a_row(harvest: Harvest) -> None:
    frame = mutants(harvest)
    assert [*frame.columns] == MUTANTS.names
    assert frame["fate"].tolist() == ["kept", "survived", "invalid"]
    assert frame["fault"].fillna("").tolist() == ["Z-WCI1", "", ""]
    assert frame["message"].fillna("").tolist() == ["", "", "no epochs"]
    assert frame["mean_mutant"].tolist()[:2] == [0.5, 0.88]
    assert frame["changes"].iloc[0] == '{"kernel_initialiser_1": "zeros"}'


def test_each_operator_is_a_line(harvest: Harvest) -> None:
    wci, hne, raw = by_operator(harvest).rows
    assert list(wci[2:]) == ["2", "0", "1", "1", "1", "Z-WCI1"]
    assert list(hne[2:]) == ["1", "1", "0", "0", "0", "none killed"]
    assert list(raw[2:]) == [*"-----", "not applicable: the subject has no setting regulariser_N"]


def test_each_fault_is_a_line_with_both_measurements(harvest: Harvest) -> None:
    (line,) = by_fault(harvest).rows
    assert line[:2] == ["Z-WCI1", "WCI"]
    assert line[4:8] == ["0.900", "0.500", "< 1e-15", "4.0"]
    assert line[8:12] == ["0.900", "0.550", "0.002", "3.5"]
    assert line[12] == "initialiser"
    assert "| Z-WCI1 | WCI |" in by_fault(harvest).markdown()
    assert notes(harvest).startswith("n = 3 trainings of each program; seed 1, data default")
