"""A study as its readers take it: frames for programs, tables and figures for people."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from harness.analysis import anytime, duels, frames, ranks, schemas
from harness.analysis.layout import Layout
from harness.analysis.runset import RunSet
from harness.records.cell import Cell
from harness.records.tables import Table, table
from harness.views import boards, comparisons, render
from harness.vocabulary import HarnessError, unknown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from harness.views.report import Provenance

STUDY_FRAMES: Mapping[str, tuple[Table, Callable[[RunSet], pd.DataFrame]]] = {
    "trials": (frames.TRIALS, frames.trial_frame),
    "runs": (frames.RUNS, frames.run_frame),
    "missing": (frames.MISSING, frames.missing_frame),
    "scores": (schemas.SCORES, lambda study: study.scores),
    "summary": (schemas.SUMMARY, lambda study: study.summary),
    "anytime": (schemas.ANYTIME, anytime.anytime),
    "progress": (schemas.PROGRESS, anytime.progress),
    "areas": (schemas.AREAS, anytime.areas),
    "targets": (schemas.TARGETS, anytime.targets),
    "ranks": (schemas.RANKS, ranks.ranks),
    "pairs": (schemas.PAIRS, ranks.pairs),
    "duels": (schemas.DUELS, duels.duels),
    "profiles": (schemas.RATE_PROFILES, ranks.profile_table),
}
"""Name of a frame -> its schema, and how it follows from the runs."""

STUDY_LAYOUTS: Mapping[str, Callable[[RunSet], Layout]] = {
    "scores": lambda study: render.table3_layout(study.scores, study.protocol, study.techniques),
    "summary": lambda study: render.summary_layout(study.summary, study.protocol),
    "ranks": boards.rank_board,
    "pairs": comparisons.pair_board,
    "duels": comparisons.duel_board,
    "profiles": comparisons.profile_board,
    "progress": boards.progress_board,
    "areas": boards.area_board,
    "targets": boards.target_board,
    "exposure": boards.exposure_board,
    "missing": boards.missing_board,
    "data": boards.data_board,
}
"""Name of a table for people -> how it is laid out."""

COLUMNS_TABLE = table(
    "columns",
    """
    column  | str | | name of the column
    type    | str | | str, int, float or bool
    unit    | str | | unit or range; empty if it has none
    meaning | str | | what it holds
    """,
)


@dataclass(frozen=True, eq=False)
class Study:
    """The stored runs of one setting: frames for programs, tables and figures for people.

    ``harness.columns("scores")`` explains the columns of a frame.
    """

    read: Callable[[], RunSet]
    """Reads the runs; called once, when they are first needed."""
    title: str
    label: str
    """Names the folder of its report."""
    root: Path | None = None
    """Results folder of the runs; None for the published ones."""
    origin: Callable[[], Provenance] | None = None
    """With what the runs were made."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Folder of a run that could not be made just now -> why."""
    elsewhere: Sequence[Cell] = ()
    """Runs that another process was making."""

    @cached_property
    def runset(self) -> RunSet:
        """The runs as the functions of ``harness.analysis`` take them."""
        return self.read()

    @property
    def trials(self) -> pd.DataFrame:
        """One row per trial."""
        return self.frame("trials")

    @property
    def runs(self) -> pd.DataFrame:
        """One row per run."""
        return self.frame("runs")

    @property
    def scores(self) -> pd.DataFrame:
        """One row per fault and technique."""
        return self.frame("scores")

    @property
    def summary(self) -> pd.DataFrame:
        """One row per technique."""
        return self.frame("summary")

    @property
    def missing(self) -> pd.DataFrame:
        """One row per run that is planned and not made."""
        return self.frame("missing")

    def frame(self, name: str) -> pd.DataFrame:
        """The frame of this name, see ``STUDY_FRAMES``."""
        if name not in STUDY_FRAMES:
            raise unknown("frame", name, STUDY_FRAMES)
        return STUDY_FRAMES[name][1](self.runset)

    def table(self, name: str = "scores") -> Layout:
        """The table of this name, rounded and with notes, see ``STUDY_LAYOUTS``.

        A notebook shows it; ``markdown()``, ``latex()`` and ``html()`` give its text.
        """
        if name not in STUDY_LAYOUTS:
            raise unknown("table", name, STUDY_LAYOUTS)
        return STUDY_LAYOUTS[name](self.runset)

    def to_latex(self, name: str = "scores") -> str:
        """A table for a paper; the document needs the package ``booktabs``."""
        return self.table(name).latex()

    def to_markdown(self, name: str = "scores") -> str:
        return self.table(name).markdown()

    def plot(
        self, name: str, *, beside: Sequence[Study] = (), path: str | Path | None = None
    ) -> Figure | None:
        """The figure of this name, see ``harness.views.figures.FIGURES``.

        Args:
            beside: Other studies in the same figure; only ``figure1_improvement`` has several.
            path: File to which the figure is saved, with the format of its ending.

        Returns:
            None if the study has too little for this figure.
        """
        from harness.views import figures

        if name not in figures.FIGURES:
            raise unknown("figure", name, figures.FIGURES)
        if beside and name != "figure1_improvement":
            raise HarnessError(f"figure {name} shows one study, so it takes none beside it")
        if beside:
            drawn: Figure | None = figures.improvement_figure(
                [self.runset, *(other.runset for other in beside)]
            )
        else:
            drawn = figures.FIGURES[name][1](self.runset)
        if drawn is not None and path is not None:
            drawn.savefig(path)
        return drawn

    def report(self, folder: str | Path | None = None) -> Path:
        """Write one self-contained page, its tables as CSV and its figures as PDF and PNG.

        Args:
            folder: By default ``reports`` of the results folder, below the study's label.

        Returns:
            The page.
        """
        from harness.views.report import Provenance, study_report, write_report

        if folder is None:
            folder = (self.root or Path("results")) / "reports" / self.label
        title = f"{self.title}, budget {self.runset.budget:g}"
        origin = Provenance() if self.origin is None else self.origin()
        return write_report(study_report(title, self.runset, origin), Path(folder))

    def _repr_html_(self) -> str:
        return self.table("summary").html()

    def __repr__(self) -> str:
        found = self.runset
        return (
            f"<Study: {self.title}, budget {found.budget:g}, {len(found.runs)} runs of "
            f"{', '.join(found.techniques)} on {len(found.faults)} faults, "
            f"{len(found.missing)} missing>"
        )
