"""Tables of commands in the documents: between two marks, rewritten by the command."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from harness.vocabulary import HarnessError


def markdown(frame: pd.DataFrame) -> str:
    """A frame as a table; nothing for what is missing."""
    lines = [list(map(str, frame.columns)), ["---"] * len(frame.columns)]
    lines += [[cell(v) for v in row] for row in frame.itertuples(index=False)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def cell(value: object) -> str:
    """A number without needless decimals; nothing for what is missing.

    >>> cell(2.50), cell(float("nan")), cell("x")
    ('2.5', '', 'x')
    """
    if isinstance(value, float):
        return "" if pd.isna(value) else f"{value:g}"
    return str(value)


def marked(content: str, name: str, text: str) -> str:
    """The page with ``text`` between the marks ``<!-- name -->`` and ``<!-- end of name -->``.

    Raises:
        HarnessError: If the page has no such place, or several.
    """
    place = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    changed, found = place.subn(lambda m: f"{m[1]}{text}\n{m[2]}", content)
    if found != 1:
        raise HarnessError(f"a page has {found} places for '{name}', not 1: <!-- {name} -->")
    return changed


def replace_marked(page: Path, name: str, text: str) -> None:
    """Likewise in a file."""
    content = marked(page.read_text(encoding="utf-8"), name, text)
    page.write_text(content, encoding="utf-8")
