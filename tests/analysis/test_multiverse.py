from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from studies import AS_FOUND, reaching

from harness.analysis.multiverse import (
    VERDICTS,
    WINNERS,
    RankingClaim,
    multiverse,
    ranking_claims,
    relevant,
)
from harness.analysis.schemas import MULTIVERSE
from harness.analysis.scores import scores
from harness.records.outcome import ScoredOutcome, Trial
from harness.records.tables import records
from harness.vocabulary import TrialStatus

UP = [0.7 + i / 100 for i in range(8)]
DOWN = [0.1 + i / 100 for i in range(8)]
STUDY = reaching(
    {("M1", "a"): UP, ("M1", "b"): DOWN, ("M2", "a"): UP, ("M2", "b"): UP, ("M3", "a"): DOWN,
     ("M3", "b"): DOWN},
    protocol=AS_FOUND,
)  # fmt: skip


ALWAYS = ("no_better_is_no_patch", "fall_back_to_faulty", "decimals")
"""Choices that can matter to any study."""


def test_the_universes_are_the_combinations_that_a_protocol_allows() -> None:
    table = multiverse(
        STUDY, ranking_claims(STUDY), {"fall_back_to_faulty": (False, True)}, VERDICTS
    )
    assert [*table.columns] == MULTIVERSE.names
    whole = table[table["choice"].isna()]
    # Two tests x Holm or not x two directions, without Holm on signed-rank; times two.
    assert (whole["universes"] == 12).all()
    assert (table["holds"] <= table["universes"]).all()
    halves = table[table["choice"] == "fall_back_to_faulty"]
    assert (halves.groupby("claim")["universes"].sum() == 12).all()


def _with(trial: Trial, **changes: Any) -> Trial:
    """The trial with other values, those of its outcome among them."""
    of_outcome = {n: changes.pop(n) for n in ("status", "fidelity") if n in changes}
    values = {f.name: getattr(trial.outcome, f.name) for f in fields(trial.outcome)}
    return replace(trial, outcome=ScoredOutcome(**{**values, **of_outcome}), **changes)


def test_choices_that_cannot_matter_are_left_out() -> None:
    assert set(relevant(STUDY)) == {*ALWAYS}
    first, *others = STUDY.runs
    kinds = {
        "cut_may_win": {"status": TrialStatus.CUT},
        "partial_may_win": {"fidelity": 0.5},
        "diverged_may_win": {"status": TrialStatus.DIVERGED},
        "skip_first_trial": {"proposal": 0, "configuration": first.faulty},
    }
    for name, changes in kinds.items():
        row = _with(first.trials[0], **changes)
        found = relevant(replace(STUDY, runs=[replace(first, trials=[row]), *others]))
        assert set(found) == {*ALWAYS, "unjudged", name}


def test_what_is_left_out_would_change_no_share() -> None:
    whole = multiverse(STUDY, ranking_claims(STUDY), WINNERS, {})
    some = multiverse(STUDY, ranking_claims(STUDY), verdict={})
    shares = [t[t["choice"].isna()] for t in (whole, some)]
    one, two = ((t["holds"] / t["universes"]).tolist() for t in shares)
    assert one == two


def test_a_universe_is_what_the_scores_say_under_its_choices() -> None:
    def significant(rows: object) -> bool:
        return any(row["significant"] for row in rows)  # type: ignore[attr-defined]

    claim = RankingClaim("something is significant", significant)
    for test, holm in (("mannwhitney", False), ("mannwhitney", True), ("wilcoxon", False)):
        options = {"test": (test,), "holm": (holm,)}
        table = multiverse(STUDY, [claim], {}, options)
        protocol = replace(AS_FOUND, test=test, holm=holm)
        frame = scores(STUDY.runs, STUDY.baselines, protocol)
        assert bool(table["holds"][0]) == bool(frame["significant"].any())


def test_claims_are_those_of_the_studys_own_protocol() -> None:
    stated = ranking_claims(STUDY)
    rows = records(STUDY.scores)
    assert all(claim.holds(rows) for claim in stated if "half" not in claim.text)
    texts = [claim.text for claim in stated]
    assert "a improves more faults significantly than b" in texts
    assert "a has a higher median improvement rate than b" in texts


def test_a_claim_that_depends_on_a_choice_is_shown_to() -> None:
    claim = RankingClaim("a run falls back", lambda rows: min(row["mean"] for row in rows) == 0.2)
    table = multiverse(STUDY, [claim], {"fall_back_to_faulty": (False, True)}, {})
    parts = table.dropna(subset="choice").set_index("option")["holds"]
    assert (parts["False"], parts["True"]) == (0, 1)


def test_what_cannot_be_decided_is_not_counted() -> None:
    claim = RankingClaim("nothing", lambda rows: None)
    table = multiverse(STUDY, [claim], {}, {})
    assert table["universes"][0] == 0
    with pytest.raises(TypeError):
        multiverse(STUDY, [claim], {"no_such_choice": (1,)}, {})
