"""One page about a study: results, method, versions, and missing runs."""

from __future__ import annotations

import ast
import inspect
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.analysis import trust
from harness.analysis.layout import Layout, headed, plain_fields
from harness.analysis.multiverse import Options, multiverse, ranking_claims
from harness.analysis.protocols import Protocol
from harness.analysis.runset import RunSet
from harness.analysis.schemas import AUDIT, MULTIVERSE
from harness.analysis.study_tables import STUDY_TABLES, added_tables
from harness.records.store import Store
from harness.records.tables import Table
from harness.views import boards, comparisons
from harness.views.drawing import save, svg
from harness.views.figures import FIGURES, added_figures
from harness.views.render import by_setting, summary_layout, table3_layout

TEMPLATES = Path(__file__).parent

REPORTED_COMPARISONS = 6000
"""Of an A/A audit: the interval of a rate of 0.05 is then 0.011 wide."""

METHOD = (
    "A run is one technique on one fault until its budget, a multiple of the faulty program's "
    "training time T, is spent. Its result is the trial with the best metric on the search part of "
    "the test data, judged on the holdout part, which no technique sees. What a run amounts to, "
    "which test decides and what a missing value counts as are fields of the protocol, listed "
    "below with their values.",
    "The improvement rate of a value is the share of the gap between the mean of the faulty and of "
    "the fixed program that it closes: 0 is the fault, 1 the developers' fix. Where the baseline "
    "does not tell the two apart it is missing.",
    "Intervals over faults draw subjects first, then their faults, then their runs: mutants of one "
    "subject are not independent.",
)


@dataclass(frozen=True, slots=True)
class Provenance:
    """Versions and devices of the runs."""

    facts: Mapping[str, Counter[str]] = field(default_factory=dict)
    """Package, device, commit and the like -> its versions, each with the runs that had it."""

    def board(self) -> Layout:
        rows = [
            plain_fields(name, ", ".join(_counted(found)))
            for name, found in sorted(self.facts.items())
        ]
        title = "Versions and devices that the runs record"
        return Layout(title, headed(["what", "found (runs)"], []), rows, [])


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    parts: Sequence[Layout | str]
    """Tables, and names of figures."""
    text: Sequence[str] = ()


@dataclass(frozen=True)
class StudyReport:
    """Everything that the page shows, computed once."""

    title: str
    study: RunSet
    audited: pd.DataFrame
    multiverse: pd.DataFrame
    provenance: Provenance

    @property
    def tables(self) -> list[tuple[Table, pd.DataFrame]]:
        """What is saved beside the page, at full precision."""
        return [
            *((schema, make(self.study)) for schema, make in STUDY_TABLES.values()),
            (AUDIT, self.audited),
            (MULTIVERSE, self.multiverse),
        ]

    def sections(self) -> list[Section]:
        study = self.study
        table3 = [
            table3_layout(part, study.protocol, _present(study, part))
            for part in by_setting(study.scores)
        ]
        return [
            Section(
                "Effectiveness",
                [*table3, summary_layout(study.summary, study.protocol), "figure1_improvement",
                 "figure2_values"],
            ),
            Section("Stability", ["spread"]),
            Section(
                "Costs",
                [boards.progress_board(study), "progress", "progress_by_fault",
                 boards.area_board(study), boards.target_board(study), "targets", "costs"],
            ),
            Section("Complexity of the patches", ["figure3_complexity"]),
            Section(
                "Techniques against each other",
                [boards.rank_board(study), "critical_differences", "aggregates",
                 comparisons.pair_board(study), "pairs", comparisons.duel_board(study),
                 comparisons.profile_board(study), "profiles"],
            ),
            *self._added(),
            Section(
                "Can this be trusted?",
                [*([boards.audit_board(self.audited)] if len(self.audited) else []),
                 boards.multiverse_board(self.multiverse)],
            ),
            Section(
                "What is not there",
                [boards.missing_board(study), boards.exposure_board(study),
                 boards.data_board(study)],
            ),
            Section(
                "Method", [protocol_board(study.protocol), self.provenance.board()], METHOD
            ),
        ]  # fmt: skip

    def _added(self) -> list[Section]:
        """What modules outside the package have added to the report; empty if they have not."""
        tables = [boards.schema_board(row.schema, row.make(self.study)) for row in added_tables()]
        parts: list[Layout | str] = [*tables, *added_figures()]
        return [Section("Further tables and figures", parts)] if parts else []


def study_report(
    title: str,
    study: RunSet,
    provenance: Provenance,
    *,
    audit: str | None = "random",
    comparisons: int = REPORTED_COMPARISONS,
    winners: Options | None = None,
) -> StudyReport:
    """Compute what the page shows.

    Args:
        title: Of the page.
        study: The runs.
        provenance: Versions and devices, see :func:`provenance_of`.
        audit: The technique whose trials are independent of each other; it is left out of the
            page if the study has no runs of it.
        comparisons: Of its A/A audit.
        winners: Choices of the multiverse about figures; by default those that can matter.
    """
    audited = (
        trust.audit(study, audit, comparisons=comparisons, seed=study.protocol.bootstrap_seed)
        if audit is not None and audit in study.techniques
        else AUDIT.frame([])
    )
    table = multiverse(study, ranking_claims(study), winners)
    return StudyReport(title, study, audited, table, provenance)


def write_report(made: StudyReport, folder: Path) -> Path:
    """The page, its tables as CSV and its figures as PDF and PNG.

    Returns:
        The page: one file that needs no other.
    """
    for table, frame in made.tables:
        table.write(frame, folder / f"{table.name}.csv")
    drawn = {}
    for name, (_, draw) in FIGURES.items():
        if figure := draw(made.study):
            save(figure, folder / "figures", name)
            drawn[name] = b64encode(svg(figure)).decode()
    page = folder / "report.html"
    page.write_text(_html(made, drawn), encoding="utf-8")
    return page


def provenance_of(store: Store, cells: Iterable[Any]) -> Provenance:
    """Versions and devices in the records of these finished runs."""
    facts: dict[str, Counter[str]] = {}
    for cell in cells:
        record = store.read_record(cell)
        environment = record.environment
        found = {
            **environment.packages,
            "harness": environment.harness,
            "python": environment.python,
            "machine": environment.machine,
            "commit": environment.commit,
            "device": record.device,
            "uncommitted changes": "yes" if environment.dirty else "no",
        }
        for name, value in found.items():
            facts.setdefault(name, Counter())[str(value)] += 1
    return Provenance(facts)


def protocol_board(protocol: Protocol) -> Layout:
    """Every choice of the analysis, with its value and meaning."""
    meanings = _meanings(type(protocol))
    rows = [
        plain_fields(name, str(getattr(protocol, name)), text) for name, text in meanings.items()
    ]
    return Layout(f"Protocol {protocol.name}", headed(["choice", "value", "meaning"], []), rows, [])


def _meanings(kind: type) -> dict[str, str]:
    """Field -> the string below it in the source of a dataclass; empty if there is none."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    found = {}
    for statement, following in zip(body.body, [*body.body[1:], None], strict=True):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            text = ""
            if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
                text = " ".join(str(following.value.value).split())
            found[statement.target.id] = text
    return found


def _html(made: StudyReport, drawn: Mapping[str, str]) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, autoescape=True
    )
    study = made.study
    return environment.get_template("report.html.j2").render(
        title=made.title,
        study=study,
        warnings=_warnings(made),
        sections=[
            {"title": s.title, "text": s.text, "parts": [_part(p, drawn) for p in s.parts]}
            for s in made.sections()
        ],
    )


def _part(part: Layout | str, drawn: Mapping[str, str]) -> dict[str, str]:
    if isinstance(part, Layout):
        return {"html": part.html()} if part.rows else {"line": f"{part.title}."}
    if part not in drawn:
        return {"line": f"{FIGURES[part].title}: nothing to draw."}
    return {"title": FIGURES[part].title, "svg": drawn[part]}


def _warnings(made: StudyReport) -> list[str]:
    """Warnings above the first table."""
    study = made.study
    found = []
    if study.missing:
        whole = len(study.missing) + len(study.runs)
        found.append(f"{len(study.missing)} of {whole} planned runs are missing.")
    if study.origin:
        found.append(study.origin)
    hidden = [
        f for f in study.faults if not study.scores.set_index("fault").loc[[f], "exposed"].all()
    ]
    if hidden:
        found.append(
            f"Not exposed by their baseline, so without improvement rate: {', '.join(hidden)}."
        )
    if others := [f"{f} ({data})" for f, data in study.data.items() if data != "default"]:
        found.append(f"Data other than the default: {', '.join(others)}.")
    if len(made.audited) and not trust.passes(made.audited):
        found.append("The audit failed: the tests reject too often, or miss what was planted.")
    return found


def _present(study: RunSet, part: pd.DataFrame) -> list[str]:
    return [name for name in study.techniques if (part["technique"] == name).any()]


def _counted(found: Counter[str]) -> list[str]:
    return [f"{value} ({n})" for value, n in found.most_common()]
