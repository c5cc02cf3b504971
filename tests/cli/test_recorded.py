"""The published study, recomputed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pandas as pd
import pytest
from replication import write_package

from harness.analysis.published.facts import SHIPPED
from harness.analysis.published.trials import TRIALS_FILE
from harness.cli import main

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = (
    "fault,technique,budget,n,mean,std,faulty_mean,fix_mean,significant,p_wilcoxon,p_mannwhitney,"
    "p_holm,ir,complexity_mean,aj_as_published_mean,aj_as_defined_mean,status"
)

pytestmark = pytest.mark.timeout(300)


def test_both_analyses_are_printed_and_saved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = ROOT / "docs" / "published-vs-corrected.md"
    before = document.read_text()
    assert main(["published", "--out", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for word in ("Agreement with the paper", "STANDS: ", "FALLS: ", "Figure 1", "Figure 3"):
        assert word in out
    assert document.read_text() == before, "the shipped document is not the command's"
    for name, significant in (("icst23", 17), ("corrected", 14)):
        with (tmp_path / f"table3_{name}.csv").open() as stream:
            rows = list(csv.reader(stream))
        assert rows[0] == COLUMNS.split(",") and len(rows) == 1 + 30 * 4 * 3
        summary = json.loads((tmp_path / f"summary_{name}.json").read_text())
        assert summary["significant"]["random"]["20"] == significant


def test_part_of_a_package_gives_its_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = pd.read_parquet(SHIPPED / TRIALS_FILE)
    few = trials[(trials["fault"] == "D1") & (trials["budget"] == 20)]
    write_package(tmp_path / "clone", few, {"D1": "31880720"})
    out = tmp_path / "out"
    package = str(tmp_path / "clone")
    assert main(["published", "--package", package, "--out", str(out), "--faults", "D1"]) == 0
    printed = capsys.readouterr().out
    assert "no result of fault D2" in printed and "the claims are not judged" in printed
    frame = pd.read_csv(out / "table3_icst23.csv")
    hebo = frame[(frame["technique"] == "hebo") & (frame["budget"] == 20)].iloc[0]
    assert (round(hebo["mean"], 2), round(hebo["std"], 2)) == (0.76, 0.24)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--protocol", "icst32"), "no protocol 'icst32'. Did you mean icst23?"),
        (("--package", "."), "is no clone of the replication package"),
        (("--data", "nowhere"), "cannot be read"),
        (("--faults", "D11", "--protocol", "icst23"), "no published fault 'D11'"),
    ],
)
def test_wrong_input_is_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert main(["published", *words, "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert message in told and len(told.strip().splitlines()) == 1
