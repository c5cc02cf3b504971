"""Rewrite the counts of docs/reliability.md from those that a run of tests/reliability wrote.

python -m experiments.reliability      # make reliability does both
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from experiments.pages import replace_marked
from harness.records.schema import decode_json
from harness.vocabulary import HarnessError

ROOT = Path(__file__).resolve().parents[1]
COUNTS, PAGE = ROOT / "results" / "tables" / "reliability.json", ROOT / "docs" / "reliability.md"


def read_counts(path: Path) -> dict[str, Any]:
    """Raises HarnessError if there are none."""
    try:
        found = decode_json(path.read_bytes())
        if not isinstance(found, dict):
            raise ValueError(f"expected a mapping, found {type(found).__name__}")
        return found
    except (OSError, ValueError) as error:
        raise HarnessError(
            f"{path} holds no counts: {error}. Make them: make reliability"
        ) from None


def counted(counts: Mapping[str, Any]) -> str:
    """The counts as a table, one scenario a line, and how they were made."""
    return "\n".join(_lines(counts))


def _lines(counts: Mapping[str, Any]) -> Iterator[str]:
    rows = sorted(counts["scenarios"], key=lambda row: (row["file"], row["scenario"]))
    yield "| scenario | tried | failed | not possible there | shown by |"
    yield "| --- | ---: | ---: | --- | --- |"
    for row in rows:
        skipped = f"{row['skipped']}: {row['why']}" if row["skipped"] else ""
        yield (
            f"| {row['scenario']} | {row['tried']} | {row['failed']} | {skipped} "
            f"| `tests/{row['file']}` |"
        )
    tried, failed = (sum(row[name] for row in rows) for name in ("tried", "failed"))
    yield f"| **all** | **{tried}** | **{failed}** | | |"
    yield ""
    yield f"Made with RELIABILITY_TIMES={counts['times']} in {counts['minutes']} minutes."


def main() -> int:
    try:
        counts = read_counts(COUNTS)
        replace_marked(PAGE, "counts", counted(counts))
    except HarnessError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 1 if any(row["failed"] for row in counts["scenarios"]) else 0


if __name__ == "__main__":
    sys.exit(main())
