from __future__ import annotations

import math
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image
from studies import reaching, study

from harness.analysis.runset import RunSet
from harness.views import drawing, figures

FAULTS = ("M1", "M2", "M3")
SMALL = reaching(
    {
        (fault, technique): [0.3 + 0.1 * place + 0.02 * i for i in range(4)]
        for fault in FAULTS
        for place, technique in enumerate(("random", "hebo", "bohb"))
    }
)
ALONE = study({("M1", "random"): [[]]})
"""One run without a trial: nothing to draw, and nothing may break."""


@pytest.mark.parametrize("name", figures.FIGURES)
def test_every_figure_can_be_saved(name: str, tmp_path: Path) -> None:
    figure = figures.FIGURES[name].draw(SMALL)
    assert figure is not None
    drawing.save(figure, tmp_path, name)
    with Image.open(tmp_path / f"{name}.png") as image:
        assert image.width == pytest.approx(200 * drawing.FIGURE_WIDTH, abs=2)
        assert len(set(image.convert("L").resize((50, 50)).tobytes())) > 3, "the figure is blank"
    assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert drawing.svg(figure).lstrip().startswith(b"<?xml")


@pytest.mark.parametrize("name", figures.FIGURES)
def test_every_axis_of_values_has_a_label(name: str) -> None:
    figure = figures.FIGURES[name].draw(SMALL)
    assert figure is not None
    if name == "critical_differences":  # its axis is drawn by hand, and named in the title
        assert "rank" in figure.axes[0].get_title()
        return
    x = [figure.get_supxlabel(), *(axes.get_xlabel() for axes in figure.axes)]
    y = [figure.get_supylabel(), *(axes.get_ylabel() for axes in figure.axes)]
    named = [t.get_text() for axes in figure.axes for t in axes.get_yticklabels()]
    assert any(x) or name == "figure2_values"
    assert any(y) or "random" in " ".join(named)


@pytest.mark.parametrize("name", figures.FIGURES)
def test_a_study_with_nothing_to_show_breaks_no_figure(name: str, tmp_path: Path) -> None:
    figure = figures.FIGURES[name].draw(ALONE)
    assert (figure is None) == (name == "critical_differences")
    if figure is not None:
        drawing.save(figure, tmp_path, name)


def test_the_improvement_rates_are_those_of_the_scores() -> None:
    axes = figures.improvement_figure([SMALL]).axes[0]
    points = {round(float(y), 9) for line in axes.lines for y in line.get_ydata()}
    assert {round(rate, 9) for rate in SMALL.scores["ir"]} <= points
    assert not any(math.isnan(y) for y in points)


def test_another_module_adds_a_figure() -> None:
    def runs_by_fault(study: RunSet) -> Figure:
        figure = Figure()
        figure.add_subplot().bar(study.faults, study.scores.groupby("fault")["n"].sum())
        return figure

    before = dict(figures.FIGURES)
    figures.report_figure("Runs of each fault")(runs_by_fault)
    try:
        assert figures.added_figures() == ["runs_by_fault"]
        assert figures.FIGURES["runs_by_fault"].title == "Runs of each fault"
        assert figures.FIGURES["runs_by_fault"].draw(SMALL) is not None
    finally:
        del figures._figures["runs_by_fault"]
    assert before == figures.FIGURES


def test_a_figure_of_the_package_stays() -> None:
    def costs(study: RunSet) -> None:
        return None

    with pytest.raises(ValueError, match="figure costs is one of the package"):
        figures.report_figure("another")(costs)
