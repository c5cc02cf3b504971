from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from replication import write_package

from harness.analysis.protocols import CORRECTED, ICST23, Protocol
from harness.analysis.published import Published, load_published
from harness.analysis.published.answers import Answer
from harness.analysis.published.facts import SHIPPED
from harness.analysis.published.trials import TRIALS_FILE
from harness.vocabulary import HarnessError

FAULTS = ("D4", "U2", "M1")
"""No activation and an object; functions, objects and NaN; whole and real numbers."""


@pytest.fixture(scope="module")
def sample() -> pd.DataFrame:
    trials = pd.read_parquet(SHIPPED / TRIALS_FILE)
    few = trials["fault"].isin(FAULTS) & (trials["budget"] == 10) & (trials["repeat"] < 3)
    return trials[few].astype({"fault": str, "technique": str, "subject": str})


@pytest.fixture
def package(tmp_path: Path, sample: pd.DataFrame) -> Path:
    subjects = sample.drop_duplicates("fault").set_index("fault")["subject"].to_dict()
    return write_package(tmp_path, sample, subjects)


def files(package: Path, *words: str) -> list[Path]:
    return [p for p in sorted(package.rglob("*.csv")) if all(word in p.name for word in words)]


@pytest.mark.parametrize("protocol", [ICST23, CORRECTED], ids=lambda p: p.name)
def test_the_original_layout_gives_the_same_tables(
    study: Published, package: Path, protocol: Protocol
) -> None:
    read = load_published(package=package)
    assert [len(read.runs), read.complete] == [27, False]
    kept = {(r.fault, r.technique, r.budget, r.repetition) for r in read.runs}
    same = [r for r in study.runs if (r.fault, r.technique, r.budget, r.repetition) in kept]
    for ours, theirs in zip(read.runs, same, strict=True):
        assert [t.configuration for t in ours.trials] == [t.configuration for t in theirs.trials]
        assert [t.status for t in ours.trials] == [t.status for t in theirs.trials]
        assert [t.spent for t in ours.trials] == pytest.approx(
            [t.spent for t in theirs.trials], abs=0.02
        )
    few = study.trials[study.trials["fault"].isin(FAULTS) & (study.trials["budget"] == 10)]
    tidy = replace(study, trials=few[few["repeat"] < 3].reset_index(drop=True))
    computed, expected = Answer.of(read, protocol).cells, Answer.of(tidy, protocol).cells
    assert len(computed) == len(expected) == 9 + 9
    pd.testing.assert_frame_equal(computed, expected, rtol=1e-3)


def test_what_is_lacking_is_said(package: Path) -> None:
    notes = load_published(package=package).notes
    assert "hebo on U2 at budget 10: 3 of 10 runs" in notes
    assert "random on M1 at budget 50: 0 of 10 runs" in notes
    assert "no result of fault R7" in notes


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"trial_id,date\n1,2\n", "it lacks the columns"),
        (None, "no trial in it was started"),
        ("short", "has not as many fields as the header"),
        ("word", "could not convert string to float: 'many'"),
        (b"\xff\xfe\x00", "codec can't decode"),
    ],
    ids=["empty", "other columns", "header only", "cut short", "no number", "binary"],
)
def test_a_damaged_file_is_left_out_with_a_message(
    package: Path, content: bytes | str | None, message: str
) -> None:
    (path,) = files(package, "48385830", "hebo", "repeat_1")
    lines = path.read_text().splitlines()
    if content is None:
        content = (lines[0] + "\n").encode()
    elif content == "short":
        content = "\n".join([*lines[:2], lines[2][:20]]).encode()
    elif content == "word":
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        rows.loc[0, "time_total_s"] = "many"
        content = rows.to_csv(index=False).encode()
    assert isinstance(content, bytes)
    path.write_bytes(content)
    read = load_published(package=package)
    (note,) = [n for n in read.notes if n.startswith("left out")]
    assert path.name in note and message in note
    assert len(read.runs) == 26


def test_two_invocations_that_count_from_zero(package: Path) -> None:
    for path in files(package, "48385830", "hebo", "repeat_2"):
        path.rename(
            path.with_name(path.name.replace("2022-09-11", "2022-09-30").replace("_2_", "_0_"))
        )
    runs = [
        r for r in load_published(package=package).runs if (r.fault, r.technique) == ("D4", "hebo")
    ]
    assert [run.repetition for run in runs] == [0, 1, 2]


def test_subjects_outside_the_paper_are_passed_over(package: Path) -> None:
    (path,) = files(package, "48385830", "hebo", "repeat_1")
    path.with_name(path.name.replace("48385830", "39217567")).write_text("not looked at")
    assert len(load_published(package=package).runs) == 27


def test_a_folder_that_is_no_package_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(HarnessError, match="no clone of the replication package.*notes.txt"):
        load_published(package=tmp_path)
    with pytest.raises(HarnessError, match="no clone of the replication package"):
        load_published(package=tmp_path / "nowhere")
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "a.csv").touch()
    with pytest.raises(HarnessError, match="no result of the study's 30 faults.*1 other CSV"):
        load_published(package=tmp_path)


def test_a_package_without_a_readable_file_is_one_message(package: Path) -> None:
    for path in files(package):
        path.write_text("")
    with pytest.raises(HarnessError, match="none of the 27 result files"):
        load_published(package=package)
