"""What all figures share: styles, files, axes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from studies import reaching

from harness.analysis.runset import RunSet
from harness.views import drawing, figures

SMALL = reaching({("M1", "random"): [0.3, 0.4], ("M1", "hebo"): [0.5, 0.6]})


def test_techniques_differ_in_more_than_colour() -> None:
    many = reaching({("M1", f"t{i}"): [0.5] for i in range(len(drawing.COLOURS))})
    kinds = drawing.styles(many).values()
    for part in ("colour", "line", "marker"):
        assert len({getattr(kind, part) for kind in kinds}) == len(drawing.COLOURS)


def test_the_same_figure_is_the_same_file(tmp_path: Path) -> None:
    def drawn(study: RunSet, folder: Path) -> list[bytes]:
        figure = figures.costs(study)
        drawing.save(figure, folder, "costs")
        return [path.read_bytes() for path in sorted(folder.iterdir())] + [drawing.svg(figure)]

    assert drawn(SMALL, tmp_path / "a") == drawn(SMALL, tmp_path / "b")


def test_values_beyond_the_axis_are_counted() -> None:
    _, axes = drawing.single_axes(2.0)
    drawing.limit_axis(axes, np.array([-5.0, 0.0, 0.5, 1.0, np.nan]), -1.0, 2.0)
    assert axes.get_ylim() == pytest.approx((-1.0, 1.08))
    assert axes.get_title(loc="right") == "1 values lie beyond the axis"


def test_a_panel_names_fault_and_metric() -> None:
    assert drawing.fault_title(SMALL, "M1") == "M1: accuracy"
    figure, panels = drawing.fault_panels([f"M{i}" for i in range(6)])
    assert [fault for fault, _ in panels] == [f"M{i}" for i in range(6)]
    assert figure.get_figheight() == 2 * drawing.ROW + 0.5
