"""AutoTrainer's published complexity and asymmetric Jaccard, from its numbers of attempts."""

from __future__ import annotations

from harness.analysis.published import Published
from harness.analysis.published.answers import Answer
from harness.analysis.published.tool_patches import (
    PRINTED_COMPLEXITY,
    executions,
    jaccard_table,
    patch_table,
    tried,
)


def test_the_printed_complexities_are_re_derived(study: Published) -> None:
    table = patch_table(study).set_index("fault")
    assert set(table.index) == set(PRINTED_COMPLEXITY)
    mixed = table.drop("M3")
    assert [float(v) for v in mixed["re-derived"]] == list(mixed["printed"])
    low, high = map(float, table.loc["M3", "re-derived"].split(", "))
    assert low < table.loc["M3", "printed"] < high  # a mean over runs of both lists


def test_the_printed_jaccards_are_re_derived(published: Answer) -> None:
    table = jaccard_table(published)
    printed = table[table["printed"] != ""]
    assert list(printed["re-derived"]) == list(printed["printed"])
    assert list(printed["cells"]) == [18, 9]


def test_what_stands_behind_a_number_of_attempts(study: Published) -> None:
    assert tried("D6", 8)[-1] == "GN"
    assert tried("M3", 6)[-1] == "bn" and tried("M3", 8)[-1] == "leaky"
    assert {len(found) for found in executions(study).values()} == {50}
