"""Text of the command line becomes values; whatever characters it has."""

from __future__ import annotations

from typing import Any

import pytest

from harness.study.settings import BY_KEY, SETTINGS, parsed, parsed_scalar, setting_of
from harness.vocabulary import HarnessError


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("results", "it's", "it's"),
        ("results", "~/größe = 1, [2]", "~/größe = 1, [2]"),
        ("results", "true", "true"),
        ("plan.faults", "D6, D3", ["D6", "D3"]),
        ("plan.faults", "[D6,D3]", ["D6", "D3"]),
        ("plan.faults", "D1;touch x", ["D1;touch x"]),
        ("plan.techniques", "['my.module:Own',\"hebo\"]", ["my.module:Own", "hebo"]),
        ("plan.stand_ins", "[]", []),
        ("budget", "20", 20),
        ("budget", "1e1", 10.0),
        ("budget", "lots", "lots"),
        ("budget", "1_0", "1_0"),
        ("workers", "null", None),
        ("mlflow", "False", False),
        ("mlflow", "yes", "yes"),
        ("plan.fraction_for", "{D5: 0.01, D9-package: 1}", {"D5": 0.01, "D9-package": 1}),
        ("plan.fraction_for", "null", None),
    ],
)
def test_texts_become_values(key: str, text: str, value: Any) -> None:
    found = parsed(BY_KEY[key], text)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("plan.faults", "[D1", r"plan.faults is a list like D1,D7 or \[D1,D7\]. Received: '\[D1'"),
        ("plan.seeds_for", "D5: 4", "plan.seeds_for is like {D5: 0.01"),
        ("plan.seeds_for", "{D5}", "plan.seeds_for is like {D5: 0.01"),
    ],
)
def test_malformed_texts_are_one_message(key: str, text: str, message: str) -> None:
    with pytest.raises(HarnessError, match=message):
        parsed(BY_KEY[key], text)


def test_choices_of_a_protocol_are_scalars_or_lists() -> None:
    texts = ["0.01", "2", "true", "null", "worst", "[a,b]"]
    assert [parsed_scalar(t) for t in texts] == [0.01, 2, True, None, "worst", ["a", "b"]]


def test_unknown_settings_get_suggestions_of_their_own_level() -> None:
    with pytest.raises(HarnessError, match="no setting 'bugdet'. Did you mean budget"):
        setting_of("bugdet")
    with pytest.raises(HarnessError, match="no setting 'plan.fault'. Did you mean plan.faults"):
        setting_of("plan.fault")


def test_every_setting_is_explained() -> None:
    for row in SETTINGS:
        assert row.meaning.endswith(".") and row.unit and row.default, row.key
    shorts = [row.short for row in SETTINGS]
    assert len(shorts) == len(set(shorts))
