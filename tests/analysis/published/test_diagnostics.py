"""How the searchers of the study behaved."""

from __future__ import annotations

import pytest

from harness.analysis.published import Published
from harness.analysis.published.diagnostics import behaviour


def test_the_searchers_behaved_as_the_specification_of_the_package_says(
    study: Published,
) -> None:
    """Shares and first trials: replication package of Kim et al., ICST 2023."""
    found = behaviour(study)
    assert [round(found.from_fixed_list[b], 2) for b in (10, 20, 50)] == [0.97, 0.83, 0.59]
    parted = [found.fixed_list[f] for f in ("R1", "D1", "U1", "M1", "C1", "D5")]
    assert parted == [17, 25, 33, 41, 49, None]
    agree = [round(found.agreement[t], 3) for t in ("random", "hebo", "bohb")]
    assert agree == [0.095, 0.466, 0.092]
    assert round(found.repeated["R1"], 2) == 0.98 and "D1" not in found.repeated
    assert sum(found.causes.values()) == pytest.approx(1)
    assert found.causes["neither"] < 0.01
