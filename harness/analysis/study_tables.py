"""The tables of a study: each one schema, and one function of the runs that fills it.

A report saves all of them as CSV. A module outside the package adds a table by a function marked
:func:`study_table`; it must be imported before the report is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from harness.analysis import anytime, duels, ranks
from harness.analysis.runset import RunSet
from harness.analysis.schemas import (
    ANYTIME,
    AREAS,
    DUELS,
    PAIRS,
    PROGRESS,
    RANKS,
    RATE_PROFILES,
    SCORES,
    SUMMARY,
    TARGETS,
)
from harness.records.tables import Table


class StudyTable(NamedTuple):
    """A schema, and how its frame follows from a study."""

    schema: Table
    make: Callable[[RunSet], pd.DataFrame]


_BUILT_IN = (
    StudyTable(SCORES, lambda study: study.scores),
    StudyTable(SUMMARY, lambda study: study.summary),
    StudyTable(ANYTIME, anytime.anytime),
    StudyTable(PROGRESS, anytime.progress),
    StudyTable(AREAS, anytime.areas),
    StudyTable(TARGETS, anytime.targets),
    StudyTable(RANKS, ranks.ranks),
    StudyTable(PAIRS, ranks.pairs),
    StudyTable(DUELS, duels.duels),
    StudyTable(RATE_PROFILES, ranks.profile_table),
)
_tables = {row.schema.name: row for row in _BUILT_IN}
STUDY_TABLES: Mapping[str, StudyTable] = MappingProxyType(_tables)
"""Name of the table -> schema and function, in the order of the report."""


def study_table(
    schema: Table,
) -> Callable[[Callable[[RunSet], pd.DataFrame]], Callable[[RunSet], pd.DataFrame]]:
    """Add a table to every report: a CSV file of its name, and a section of the page.

    Args:
        schema: Of the frames that the marked function returns.

    Raises:
        ValueError: If the name belongs to a table of the package.

    Example::

        from harness.records.tables import table
        SIZES = table("sizes", "fault | str | | its id\\nruns | int | | of all techniques")
        @study_table(SIZES)
        def sizes(study):
            counts = study.scores.groupby("fault")["n"].sum()
            return SIZES.frame({"fault": f, "runs": n} for f, n in counts.items())
    """
    if schema.name in {row.schema.name for row in _BUILT_IN}:
        raise ValueError(f"table {schema.name} is one of the package; choose another name")

    def register(make: Callable[[RunSet], pd.DataFrame]) -> Callable[[RunSet], pd.DataFrame]:
        _tables[schema.name] = StudyTable(schema, make)
        return make

    return register


def added_tables() -> list[StudyTable]:
    """The tables that other modules have added, in the order of their registration."""
    return [row for row in _tables.values() if row not in _BUILT_IN]
