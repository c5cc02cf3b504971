from __future__ import annotations

import math
from pathlib import Path

import pytest
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
    figure = figures.FIGURES[name][1](SMALL)
    assert figure is not None
    drawing.save(figure, tmp_path, name)
    with Image.open(tmp_path / f"{name}.png") as image:
        assert image.width == pytest.approx(200 * figures.FIGURE_WIDTH, abs=2)
        assert len(set(image.convert("L").resize((50, 50)).tobytes())) > 3, "the figure is blank"
    assert (tmp_path / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    assert drawing.svg(figure).lstrip().startswith(b"<?xml")


@pytest.mark.parametrize("name", figures.FIGURES)
def test_every_axis_of_values_has_a_label(name: str) -> None:
    figure = figures.FIGURES[name][1](SMALL)
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
    figure = figures.FIGURES[name][1](ALONE)
    assert (figure is None) == (name == "critical_differences")
    if figure is not None:
        drawing.save(figure, tmp_path, name)


def test_techniques_differ_in_more_than_colour() -> None:
    many = reaching({("M1", f"t{i}"): [0.5] for i in range(len(figures.COLOURS))})
    kinds = drawing.styles(many).values()
    for part in ("colour", "line", "marker"):
        assert len({getattr(kind, part) for kind in kinds}) == len(figures.COLOURS)


def test_the_same_figure_is_the_same_file(tmp_path: Path) -> None:
    def drawn(study: RunSet, folder: Path) -> list[bytes]:
        figure = figures.costs(study)
        drawing.save(figure, folder, "costs")
        return [path.read_bytes() for path in sorted(folder.iterdir())] + [drawing.svg(figure)]

    assert drawn(SMALL, tmp_path / "a") == drawn(SMALL, tmp_path / "b")


def test_the_improvement_rates_are_those_of_the_scores() -> None:
    axes = figures.improvement_figure([SMALL]).axes[0]
    points = {round(float(y), 9) for line in axes.lines for y in line.get_ydata()}
    assert {round(rate, 9) for rate in SMALL.scores["ir"]} <= points
    assert not any(math.isnan(y) for y in points)
