"""The published study as runs and baselines."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.analysis.protocols import CORRECTED, ICST23
from harness.analysis.published import Published, load_published
from harness.analysis.published.facts import SHIPPED
from harness.analysis.published.trials import TRIALS_FILE
from harness.analysis.winners import winner
from harness.vocabulary import HarnessError, TrialStatus


def test_the_shipped_study_is_complete(study: Published) -> None:
    assert (len(study.trials), len(study.runs), len(study.autotrainer)) == (76_051, 2_700, 900)
    assert study.complete and len(study.facts) == 30 and not study.notes
    assert sum(facts.real for facts in study.facts.values()) == 9


def test_every_run_begins_with_the_faulty_program(study: Published) -> None:
    assert all(run.trials[0].proposal == 0 for run in study.runs)
    assert all(run.trials[0].configuration == run.faulty for run in study.runs)
    d4 = next(run for run in study.runs if run.fault == "D4")
    assert (d4.faulty["activation_1"], d4.faulty["learning_rate"]) == ("None", 3.0)
    assert (d4.fixed["activation_1"], d4.fixed["learning_rate"]) == ("sigmoid", 0.1)
    assert type(d4.faulty["epochs"]) is int


def test_seconds_only_grow(study: Published) -> None:
    for run in study.runs:
        spent = [row.spent for row in run.trials]
        assert spent == sorted(spent) and spent[0] > 0


def test_scores_of_nan_predictions_are_divergence(study: Published) -> None:
    scored = [
        (run, row)
        for run in study.runs
        for row in run.trials
        if row.status is TrialStatus.DIVERGED and row.holdout is not None
    ]
    assert len(scored) == 791 and {run.fault[0] for run, _ in scored} == {"U"}
    for protocol, number in ((ICST23, 301), (CORRECTED, 0)):
        best = [winner(run, protocol) for run in study.runs]
        assert sum(w is not None and w.status is TrialStatus.DIVERGED for w in best) == number


def test_the_winner_is_the_trial_that_the_authors_rule_picks(study: Published) -> None:
    told = pd.read_parquet(SHIPPED / TRIALS_FILE, columns=["is_selected", "holdout_metric"])
    chosen = sorted(told.loc[told["is_selected"], "holdout_metric"])
    best = [winner(run, ICST23) for run in study.runs]
    assert sorted(w.holdout for w in best if w and w.holdout is not None) == chosen


def test_faulty_lists(study: Published) -> None:
    reference, trained = study.baselines(ICST23), study.baselines(CORRECTED)
    key = ("U3", "published", 1.0)
    assert len(reference[key].faulty_holdout) == 10 and reference[key].faulty_mean == 0.121
    assert 80 < len(trained[key].faulty_holdout) < 90
    assert min(trained[key].faulty_holdout) > 0.005
    assert trained[key].fixed_mean == 0.044 and not trained[key].fixed_holdout


def test_a_folder_without_the_study_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="cannot be read"):
        load_published(tmp_path)
