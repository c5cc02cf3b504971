from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from harness.techniques.guided.settings import GuidedSettings
from harness.techniques.guided.technique import Guided


def test_the_technique_has_these_settings_and_no_others() -> None:
    assert [f.name for f in fields(Guided)] == [f.name for f in fields(GuidedSettings)]
    assert {f.name: f.default for f in fields(Guided)} == vars(GuidedSettings())


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        GuidedSettings().probe = 1.0  # type: ignore[misc]
