"""What a campaign takes and finds."""

from __future__ import annotations

from pathlib import Path

import pytest
from outside import write_faults

from harness.mutation.harvest import Campaign
from harness.vocabulary import HarnessError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_faults(tmp_path_factory.mktemp("campaign") / "faults", "X1")


BAD = {
    "n": ({"n": 1}, "n must be 2 or more"),
    "fraction": ({"fraction": 0.0}, r"fraction must be in \(0, 1\]"),
    "data": ({"data": "real"}, "no data variant of sum_sign 'real'"),
    "operator": ({"operators": ["HXX"]}, "no mutation operator 'HXX'"),
    "subject": ({"subject": "sum_sing"}, "no subject 'sum_sing'. Did you mean sum_sign"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_named(case: str, folder: Path) -> None:
    changes, message = BAD[case]
    usual = {"subject": "sum_sign", "operators": ["HLR"], "folders": (folder,)}
    with pytest.raises(HarnessError, match=message):
        Campaign(**{**usual, **changes})


def test_a_campaign_knows_its_program_and_data(folder: Path) -> None:
    one, two = (
        Campaign(subject="sum_sign", operators=[], seed=s, folders=(folder,)) for s in (1, 2)
    )
    assert one.program.name == "sum_sign" and one.n == 20
    assert one.data_seed == two.data_seed  # all mutants of a subject see the same data
