"""Tables I and II of the registry."""

from __future__ import annotations

from harness.space.operators import OPERATORS
from harness.subjects.registry import Registry
from harness.views.benchmark import fault_table, operator_table


def test_tables_one_and_two_are_those_of_the_registry(registry: Registry) -> None:
    one, two = operator_table(registry), fault_table(registry)
    assert [row[0].text for row in one.rows] == [operator.name for operator in OPERATORS]
    assert [row[0].text for row in two.rows] == list(registry)
    by_id = {row[0].text: [field.text for field in row] for row in two.rows}
    assert by_id["D1"][4] == "15" and "softmax → sigmoid" in by_id["D1"][5]
    assert "activation" in by_id["D1"][6] and by_id["D1"][7] == "repairable"
