"""Size, style and drawing functions that all figures share.

Colours: Okabe and Ito's palette (2008), which colour-blind readers can tell apart; line styles and
markers repeat what colour says.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harness.analysis.runset import RunSet
from harness.analysis.statistics import Floats
from harness.vocabulary import METRICS

mpl.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": "0.9",
        "axes.axisbelow": True,
        "legend.frameon": False,
        "svg.hashsalt": "dnn-repair-harness",
        "pdf.fonttype": 42,
    }
)

FIGURE_WIDTH = 7.0
"""Inches: a page's text."""
ROW = 1.75
"""Inches: height of one row of small panels."""
COLUMNS = 4
"""Small panels side by side."""

MANY = 12
"""Faults on one axis beyond which their names are printed smaller."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
FAULTY, FIX = "0.45", "black"


class Style(NamedTuple):
    colour: str
    line: Any
    marker: str


def styles(study: RunSet) -> dict[str, Style]:
    """Colour, line and marker of each technique; the same in every figure of a study."""
    return {
        name: Style(*(kind[i % len(kind)] for kind in (COLOURS, LINES, MARKERS)))  # type: ignore[arg-type]
        for i, name in enumerate(study.techniques)
    }


def svg(figure: Figure) -> bytes:
    """The figure as SVG for a page; text becomes outlines, so it needs no font."""
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def save(figure: Figure, folder: Path, name: str) -> None:
    """Save as ``name.pdf`` and ``name.png``; the same figure gives the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out: the files that follow need not do it again
    figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
    figure.savefig(folder / f"{name}.png", dpi=200, metadata={"Software": None})


def single_axes(height: float) -> tuple[Figure, Axes]:
    """A figure as wide as the text with one set of axes; ``height`` in inches."""
    figure = Figure(figsize=(FIGURE_WIDTH, height), layout="constrained")
    return figure, figure.add_subplot()


def fault_panels(faults: Sequence[str]) -> tuple[Figure, Iterator[tuple[str, Axes]]]:
    """A grid with one small panel for each fault."""
    rows = max(math.ceil(len(faults) / COLUMNS), 1)
    figure = Figure(figsize=(FIGURE_WIDTH, ROW * rows + 0.5), layout="constrained")
    axes = [figure.add_subplot(rows, COLUMNS, i) for i in range(1, len(faults) + 1)]
    return figure, zip(faults, axes, strict=True)


def fault_title(study: RunSet, fault: str) -> str:
    """A panel's title: the fault and its metric, with an arrow where lower is better."""
    metric = study.baseline(fault).metric
    return f"{fault}: {metric}" + ("" if METRICS[metric].higher_is_better else " ↓")


def draw_boxes(axes: Axes, boxes: Sequence[tuple[str, Sequence[float], Style]]) -> None:
    """Box plots (whiskers up to 1.5 times the box) with every value as a point."""
    if not boxes:
        return
    drawn = axes.boxplot(
        [values for _, values, _ in boxes],
        tick_labels=[name for name, _, _ in boxes],
        showfliers=False,
        widths=0.6,
        patch_artist=True,
        medianprops={"color": "black", "linewidth": 1.4},
    )
    for number, (box, (_, values, style)) in enumerate(
        zip(drawn["boxes"], boxes, strict=True), start=1
    ):
        box.set(facecolor=style.colour, alpha=0.35)
        shift = np.linspace(-0.18, 0.18, len(values)) if len(values) > 1 else [0.0]
        axes.plot(
            number + np.asarray(shift), values, style.marker, color=style.colour, markersize=2.5,
            alpha=0.8, zorder=4,
        )  # fmt: skip
    axes.grid(axis="x", visible=False)


def draw_intervals(
    axes: Axes, names: Sequence[str], middle: Any, low: Any, high: Any, kinds: Sequence[Style]
) -> None:
    """One line per name: a point and its interval."""
    for at, (value, left, right, kind) in enumerate(zip(middle, low, high, kinds, strict=False)):
        axes.plot([left, right], [at, at], color=kind.colour, linewidth=2, solid_capstyle="butt")
        axes.plot(value, at, kind.marker, color=kind.colour)
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def reference_lines(axes: Axes, fault: float, fix: float) -> None:
    """Horizontal lines at the faulty and at the fixed program."""
    axes.axhline(fault, color=FAULTY, linestyle=":", linewidth=1.2, zorder=1)
    axes.axhline(fix, color=FIX, linestyle="--", linewidth=1.0, zorder=1)


def limit_axis(axes: Axes, values: Floats, lowest: float, highest: float) -> None:
    """Limit the vertical axis, and say so if values are left out."""
    there = values[np.isfinite(values)]
    if not len(there):
        return
    low, high = max(there.min() - 0.08, lowest), min(max(there.max(), 1) + 0.08, highest)
    axes.set_ylim(min(low, -0.08), high)
    if outside := int(((there < low) | (there > high)).sum()):
        axes.set_title(f"{outside} values lie beyond the axis", fontsize=8, loc="right")


def legend_above(figure: Figure, lines: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """A legend of lines above all panels."""
    handles = [mpl.lines.Line2D([], [], label=label, **kind) for label, kind in lines]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), fontsize=8)
