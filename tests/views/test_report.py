from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from studies import FAST, reaching

from harness.analysis.layout import Field, Header, Layout
from harness.analysis.multiverse import multiverse, ranking_claims
from harness.analysis.protocols import Protocol
from harness.analysis.runset import RunSet
from harness.records.cell import Cell
from harness.space.operators import OPERATORS
from harness.subjects.registry import Registry
from harness.views import boards
from harness.views.benchmark import operators, subjects
from harness.views.figures import FIGURES
from harness.views.report import Provenance, StudyReport, protocol_board, study_report, write_report

VALUES = {
    (fault, technique): [0.3 + 0.1 * place + 0.02 * i for i in range(6)]
    for fault in ("M1", "M2")
    for place, technique in enumerate(("random", "hebo"))
}


def lacking() -> Cell:
    return Cell(
        fault="M2", fault_content="", technique="hebo", settings={}, space="corrected",
        clock="training", budget=10.0, data="default", fraction=1.0, backend="", repetition=7,
        seed=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made() -> StudyReport:
    study = replace(reaching(VALUES), missing=[lacking()])
    provenance = Provenance({"keras": Counter({"3.15": 24})})
    few = {"fall_back_to_faulty": (False, True)}
    return study_report("A <study>", study, provenance, comparisons=200, winners=few)


@pytest.fixture(scope="module")
def folder(made: StudyReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    assert write_report(made, folder) == folder / "report.html"
    return folder


class _Page(HTMLParser):
    """Checks that tags are closed in order; collects text and where things come from."""

    EMPTY = ("meta", "img", "br")

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sources += [v or "" for k, v in attrs if k in ("src", "href")]
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_needs_no_other_file(folder: Path) -> None:
    text = (folder / "report.html").read_text()
    page = _Page(text)
    assert page.open == []
    assert all(source.startswith(("data:", "#")) for source in page.sources)
    assert "url(" not in text and "<script" not in text
    assert len([s for s in page.sources if s.startswith("data:image/svg")]) == len(FIGURES)


def test_the_page_says_what_it_must(folder: Path) -> None:
    text = " ".join(_Page((folder / "report.html").read_text()).text.split())
    for words in (
        "A <study>",  # escaped: it arrives as text
        "1 of 25 planned runs are missing",
        "Faults that do not qualify: 0 of 2",
        "Stand-in data and other variants: 0 of 2",
        "Smallest effect",
        "keras",
        "3.15 (24)",
        "Protocol corrected",
    ):
        assert words in text
    for choice in fields(Protocol):
        assert choice.name in text


def test_every_table_and_figure_is_saved_beside_it(made: StudyReport, folder: Path) -> None:
    for table, frame in made.tables:
        assert len(table.read(folder / f"{table.name}.csv")) == len(frame)
    saved = {path.name for path in (folder / "figures").iterdir()}
    assert saved == {f"{name}.{kind}" for name in FIGURES for kind in ("pdf", "png")}


def test_every_choice_of_the_protocol_is_explained() -> None:
    rows = protocol_board(FAST).rows
    assert [row[0].text for row in rows] == [f.name for f in fields(Protocol)]
    unexplained = {row[0].text for row in rows if not row[2].text}
    assert unexplained <= {"name", "bootstrap_resamples", "bootstrap_seed"}


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


def test_a_fault_may_be_trained_on_a_share_of_its_data() -> None:
    study = reaching(VALUES)
    runs = [replace(r, fraction=0.05) if r.fault == "M1" else r for r in study.runs]
    base = {("M1", "default", 0.05): study.baseline("M1"), **study.baselines}
    del base["M1", "default", 1.0]
    mixed = replace(study, runs=runs, baselines=base)
    assert mixed.values("M1", "random") == study.values("M1", "random")
    assert set(mixed.scores["fraction"]) == {0.05, 1.0}


def test_boards_of_studies_without_rates_or_rivals() -> None:
    alone = reaching({("M1", "random"): [0.5]})
    base = alone.baselines["M1", "default", 1.0]
    hidden = replace(base, fixed_holdout=())
    for study in (alone, replace(alone, baselines={("M1", "default", 1.0): hidden})):
        for board in (
            boards.progress_board, boards.area_board, boards.rank_board, boards.pair_board,
            boards.target_board, boards.exposure_board, boards.missing_board,
        ):  # fmt: skip
            assert board(study).html()


def test_the_multiverse_names_the_choice_that_matters_most() -> None:
    study: RunSet = reaching({("M1", "random"): [0.1] * 6, ("M2", "random"): [0.1] * 6})
    table = multiverse(study, ranking_claims(study), {"fall_back_to_faulty": (False, True)}, {})
    shown = {row[0].text: row for row in boards.multiverse_board(table).rows}
    assert shown["random improves at least half of the faults significantly"][1].text == "0%"


def test_tables_one_and_two_are_those_of_the_registry(registry: Registry) -> None:
    one, two = operators(registry), subjects(registry)
    assert [row[0].text for row in one.rows] == [operator.name for operator in OPERATORS]
    assert [row[0].text for row in two.rows] == list(registry)
    by_id = {row[0].text: [field.text for field in row] for row in two.rows}
    assert by_id["D1"][4] == "15" and "softmax → sigmoid" in by_id["D1"][5]
    assert "activation" in by_id["D1"][6] and by_id["D1"][7] == "repairable"


def test_a_layout_is_escaped_in_every_form() -> None:
    table = Layout("a < b", [Header("x|y", "left")], [[Field("<b>*", strong=True)]], ["n & m"])
    assert "a &lt; b" in table.html() and "<strong>&lt;b&gt;*</strong>" in table.html()
    assert "n &amp; m" in table._repr_html_()
    assert re.search(r"\| x\\\|y \|", table.markdown())
