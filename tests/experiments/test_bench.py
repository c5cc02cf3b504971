"""The page of the measured figures has one place for each part of the bench."""

from __future__ import annotations

import pytest

from experiments.bench.__main__ import PAGE, PARTS
from experiments.pages import marked
from harness.vocabulary import HarnessError


@pytest.mark.parametrize("name", PARTS)
def test_the_page_has_a_place_for_each_part(name: str) -> None:
    page = PAGE.read_text()
    changed = marked(page, name, "| 1 s \\1 |")
    assert "| 1 s \\1 |" in changed
    assert len(changed.splitlines()) <= len(page.splitlines()) + 1


def test_a_part_without_a_place_is_named() -> None:
    with pytest.raises(HarnessError, match="0 places for 'overhead'"):
        marked("# Performance\n", "overhead", "")
