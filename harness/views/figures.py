"""The figures: drawn here, computed elsewhere. All can be told apart without colour.

Improvement rates have no unit: 0 is the faulty program, 1 the fix.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harness.analysis import anytime, ranks
from harness.analysis.runset import RunSet
from harness.views.drawing import (
    COLOURS,
    FAULTY,
    FIGURE_WIDTH,
    FIX,
    MANY,
    Style,
    draw_boxes,
    draw_intervals,
    fault_panels,
    fault_title,
    legend_above,
    limit_axis,
    reference_lines,
    single_axes,
    styles,
)

RATE_LABEL = "improvement rate\n(0 fault, 1 fix)"
SPENT = "budget spent (multiples of T)"


def improvement_figure(studies: Sequence[RunSet]) -> Figure:
    """The study's Figure 1: improvement rate over the faults, a box per technique and budget."""
    figure, axes = single_axes(3.0)
    boxes = []
    for technique in dict.fromkeys(t for study in studies for t in study.techniques):
        for study in studies:
            of_technique = study.scores[study.scores["technique"] == technique]
            rates = of_technique["ir"].dropna().tolist()
            if rates:
                boxes.append((f"{technique}\n{study.budget:g}", rates, styles(study)[technique]))
    draw_boxes(axes, boxes)
    reference_lines(axes, 0, 1)
    everything = np.concatenate([rates for _, rates, _ in boxes]) if boxes else np.zeros(1)
    limit_axis(axes, everything, -1.0, 2.0)
    axes.set_xlabel("technique and budget (multiples of T); a point is a fault")
    axes.set_ylabel(RATE_LABEL)
    return figure


def fault_values(study: RunSet, faults: Sequence[str] | None = None) -> Figure:
    """The study's Figure 2: what the runs reach on each fault, against the fault and its fix."""
    figure, panels = fault_panels(study.faults if faults is None else faults)
    for fault, axes in panels:
        of_fault = [t for t in study.techniques if study.cell(fault, t)]
        style = styles(study)
        draw_boxes(axes, [(t, study.values(fault, t), style[t]) for t in of_fault])
        row = study.scores[study.scores["fault"] == fault].iloc[0]
        axes.axhline(row["faulty_mean"], color=FAULTY, linestyle=":", linewidth=1.2, zorder=1)
        axes.axhline(row["fix_mean"], color=FIX, linestyle="--", linewidth=1.0, zorder=1)
        axes.set_title(fault_title(study, fault), fontsize=8)
        axes.tick_params(labelsize=7)
        if sum(map(len, of_fault)) > 18:
            axes.tick_params(axis="x", rotation=30)
    legend_above(
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
    figure, axes = single_axes(2.8)
    draw_boxes(axes, boxes)
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
    legend_above(
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
    figure, axes = single_axes(0.6 + 0.42 * len(study.techniques))
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
    figure, axes = single_axes(3.0)
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
    reference_lines(axes, 0, 1)
    limit_axis(axes, table[["ir"]].to_numpy(), -1.0, 1.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel(SPENT)
    axes.set_ylabel(f"median {RATE_LABEL}")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def progress_by_fault(study: RunSet) -> Figure:
    """Median best-so-far of each fault against the budget spent, with its interval."""
    figure, panels = fault_panels(study.faults)
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
        axes.set_title(fault_title(study, fault), fontsize=8)
        axes.set_xlim(0, study.budget)
        axes.tick_params(labelsize=7)
    legend_above(
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
    legend_above(figure, [(t, {"color": s.colour, "linestyle": s.line}) for t, s in style.items()])
    figure.supxlabel(SPENT, fontsize=9)
    return figure


def profiles(study: RunSet) -> Figure:
    """Performance profiles: share of runs with at least the improvement rate on the axis."""
    figure, axes = single_axes(3.0)
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
    titles = {
        "iqm": "interquartile mean of the\nimprovement rates",
        "area": "area under the\nanytime curve, [0, 1]",
    }
    kinds = list(styles(study).values())
    for (name, title), axes in zip(titles.items(), panels, strict=True):
        low, high = table[f"{name}_low"], table[f"{name}_high"]
        draw_intervals(axes, study.techniques, table[name], low, high, kinds)
        axes.set_xlabel(title)
    return figure


def superiorities(study: RunSet) -> Figure:
    """Probability of improvement of each pair of techniques, with its interval."""
    table = ranks.pairs(study)
    figure, axes = single_axes(0.8 + 0.35 * max(len(table), 1))
    names = [f"{row['first']} > {row['second']}" for _, row in table.iterrows()]
    plain = [Style(COLOURS[0], "-", "o")] * len(table)
    draw_intervals(axes, names, table["probability"], table["low"], table["high"], plain)
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


class ReportFigure(NamedTuple):
    """A row of the report's figures."""

    title: str
    draw: Callable[[RunSet], Figure | None]
    """None where there is nothing to draw."""


_BUILT_IN = {
    "figure1_improvement": ReportFigure(
        "Improvement rate over the faults (the study's Figure 1)",
        lambda study: improvement_figure([study]),
    ),
    "figure2_values": ReportFigure(
        "What the runs reach on each fault (its Figure 2)", fault_values
    ),
    "figure3_complexity": ReportFigure(
        "Complexity of the patches (its Figure 3)", complexity_figure
    ),
    "spread": ReportFigure("Stability: standard deviation over the runs", spreads),
    "progress": ReportFigure("Anytime: median improvement rate over the faults", progress_figure),
    "progress_by_fault": ReportFigure("Anytime, fault by fault", progress_by_fault),
    "targets": ReportFigure("ECDF: runs that have reached a target", targets_reached),
    "costs": ReportFigure("Where the time goes", costs),
    "profiles": ReportFigure("Performance profiles", profiles),
    "aggregates": ReportFigure(
        "Aggregates with intervals over subjects, faults and runs", aggregates
    ),
    "pairs": ReportFigure("Probability of improvement", superiorities),
    "critical_differences": ReportFigure("Critical differences", critical_differences),
}
_figures = dict(_BUILT_IN)
FIGURES: Mapping[str, ReportFigure] = MappingProxyType(_figures)
"""Name of the file -> title and function, in the order of the report."""


def report_figure(
    title: str,
) -> Callable[[Callable[[RunSet], Figure | None]], Callable[[RunSet], Figure | None]]:
    """Add a function of a study to the report's figures, under the name of the function.

    The figure is saved as PDF and PNG; the page shows it in a section of its own. The module of the
    function must be imported before the report is made.

    Raises:
        ValueError: If the name belongs to a figure of the package.

    Example::

        @report_figure("Runs of each fault")
        def runs_by_fault(study):
            figure = Figure()
            figure.add_subplot().bar(study.faults, study.scores.groupby("fault")["n"].sum())
            return figure
    """

    def register(draw: Callable[[RunSet], Figure | None]) -> Callable[[RunSet], Figure | None]:
        if draw.__name__ in _BUILT_IN:
            raise ValueError(f"figure {draw.__name__} is one of the package; choose another name")
        _figures[draw.__name__] = ReportFigure(title, draw)
        return draw

    return register


def added_figures() -> list[str]:
    """Names of the figures that other modules have added, in the order of their registration."""
    return [name for name in _figures if name not in _BUILT_IN]
