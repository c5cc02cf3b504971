"""A table, before it is known where it will be shown: terminal, Markdown, HTML or LaTeX."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import pandas as pd
from rich import box
from rich.table import Table
from rich.text import Text

NONE = "-"
MARK = "*"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a rendered table."""

    text: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Header:
    text: str
    justify: Literal["left", "right"] = "right"


@dataclass(frozen=True, slots=True)
class Layout:
    """A title, headers, rows and notes."""

    title: str
    headers: Sequence[Header]
    rows: Sequence[Sequence[Field]]
    notes: Sequence[str]

    def rich(self) -> Table:
        table = Table(
            title=self.title,
            caption=Text("\n".join(["", *self.notes])),
            box=box.SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            pad_edge=False,
            show_edge=False,
            title_justify="left",
            caption_justify="left",
        )
        for header in self.headers:
            table.add_column(header.text, justify=header.justify, no_wrap=True)
        for row in self.rows:
            table.add_row(*(Text(f.text, style="bold" if f.strong else "") for f in row))
        return table

    def markdown(self) -> str:
        lines = [
            f"**{self.title}**",
            "",
            _markdown_row([_escaped(header.text) for header in self.headers]),
            _markdown_row(["---:" if h.justify == "right" else "---" for h in self.headers]),
            *(_markdown_row([_markdown_field(f) for f in row]) for row in self.rows),
            "",
            *(f"- {_escaped(note)}" for note in self.notes),
        ]
        return "\n".join(lines) + "\n"

    def html(self) -> str:
        head = "".join(
            f'<th class="{header.justify}">{escape(header.text)}</th>' for header in self.headers
        )
        body = "\n".join(
            "<tr>" + "".join(map(_html_field, row, self.headers)) + "</tr>" for row in self.rows
        )
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return (
            f'<figure class="table"><figcaption>{escape(self.title)}</figcaption>\n'
            f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>\n"
            f'<div class="notes">{notes}</div></figure>'
        )

    def latex(self) -> str:
        """A ``table`` environment; the document needs the package ``booktabs``."""
        columns = "".join("r" if header.justify == "right" else "l" for header in self.headers)
        lines = [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_latex(self.title)}}}",
            rf"\begin{{tabular}}{{{columns}}}",
            r"\toprule",
            _latex_row([_latex(header.text) for header in self.headers]),
            r"\midrule",
            *(_latex_row([_latex_field(field) for field in row]) for row in self.rows),
            r"\bottomrule",
            r"\end{tabular}",
        ]
        if self.notes:
            notes = r" \\ ".join(map(_latex, self.notes))
            lines.append(rf"\par\medskip\parbox{{\linewidth}}{{\footnotesize {notes}}}")
        return "\n".join([*lines, r"\end{table}"]) + "\n"

    def _repr_html_(self) -> str:
        """How a notebook shows it."""
        return self.html()


_LATEX = {
    "\\": r"\textbackslash{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "[": "{[}",
    "]": "{]}",
    "*": r"\(^{*}\)",
    "|": r"\textbar{}",
    "†": r"\textdagger{}",
    "→": r"\(\rightarrow\)",
    "∞": r"\(\infty\)",
    "≥": r"\(\geq\)",
    "≤": r"\(\leq\)",
    "×": r"\(\times\)",
}
"""Characters that LaTeX takes for commands or lacks in its fonts."""


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)


def _latex_row(fields: Sequence[str]) -> str:
    return " & ".join(fields) + r" \\"


def _latex_field(field: Field) -> str:
    return rf"\textbf{{{_latex(field.text)}}}" if field.strong else _latex(field.text)


def fixed(value: float | None, digits: int) -> str:
    """A figure with so many decimals, and no negative zero; missing and infinite ones have signs
    of their own.

    >>> fixed(-0.001, 2), fixed(None, 2), fixed(float("inf"), 2)
    ('0.00', '-', '∞')
    """
    if value is None or pd.isna(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:z.{digits}f}"


def interval(value: float | None, low: float | None, high: float | None, digits: int) -> str:
    """A figure with the ends of its interval.

    >>> interval(0.5, 0.25, None, 2)
    '0.50 [0.25, -]'
    """
    if value is None or pd.isna(value):
        return NONE
    return f"{fixed(value, digits)} [{fixed(low, digits)}, {fixed(high, digits)}]"


def plain_fields(*texts: str) -> list[Field]:
    """A row of plain fields."""
    return [Field(text) for text in texts]


def headed(left: Sequence[str], right: Sequence[str]) -> list[Header]:
    """Headers: first those of left-aligned text columns, then those of right-aligned figures."""
    return [*(Header(text, "left") for text in left), *(Header(text) for text in right)]


def _markdown_row(fields: Sequence[str]) -> str:
    return "| " + " | ".join(fields) + " |"


def _markdown_field(field: Field) -> str:
    if not field.strong:
        return _escaped(field.text)
    figures, mark = field.text.removesuffix(MARK), field.text.endswith(MARK)
    return f"**{_escaped(figures)}**" + (_escaped(MARK) if mark else "")


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace(MARK, "\\*").replace("_", "\\_")


def _html_field(field: Field, header: Header) -> str:
    text = f"<strong>{escape(field.text)}</strong>" if field.strong else escape(field.text)
    return f'<td class="{header.justify}">{text}</td>'
