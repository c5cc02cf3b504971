"""Tables with one declared schema each, shared by writer and reader."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from harness.vocabulary import HarnessError


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    """``str``, ``int``, ``float`` or ``bool``; a missing value stays missing in all of them."""
    unit: str
    meaning: str


_DTYPES: Mapping[str, Any] = {
    "str": "string",
    "int": "Int64",
    "float": "float64",
    "bool": "boolean",
}
_MISSING = {"str": pd.NA, "int": pd.NA, "float": math.nan, "bool": pd.NA}


@dataclass(frozen=True, slots=True)
class Table:
    """A schema that the writer and the reader of a table share."""

    name: str
    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        if len(set(self.names)) != len(self.columns):
            raise ValueError(f"two columns of table {self.name} share a name")

    @property
    def names(self) -> list[str]:
        return [c.name for c in self.columns]

    def frame(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """The rows as a frame with exactly the declared columns, in order.

        Raises:
            ValueError: If a row lacks a column or has one more.
        """
        rows = list(rows)
        for row in rows:
            if set(row) != set(self.names):
                raise ValueError(
                    f"table {self.name}: missing {sorted(set(self.names) - set(row))}, "
                    f"unknown {sorted(set(row) - set(self.names))}"
                )
        columns = {
            c.name: pd.array(
                [_MISSING[c.type] if row[c.name] is None else row[c.name] for row in rows],
                dtype=_DTYPES[c.type],
            )
            for c in self.columns
        }
        return pd.DataFrame(columns)

    def write(self, frame: pd.DataFrame, path: Path) -> None:
        """As CSV, at full precision."""
        if list(frame.columns) != self.names:
            raise ValueError(f"table {self.name} has columns {self.names}, not {[*frame.columns]}")
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.to_csv(path, index=False)

    def read(self, path: Path) -> pd.DataFrame:
        """Raises HarnessError if the file is not this table."""
        try:
            frame = pd.read_csv(path, dtype={c.name: _DTYPES[c.type] for c in self.columns})
        except (OSError, ValueError) as error:
            raise HarnessError(f"{path} cannot be read as table '{self.name}': {error}") from None
        if list(frame.columns) != self.names:
            lacking = [n for n in self.names if n not in frame.columns]
            raise HarnessError(
                f"{path} is no table '{self.name}': it lacks the columns {lacking or 'none'}; "
                f"found {list(frame.columns)}"
            )
        return frame


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain mappings."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def _columns(text: str) -> tuple[Column, ...]:
    """Columns from lines of ``name | type | unit | meaning``."""
    rows = [[part.strip() for part in line.split("|")] for line in text.strip().splitlines()]
    return tuple(Column(*row) for row in rows)


def table(name: str, columns: str) -> Table:
    """A schema from lines of ``name | type | unit | meaning``."""
    return Table(name, _columns(columns))
