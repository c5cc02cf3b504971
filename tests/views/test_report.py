from __future__ import annotations

from collections import Counter
from dataclasses import fields, replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from studies import FAST, reaching

from harness.analysis import study_tables
from harness.analysis.protocols import Protocol
from harness.analysis.study_tables import StudyTable
from harness.records.cell import Cell
from harness.records.tables import table
from harness.views import figures
from harness.views.figures import FIGURES, ReportFigure
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
    for schema, frame in made.tables:
        assert len(schema.read(folder / f"{schema.name}.csv")) == len(frame)
    saved = {path.name for path in (folder / "figures").iterdir()}
    assert saved == {f"{name}.{kind}" for name in FIGURES for kind in ("pdf", "png")}


def test_every_choice_of_the_protocol_is_explained() -> None:
    rows = protocol_board(FAST).rows
    assert [row[0].text for row in rows] == [f.name for f in fields(Protocol)]
    unexplained = {row[0].text for row in rows if not row[2].text}
    assert unexplained <= {"name", "bootstrap_resamples", "bootstrap_seed"}


def test_tables_and_figures_of_other_modules_have_a_section(
    made: StudyReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = table("sizes", "fault | str | | its id\nrate | float | | a share")
    frame = sizes.frame([{"fault": "M1", "rate": 0.123456}, {"fault": "M2", "rate": None}])
    monkeypatch.setitem(study_tables._tables, "sizes", StudyTable(sizes, lambda _: frame))
    monkeypatch.setitem(figures._figures, "mine", ReportFigure("Mine", figures.costs))
    text = _Page(write_report(made, tmp_path).read_text()).text
    assert "Further tables and figures" in text and "Mine" in text
    for shown in ("Table sizes", "0.1235", "rate: a share."):
        assert shown in text
    assert len(sizes.read(tmp_path / "sizes.csv")) == 2
    assert (tmp_path / "figures" / "mine.pdf").exists()


def test_without_them_there_is_no_such_section(folder: Path) -> None:
    assert "Further tables" not in (folder / "report.html").read_text()
