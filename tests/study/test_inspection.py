"""How each kind of evidence ranks the true operators of a fault."""

from __future__ import annotations

import pytest

from harness.records.observation import Symptom
from harness.space.derivation import derive
from harness.space.usual import Usual
from harness.study.inspection import EVIDENCE_KINDS, SUSPICION, evidence_ranks, found
from harness.subjects.registry import load_registry
from harness.techniques.guided.suspicion import Curve, Evidence

pytestmark = pytest.mark.usefixtures("with_own_faults")


def evidence() -> Evidence:
    """Of X1: its learning rate is 1e-5."""
    fault = load_registry()["X1"]
    context = fault.subject.context
    usual = Usual(derive(fault.faulty, context), context.labels, fault.faulty, 28.0)
    return Evidence(fault.faulty, usual, [Curve.UNFINISHED, Symptom.OSCILLATING], [])


def test_a_kind_of_evidence_is_that_kind_alone() -> None:
    whole = evidence()
    kinds = {name: alone(whole) for name, alone in EVIDENCE_KINDS.items()}
    assert kinds["combined"] == whole
    with_signs = {name for name, kind in kinds.items() if kind.signs}
    with_values = {name for name, kind in kinds.items() if kind.values}
    with_taxonomy = {name for name, kind in kinds.items() if kind.taxonomy}
    assert with_signs == {"symptoms", "combined"}
    assert with_values == {"usual", "prior", "combined"}
    assert with_taxonomy == {"taxonomy", "prior", "combined"}


def test_a_row_ranks_the_true_operator_by_each_kind() -> None:
    row = evidence_ranks(load_registry()["X1"], evidence())
    assert list(row) == [column.name for column in SUSPICION.columns]
    assert (row["fault"], row["operators"]) == ("X1", "learning_rate")
    assert row["signs"] == f"{Curve.UNFINISHED.value},{Symptom.OSCILLATING.value}"
    assert row["usual"] == 1
    assert row["first"].startswith("learning_rate,")
    assert len(row["first"].split(",")) == 3


def test_an_operator_is_found_among_the_first_three() -> None:
    def row(rank: float | None) -> dict[str, object]:
        return {"operators": "" if rank is None else "loss", **dict.fromkeys(EVIDENCE_KINDS, rank)}

    assert found([row(1.0), row(3.0), row(3.5), row(None)]) == pytest.approx(
        dict.fromkeys(EVIDENCE_KINDS, 2 / 3)
    )
    assert found([row(None)]) == dict.fromkeys(EVIDENCE_KINDS, 0.0)
