"""What ``harness.data.shipped`` finds, and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.data.shipped import IN_CHECKOUT, shipped
from harness.vocabulary import HarnessError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", IN_CHECKOUT)
def test_a_checkout_has_it_beside_the_package(name: str) -> None:
    assert shipped(name) == ROOT / IN_CHECKOUT[name]


def test_a_wheel_has_it_inside_and_that_counts_first(tmp_path: Path) -> None:
    package = tmp_path / "harness"
    inside, beside = package / "_shipped" / "published", tmp_path / IN_CHECKOUT["published"]
    beside.mkdir(parents=True)
    assert shipped("published", package) == beside
    inside.mkdir(parents=True)
    assert shipped("published", package) == inside


def test_nothing_there_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="lacks its faults") as caught:
        shipped("faults", tmp_path / "harness")
    assert str(tmp_path / "harness" / "_shipped" / "faults") in str(caught.value)
    assert str(tmp_path / "faults") in str(caught.value)


def test_an_unknown_name_is_one_message() -> None:
    with pytest.raises(HarnessError, match="Did you mean faults"):
        shipped("fault")
