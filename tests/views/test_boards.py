"""The tables across faults, for people."""

from __future__ import annotations

from dataclasses import replace

from studies import reaching

from harness.analysis.multiverse import multiverse, ranking_claims
from harness.analysis.runset import RunSet
from harness.records.tables import table
from harness.views import boards
from harness.views.comparisons import duel_board, pair_board, profile_board
from harness.views.report import Provenance, study_report

VALUES = {
    (fault, technique): [0.3 + 0.1 * place + 0.02 * i for i in range(6)]
    for fault in ("M1", "M2")
    for place, technique in enumerate(("random", "hebo"))
}


def test_a_fault_that_is_not_exposed_is_named() -> None:
    study = reaching(VALUES)
    base = study.baselines["M2", "default", 1.0]
    hidden = replace(base, fixed_holdout=base.faulty_holdout)
    study = replace(study, baselines={**study.baselines, ("M2", "default", 1.0): hidden})
    board = boards.exposure_board(study)
    assert [row[0].text for row in board.rows] == ["M2"]
    assert board.title == "Faults that do not qualify: 1 of 2"
    few = study_report("t", study, Provenance(), audit=None, winners={})
    assert few.audited.empty


def test_data_that_are_no_default_are_named() -> None:
    study = reaching(VALUES)
    runs = [replace(r, data="stand_in") if r.fault == "M1" else r for r in study.runs]
    base = {("M1", "stand_in", 1.0): study.baseline("M1"), **study.baselines}
    board = boards.data_board(replace(study, runs=runs, baselines=base))
    assert [[f.text for f in row] for row in board.rows] == [["M1", "stand_in"]]


def test_boards_of_studies_without_rates_or_rivals() -> None:
    alone = reaching({("M1", "random"): [0.5]})
    base = alone.baselines["M1", "default", 1.0]
    hidden = replace(base, fixed_holdout=())
    for study in (alone, replace(alone, baselines={("M1", "default", 1.0): hidden})):
        for board in (
            boards.progress_board, boards.area_board, boards.rank_board, pair_board, duel_board,
            profile_board,
            boards.target_board, boards.exposure_board, boards.missing_board,
        ):  # fmt: skip
            assert board(study).html()


def test_the_multiverse_names_the_choice_that_matters_most() -> None:
    study: RunSet = reaching({("M1", "random"): [0.1] * 6, ("M2", "random"): [0.1] * 6})
    table = multiverse(study, ranking_claims(study), {"fall_back_to_faulty": (False, True)}, {})
    shown = {row[0].text: row for row in boards.multiverse_board(table).rows}
    assert shown["random improves at least half of the faults significantly"][1].text == "0%"


def test_any_table_can_be_shown() -> None:
    schema = table("sizes", "fault | str | | its id\nrate | float | s | a time")
    frame = schema.frame([{"fault": "M1", "rate": 1.23456}, {"fault": None, "rate": None}])
    board = boards.schema_board(schema, frame)
    assert [[f.text for f in row] for row in board.rows] == [["M1", "1.235"], ["-", "-"]]
    assert [h.justify for h in board.headers] == ["left", "right"]
    assert board.notes == ["fault: its id.", "rate: a time (s)."]
