"""The evidence card, and the documentation that is made of the same figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.analysis.protocols import CORRECTED
from harness.analysis.qualification import qualify, update_qualification
from harness.analysis.schemas import QUALIFICATION
from harness.records.baseline import Baseline
from harness.subjects.registry import FAULTS, load_registry
from harness.views.cards import card
from harness.vocabulary import HarnessError

ALL = load_registry([FAULTS])


def test_a_card_says_what_is_known(tmp_path: Path) -> None:
    fault = ALL["C1"]
    measured = Baseline(
        fault="C1", metric="accuracy", faulty_holdout=[0.4, 0.5], fixed_holdout=[0.6, 0.7],
        faulty_search=[], fixed_search=[], training_time=12.0, fraction=0.05, device="a device",
        faulty_unjudged=1, fixed_unjudged=1, content=fault.content,
    )  # fmt: skip
    text = card(fault, update_qualification(tmp_path, [qualify(measured, CORRECTED)]))
    words = " ".join(text.split())  # lines are wrapped
    for part in (
        "C1: ReLU of the second convolution changed to hard sigmoid",
        "source Kim et al., ICST 2023, fault C1",
        "operator change_activation_function",
        "activation_2: hard_sigmoid -> relu (operator activation, inside the corrected space)",
        "faulty 0.61, fixed 0.70, faulty re-evaluated 0.616 (sd 0.056), 27 hyperparameters",
        "0.45 (0.07), 1 of 3 diverged against 0.65 (0.07), 1 of 3 diverged; p",
        "drop 31%, inside the study's filter; T 12 s; n 3, data default, fraction 0.05, a device",
        "CIFAR-10: 60,000 colour images",
        "deviation The drop is 13 %",
        "hard_sigmoid is that of Keras 2: clip(0.2 x + 0.5, 0, 1)",
    ):
        assert part in words
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("fault", ALL.values(), ids=lambda f: f.id)
def test_every_fault_has_a_card(fault) -> None:  # type: ignore[no-untyped-def]
    text = " ".join(card(fault, QUALIFICATION.frame([])).split())
    assert fault.source in text
    assert f"nothing yet; dnn-repair baseline plan=icst23 plan.faults={fault.id}" in text
    for deviation in fault.deviations:
        assert deviation in text


def test_the_documentation_is_up_to_date() -> None:
    from experiments.faults import DOCS, RESULTS, documented
    from experiments.pages import marked
    from harness.analysis import qualification

    page = DOCS.read_text()
    for name, part in documented(
        load_registry([FAULTS]), qualification.read_qualification(RESULTS)
    ).items():
        page = marked(page, name, part)
    assert page == DOCS.read_text(), "python -m experiments.faults"
    with pytest.raises(HarnessError, match="0 places for 'kinds'"):
        marked("# nothing here", "kinds", "")
