from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.analysis.protocols import CORRECTED, ICST23, PROTOCOLS, protocol
from harness.vocabulary import HarnessError


def test_protocols_are_found_by_name() -> None:
    assert protocol("icst23") == ICST23
    assert protocol("corrected") == CORRECTED
    assert all(name == p.name for name, p in PROTOCOLS.items())


def test_an_unknown_protocol_gets_a_suggestion() -> None:
    with pytest.raises(HarnessError, match=r"no protocol 'icst'\. Did you mean icst23"):
        protocol("icst")


def test_the_two_differ_where_the_study_is_debatable() -> None:
    assert (ICST23.test, ICST23.decimals, ICST23.ddof, ICST23.holm) == ("wilcoxon", 2, 0, False)
    assert ICST23.fall_back_to_faulty and not CORRECTED.fall_back_to_faulty
    assert CORRECTED.decimals is None and CORRECTED.holm
    assert CORRECTED.cut_may_win and CORRECTED.partial_may_win
    assert not ICST23.ir_needs_exposure and CORRECTED.ir_needs_exposure
    assert (ICST23.aj, CORRECTED.aj) == ("as_published", "as_defined")


def test_holm_does_not_go_with_ten_pairs() -> None:
    with pytest.raises(ValueError, match="Holm"):
        replace(CORRECTED, test="wilcoxon")


@pytest.mark.parametrize("field", ["alpha", "exposure_alpha", "exposure_a12", "repaired_a12"])
@pytest.mark.parametrize("value", [0.0, 1.5])
def test_levels_are_shares(field: str, value: float) -> None:
    change: dict[str, Any] = {field: value}
    with pytest.raises(ValueError, match=field):
        replace(CORRECTED, **change)
