"""The figures: drawn, never computed here. All are told apart without colour as well.

Colours: Okabe and Ito's palette (2008), which colour-blind readers can tell apart; line styles and
markers repeat what colour says. Improvement rates have no unit: 0 is the faulty program, 1 the fix.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harness.analysis import anytime, ranks
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

RATE_LABEL = "improvement rate\n(0 fault, 1 fix)"
SPENT = "budget spent (multiples of T)"


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
    """For a page: sharp at every size, text as outlines so that it looks the same everywhere."""
    buffer = BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def save(figure: Figure, folder: Path, name: str) -> None:
    """As ``name.pdf`` and ``name.png``, the same bytes for the same figure."""
    folder.mkdir(parents=True, exist_ok=True)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out: the files that follow need not do it again
    figure.savefig(folder / f"{name}.pdf", metadata={"CreationDate": None})
    figure.savefig(folder / f"{name}.png", dpi=200, metadata={"Software": None})


def improvement_figure(studies: Sequence[RunSet]) -> Figure:
    """The study's Figure 1: improvement rate over the faults, a box per technique and budget."""
    figure, axes = _single(3.0)
    boxes = []
    for technique in dict.fromkeys(t for study in studies for t in study.techniques):
        for study in studies:
            of_technique = study.scores[study.scores["technique"] == technique]
            rates = of_technique["ir"].dropna().tolist()
            if rates:
                boxes.append((f"{technique}\n{study.budget:g}", rates, styles(study)[technique]))
    _boxes(axes, boxes)
    _reference(axes, 0, 1)
    everything = np.concatenate([rates for _, rates, _ in boxes]) if boxes else np.zeros(1)
    _within(axes, everything, -1.0, 2.0)
    axes.set_xlabel("technique and budget (multiples of T); a point is a fault")
    axes.set_ylabel(RATE_LABEL)
    return figure


def fault_values(study: RunSet, faults: Sequence[str] | None = None) -> Figure:
    """The study's Figure 2: what the runs reach on each fault, against the fault and its fix."""
    figure, panels = _panels(study.faults if faults is None else faults)
    for fault, axes in panels:
        of_fault = [t for t in study.techniques if study.cell(fault, t)]
        style = styles(study)
        _boxes(axes, [(t, study.values(fault, t), style[t]) for t in of_fault])
        row = study.scores[study.scores["fault"] == fault].iloc[0]
        axes.axhline(row["faulty_mean"], color=FAULTY, linestyle=":", linewidth=1.2, zorder=1)
        axes.axhline(row["fix_mean"], color=FIX, linestyle="--", linewidth=1.0, zorder=1)
        axes.set_title(_named(study, fault), fontsize=8)
        axes.tick_params(labelsize=7)
        if sum(map(len, of_fault)) > 18:
            axes.tick_params(axis="x", rotation=30)
    _legend(
        figure,
        [
            ("faulty program, mean", {"color": FAULTY, "linestyle": ":"}),
            ("fix, mean", {"color": FIX, "linestyle": "--"}),
        ],
    )
    figure.supylabel("holdout metric of the runs (↓ lower is better)", fontsize=9)
    return figure


def complexity_figure(study: RunSet) -> Figure:
    """The study's Figure 3: share of hyperparameters that the patches change, and the fix changes.

    Patches of all techniques together; those of significant cells only if the protocol says so.
    """
    shown = study.scores
    if study.protocol.summarise_significant_only:
        shown = shown[shown["significant"]]
    boxes, fixes = [], []
    for fault, rows in shown.groupby("fault", sort=False):
        sizes = [s for t in rows["technique"] for s in study.patch_sizes(str(fault), t)]
        if sizes:
            boxes.append((str(fault), sizes, Style(COLOURS[5], "-", "o")))
            fixes.append(rows["fix_complexity"].iloc[0])
    figure, axes = _single(2.8)
    _boxes(axes, boxes)
    at = range(1, len(fixes) + 1)
    axes.plot(at, fixes, "D", color=COLOURS[1], markersize=5, zorder=5, label="fix")
    axes.set_ylim(-0.03, 1.03)
    axes.tick_params(axis="x", labelsize=7 if len(boxes) > MANY else 9)
    axes.set_xlabel("fault; a point is the patch of a run")
    axes.set_ylabel("complexity\n(share of hyperparameters changed)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def spreads(study: RunSet) -> Figure:
    """Standard deviation over the runs, per fault and technique; one panel per metric."""
    metrics = list(dict.fromkeys(study.scores["metric"]))
    counts = [study.scores.loc[study.scores["metric"] == m, "fault"].nunique() for m in metrics]
    figure = Figure(figsize=(FIGURE_WIDTH, 2.6), layout="constrained")
    panels = figure.subplots(1, len(metrics), squeeze=False, width_ratios=[n + 1 for n in counts])
    for metric, axes in zip(metrics, panels[0], strict=True):
        of_metric = study.scores[study.scores["metric"] == metric]
        faults = list(dict.fromkeys(of_metric["fault"]))
        for place, (technique, style) in enumerate(styles(study).items()):
            rows = of_metric[of_metric["technique"] == technique]
            shift = 0.14 * (place - (len(study.techniques) - 1) / 2)
            at = [faults.index(fault) + shift for fault in rows["fault"]]
            axes.plot(at, rows["std"], style.marker, color=style.colour, markersize=4)
        axes.set_xticks(range(len(faults)), faults, fontsize=7 if len(study.faults) > MANY else 9)
        axes.set_xlim(-0.6, len(faults) - 0.4)
        axes.set_ylim(-0.04 * axes.get_ylim()[1], None)
        axes.set_title(metric, fontsize=9)
        axes.grid(axis="x", visible=False)
    panels[0][0].set_ylabel("standard deviation\n(unit of the metric)")
    _legend(
        figure,
        [
            (t, {"color": s.colour, "marker": s.marker, "linestyle": ""})
            for t, s in styles(study).items()
        ],
    )
    figure.supxlabel("fault", fontsize=9)
    return figure


def costs(study: RunSet) -> Figure:
    """Mean seconds of a run by what they were spent on, per technique over the faults."""
    figure, axes = _single(0.6 + 0.42 * len(study.techniques))
    parts = {"training": COLOURS[0], "search": COLOURS[4], "other": "0.75"}
    hatches = ("", "///", "...")
    left = np.zeros(len(study.techniques))
    for (part, colour), hatch in zip(parts.items(), hatches, strict=True):
        seconds = [
            float(study.scores.loc[study.scores["technique"] == t, f"{part}_seconds"].mean())
            for t in study.techniques
        ]
        axes.barh(
            study.techniques, seconds, left=left, color=colour, hatch=hatch, edgecolor="white",
            label=part,
        )  # fmt: skip
        left += seconds
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set_xlabel("seconds per run, mean over the faults")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def progress_figure(study: RunSet) -> Figure:
    """Median improvement rate over the faults against the budget spent, with its interval."""
    figure, axes = _single(3.0)
    table = anytime.progress(study)
    for technique, style in styles(study).items():
        rows = table[table["technique"] == technique]
        axes.plot(
            rows["budget"], rows["ir"], color=style.colour, linestyle=style.line,
            marker=style.marker, markevery=max(len(rows) // 10, 1), markersize=4, label=technique,
        )  # fmt: skip
        axes.fill_between(
            rows["budget"], rows["ir_low"], rows["ir_high"], color=style.colour, alpha=0.12, lw=0
        )
    _reference(axes, 0, 1)
    _within(axes, table[["ir"]].to_numpy(), -1.0, 1.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(SPENT)
    axes.set_ylabel(f"median {RATE_LABEL}")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def progress_by_fault(study: RunSet) -> Figure:
    """Median best-so-far of each fault against the budget spent, with its interval."""
    figure, panels = _panels(study.faults)
    table = anytime.anytime(study)
    style = styles(study)
    for fault, axes in panels:
        for technique in study.techniques:
            rows = table[(table["fault"] == fault) & (table["technique"] == technique)]
            kind = style[technique]
            axes.plot(rows["budget"], rows["median"], color=kind.colour, linestyle=kind.line)
            axes.fill_between(
                rows["budget"], rows["low"], rows["high"], color=kind.colour, alpha=0.12, lw=0
            )
        first = study.scores[study.scores["fault"] == fault].iloc[0]
        axes.axhline(first["faulty_mean"], color=FAULTY, linestyle=":", linewidth=1.2)
        axes.axhline(first["fix_mean"], color=FIX, linestyle="--", linewidth=1.0)
        axes.set_title(_named(study, fault), fontsize=8)
        axes.set_xlim(0, study.budget)
        axes.tick_params(labelsize=7)
    _legend(
        figure,
        [(t, {"color": s.colour, "linestyle": s.line}) for t, s in style.items()]
        + [("faulty", {"color": FAULTY, "linestyle": ":"}), ("fix", {"color": FIX, "ls": "--"})],
    )
    figure.supxlabel(SPENT, fontsize=9)
    figure.supylabel("holdout metric, median over the runs (↓ lower is better)", fontsize=9)
    return figure


def targets_reached(study: RunSet) -> Figure:
    """ECDF: share of runs that have reached a target by each budget; one panel per target."""
    wanted = anytime.IR_TARGETS
    figure = Figure(figsize=(FIGURE_WIDTH, 2.3), layout="constrained")
    grid = np.linspace(0, study.budget, 400)
    panels = figure.subplots(1, len(wanted), sharey=True)
    style = styles(study)
    for target, axes in zip(wanted, panels, strict=True):
        for technique, kind in style.items():
            if study.rated:
                shares = anytime.reached(study, technique, target, grid)
                axes.step(grid, shares, where="post", color=kind.colour, linestyle=kind.line)
        axes.set_title(f"rate ≥ {target:g}", fontsize=9)
        axes.set_ylim(0, 1.02)
        axes.set_xlim(0, study.budget)
    panels[0].set_ylabel("share of runs\n(faults weigh the same)")
    _legend(figure, [(t, {"color": s.colour, "linestyle": s.line}) for t, s in style.items()])
    figure.supxlabel(SPENT, fontsize=9)
    return figure


def profiles(study: RunSet) -> Figure:
    """Performance profiles: share of runs with at least the improvement rate on the axis."""
    figure, axes = _single(3.0)
    levels = np.linspace(-0.5, 1.25, 141)
    for technique, style in styles(study).items():
        if not study.rated:
            break
        share, low, high = ranks.profile(study, technique, levels)
        axes.plot(
            levels, share, color=style.colour, linestyle=style.line, marker=style.marker,
            markevery=20, markersize=4, label=technique,
        )  # fmt: skip
        axes.fill_between(levels, low, high, color=style.colour, alpha=0.12, lw=0)
    for level, line in ((0, ":"), (1, "--")):
        axes.axvline(level, color=FAULTY, linestyle=line, linewidth=1.0)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("improvement rate of at least (0 fault, 1 fix)")
    axes.set_ylabel("share of runs\n(faults weigh the same)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def aggregates(study: RunSet) -> Figure:
    """Interquartile mean and area under the anytime curve, with their intervals."""
    figure = Figure(
        figsize=(FIGURE_WIDTH, 0.9 + 0.35 * len(study.techniques)), layout="constrained"
    )
    table = ranks.ranks(study)
    panels = figure.subplots(1, 2, sharey=True)
    titles = {"iqm": "interquartile mean of the\nimprovement rates", "area": "area under the\nanytime curve, [0, 1]"}  # noqa: E501  # fmt: skip
    for (name, title), axes in zip(titles.items(), panels, strict=True):
        _forest(axes, study.techniques, table[name], table[f"{name}_low"], table[f"{name}_high"],
                list(styles(study).values()))  # fmt: skip
        axes.set_xlabel(title)
    return figure


def superiorities(study: RunSet) -> Figure:
    """Probability of improvement of each pair of techniques, with its interval."""
    table = ranks.pairs(study)
    figure, axes = _single(0.8 + 0.35 * max(len(table), 1))
    names = [f"{row['first']} > {row['second']}" for _, row in table.iterrows()]
    plain = [Style(COLOURS[0], "-", "o")] * len(table)
    _forest(axes, names, table["probability"], table["low"], table["high"], plain)
    axes.axvline(0.5, color=FAULTY, linestyle="--", linewidth=1.0)
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability that a run of the first beats one of the second (mean A12)")
    return figure


def critical_differences(study: RunSet) -> Figure | None:
    """Mean ranks over the faults; a bar joins techniques that signed-rank tests cannot tell apart.

    None with fewer than two techniques or no fault that all of them have runs of.
    """
    import scikit_posthocs  # brings seaborn and statsmodels, which nothing else here needs

    table = ranks.rank_table(study)
    if len(study.techniques) < 2 or table.empty:
        return None
    figure = Figure(
        figsize=(FIGURE_WIDTH, 0.9 + 0.28 * len(study.techniques)), layout="constrained"
    )
    axes = figure.add_subplot()
    means = {f"{name} ({rank:.2f})": rank for name, rank in table.mean().items()}
    p_values = ranks.posthoc(study)
    p_values.index = p_values.columns = list(means)
    scikit_posthocs.critical_difference_diagram(
        means,
        p_values,
        ax=axes,
        label_fmt_left="{label}  ",
        label_fmt_right="  {label}",
        alpha=study.protocol.alpha,
        color_palette=dict(zip(means, COLOURS * len(means), strict=False)),
    )
    axes.grid(visible=False)
    axes.set_title(f"mean rank over {len(table)} faults; 1 is best", fontsize=9)
    return figure


def _single(height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(FIGURE_WIDTH, height), layout="constrained")
    return figure, figure.add_subplot()


def _panels(faults: Sequence[str]) -> tuple[Figure, Iterator[tuple[str, Axes]]]:
    """A grid with one small panel for each fault."""
    rows = max(math.ceil(len(faults) / COLUMNS), 1)
    figure = Figure(figsize=(FIGURE_WIDTH, ROW * rows + 0.5), layout="constrained")
    axes = [figure.add_subplot(rows, COLUMNS, i) for i in range(1, len(faults) + 1)]
    return figure, zip(faults, axes, strict=True)


def _named(study: RunSet, fault: str) -> str:
    """A panel's title: the fault and its metric, with an arrow where lower is better."""
    metric = study.baseline(fault).metric
    return f"{fault}: {metric}" + ("" if METRICS[metric].higher_is_better else " ↓")


def _boxes(axes: Axes, boxes: Sequence[tuple[str, Sequence[float], Style]]) -> None:
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


def _forest(
    axes: Axes, names: Sequence[str], middle: Any, low: Any, high: Any, kinds: Sequence[Style]
) -> None:
    """One line per name: a point and its interval."""
    for at, (value, left, right, kind) in enumerate(zip(middle, low, high, kinds, strict=False)):
        axes.plot([left, right], [at, at], color=kind.colour, linewidth=2, solid_capstyle="butt")
        axes.plot(value, at, kind.marker, color=kind.colour)
    axes.set_yticks(range(len(names)), list(names))
    axes.set_ylim(max(len(names), 1) - 0.5, -0.5)
    axes.grid(axis="y", visible=False)


def _reference(axes: Axes, fault: float, fix: float) -> None:
    axes.axhline(fault, color=FAULTY, linestyle=":", linewidth=1.2, zorder=1)
    axes.axhline(fix, color=FIX, linestyle="--", linewidth=1.0, zorder=1)


def _within(axes: Axes, values: Floats, lowest: float, highest: float) -> None:
    """Limit the vertical axis, and say so if values are left out."""
    there = values[np.isfinite(values)]
    if not len(there):
        return
    low, high = max(there.min() - 0.08, lowest), min(max(there.max(), 1) + 0.08, highest)
    axes.set_ylim(min(low, -0.08), high)
    if outside := int(((there < low) | (there > high)).sum()):
        axes.set_title(f"{outside} values lie beyond the axis", fontsize=8, loc="right")


def _legend(figure: Figure, lines: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """A legend of lines above all panels."""
    handles = [mpl.lines.Line2D([], [], label=label, **kind) for label, kind in lines]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), fontsize=8)


FIGURES: dict[str, tuple[str, Callable[[RunSet], Figure | None]]] = {
    "figure1_improvement": (
        "Improvement rate over the faults (the study's Figure 1)",
        lambda study: improvement_figure([study]),
    ),
    "figure2_values": ("What the runs reach on each fault (its Figure 2)", fault_values),
    "figure3_complexity": ("Complexity of the patches (its Figure 3)", complexity_figure),
    "spread": ("Stability: standard deviation over the runs", spreads),
    "progress": ("Anytime: median improvement rate over the faults", progress_figure),
    "progress_by_fault": ("Anytime, fault by fault", progress_by_fault),
    "targets": ("ECDF: runs that have reached a target", targets_reached),
    "costs": ("Where the time goes", costs),
    "profiles": ("Performance profiles", profiles),
    "aggregates": ("Aggregates with intervals over subjects, faults and runs", aggregates),
    "pairs": ("Probability of improvement", superiorities),
    "critical_differences": ("Critical differences", critical_differences),
}
"""Name of the file -> title, and how it is drawn from a study."""
