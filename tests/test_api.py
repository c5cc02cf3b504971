"""The Python door: what ``import harness`` offers, on stored and on published runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from commands import environment
from stored import small_study, write_study

import harness
from harness import HarnessError
from harness.records.store import Store
from harness.study.plan import Plan
from harness.study.spec import make_techniques
from harness.subjects.registry import Registry
from harness.views.figures import FIGURES
from harness.views.study_view import STUDY_FRAMES, STUDY_LAYOUTS, Study


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    root = tmp_path_factory.mktemp("results")
    techniques = make_techniques(["random", "hebo"])
    plan = Plan(name="smoke", faults=["D3", "D6"], techniques=techniques, repetitions=3, budget=6)
    write_study(plan, registry, root, leave_out=1)
    return root


@pytest.fixture(scope="module")
def study(results: Path) -> Study:
    return harness.load(
        "smoke", faults=["D3", "D6"], techniques=["random", "hebo"], budget=6, results=results
    )


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, harness; assert harness.__version__; dir(harness); "
        "print([m for m in sys.argv[1:] if m in sys.modules])"
    )
    heavy = ["pandas", "numpy", "ray", "tensorflow", "keras", "torch", "jax", "matplotlib"]
    done = subprocess.run(
        [sys.executable, "-c", code, *heavy],
        capture_output=True, text=True, env=environment(), check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


def test_the_package_lists_what_it_offers() -> None:
    assert set(harness.__all__) <= set(dir(harness))
    for name in harness.__all__:
        assert getattr(harness, name).__doc__ or name == "__version__"
    with pytest.raises(AttributeError, match="module 'harness' has no attribute 'lode'"):
        harness.lode  # noqa: B018


def test_reading_needs_no_framework(results: Path) -> None:
    code = (
        "import sys, harness; s = harness.load(sys.argv[1]); s.runs; s.scores; s.to_latex(); "
        "harness.faults(); print([m for m in sys.argv[2:] if m in sys.modules])"
    )
    heavy = ["ray", "tensorflow", "keras", "torch", "jax", "mlflow", "hydra"]
    done = subprocess.run(
        [sys.executable, "-c", code, str(results), *heavy],
        capture_output=True, text=True, env=environment(), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", STUDY_FRAMES)
def test_every_frame_has_the_columns_that_are_documented(name: str, study: Study) -> None:
    frame, documented = study.frame(name), harness.columns(name)
    assert list(frame.columns) == list(documented["column"])
    assert all(documented["meaning"])
    assert len(frame) or name == "targets"


def test_frames_have_a_row_each(study: Study) -> None:
    assert (len(study.runs), len(study.missing)) == (11, 1)
    assert len(study.trials) == study.runs["trials"].sum() == 11 * 5
    assert len(study.scores) == 4 and list(study.summary["technique"]) == ["hebo", "random"]
    assert study.missing.iloc[0].to_dict() == {
        "fault": "D6", "technique": "hebo", "repetition": 3, "budget": 6.0,
    }  # fmt: skip
    keys = ["fault", "technique", "repetition"]
    tried = study.trials.groupby(keys)["holdout"].agg(set)
    values = study.runs.set_index(keys)["value"]
    assert all(value in tried[key] for key, value in values.items())


@pytest.mark.parametrize("name", STUDY_LAYOUTS)
def test_every_table_has_each_form(name: str, study: Study) -> None:
    assert study.to_markdown(name).startswith("**")
    latex = study.to_latex(name)
    for part in (r"\begin{tabular}", r"\toprule", r"\midrule", r"\bottomrule", r"\end{table}"):
        assert latex.count(part) == 1
    rows = [line for line in latex.splitlines() if line.endswith(r"\\")]
    layout = study.table(name)
    assert len(rows) == 1 + len(layout.rows)
    assert {row.replace(r"\&", "").count("&") for row in rows} == {len(layout.headers) - 1}


def test_latex_escapes_what_it_would_take_for_commands() -> None:
    from harness.analysis.layout import Layout, headed, plain_fields

    layout = Layout("100 % & more", headed(["a_b"], ["$"]), [plain_fields("x_1", "{~^\\#}*†")], [])
    text = layout.latex()
    assert r"\caption{100 \% \& more}" in text and r"a\_b & \$ \\" in text
    assert (
        r"x\_1 & \{\textasciitilde{}\textasciicircum{}\textbackslash{}\#\}"
        r"\(^{*}\)\textdagger{} \\"
    ) in text


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn(name: str, study: Study, tmp_path: Path) -> None:
    path = tmp_path / "figure.svg"
    drawn = study.plot(name, path=path)
    assert path.exists() == (drawn is not None)


def test_wrong_names_are_one_message(study: Study) -> None:
    with pytest.raises(HarnessError, match="no figure 'spreed'. Did you mean spread"):
        study.plot("spreed")
    with pytest.raises(HarnessError, match="no table 'sumary'. Did you mean summary"):
        study.table("sumary")
    with pytest.raises(HarnessError, match="no frame 'trails'. Did you mean trials"):
        study.frame("trails")
    with pytest.raises(HarnessError, match="no frame 'trails'"):
        harness.columns("trails")
    with pytest.raises(HarnessError, match="figure spread shows one study"):
        study.plot("spread", beside=[study])


def test_a_report_is_written_where_it_is_asked_for(study: Study, tmp_path: Path) -> None:
    page = study.report(tmp_path / "größe")
    assert page == tmp_path / "größe" / "report.html"
    text = page.read_text(encoding="utf-8")
    assert "1 of 12 planned runs are missing" in " ".join(text.split()) and "3.0 (11)" in text


def test_a_folder_is_read_whatever_its_plan(results: Path, study: Study) -> None:
    found = harness.load(results)
    assert len(found.runs) == 11 and len(found.missing) == 0
    assert found.scores.set_index(["fault", "technique"])["mean"].to_dict() == (
        study.scores.set_index(["fault", "technique"])["mean"].to_dict()
    )
    assert len(harness.load(results, faults=["D3"], techniques="random").runs) == 3
    with pytest.raises(HarnessError, match="no finished run with budget 7 is in"):
        harness.load(results, budget=7)
    with pytest.raises(HarnessError, match="no way to select runs of a folder 'bugdet'"):
        harness.load(results, bugdet=7)
    with pytest.raises(HarnessError, match="no plan 'nowhere'"):
        harness.load("nowhere")


def test_a_folder_with_several_settings_asks_for_one(tmp_path: Path, registry: Registry) -> None:
    plan, _ = small_study(tmp_path, registry, ["D3"], ["random"], budget=6)
    small_study(tmp_path, registry, ["D3"], ["random"], budget=3)
    with pytest.raises(HarnessError, match=r"several values of budget: 3.0, 6.0. Choose one"):
        harness.load(tmp_path)
    assert harness.load(tmp_path, budget=3).runset.budget == 3
    assert len(harness.load(plan, results=tmp_path).runs) == 3
    for path in (tmp_path / "baselines").iterdir():
        path.unlink()
    with pytest.raises(HarnessError, match="holds no baseline of D3 with data default"):
        harness.load(tmp_path, budget=3)


def test_notebooks_read_the_study_of_the_environment(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = ["plan=smoke", "plan.faults=[D3,D6]", "plan.techniques=random", f"results={results}"]
    monkeypatch.setenv("STUDY", "\n".join([*lines, "budget=6"]))
    assert len(harness.load().runs) == 6
    assert len(harness.load(faults=["D3"]).runs) == 3


def test_techniques_are_compared(study: Study, results: Path) -> None:
    pairs = harness.compare(study)
    assert list(pairs[["first", "second"]].iloc[0]) == ["random", "hebo"]
    assert 0 <= pairs["probability"].iloc[0] <= 1
    assert len(harness.compare(results, techniques=["hebo", "random"])) == 1
    with pytest.raises(HarnessError, match="no technique with runs in this study 'bohb'"):
        harness.compare(study, techniques=["bohb", "hebo"])
    with pytest.raises(HarnessError, match="a comparison needs two techniques"):
        harness.compare(study, techniques=["hebo"])


def test_faults_are_filtered() -> None:
    every = harness.faults()
    assert list(every.columns) == list(harness.columns("faults")["column"])
    real = harness.faults(kind="real")
    assert set(real["kind"]) == {"real"} and 0 < len(real) < len(every)
    assert set(harness.faults(operator="activation")["fault"]) >= {"D1"}
    with pytest.raises(HarnessError, match="no kind 'reel'. Did you mean real"):
        harness.faults(kind="reel")
    with pytest.raises(HarnessError, match="no repair operator of these faults 'actvation'"):
        harness.faults(operator="actvation")


def test_published_runs_are_a_study() -> None:
    found = harness.published(20, "icst23", faults=["R4", "R7"])
    assert set(found.scores["fault"]) == {"R4", "R7"} and len(found.runs) == 2 * 3 * 10
    assert len(found.trials) == found.runs["trials"].sum()
    with pytest.raises(HarnessError, match="no runs of budget 30. Found: 10, 20, 50"):
        harness.published(30)
    with pytest.raises(HarnessError, match="no published fault 'R99'"):
        harness.published(20, faults=["R99"])


def test_bad_settings_are_one_message_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="no fault 'D77'"):
        harness.run("smoke", faults=["D77"], results=tmp_path)
    with pytest.raises(HarnessError, match="no setting 'bugdet'"):
        harness.run("smoke", bugdet=3)
    with pytest.raises(HarnessError, match="threads must be a whole number"):
        harness.run(["plan=smoke"], threads=1.5)
    assert not [*tmp_path.iterdir()]


def test_the_benchmark_s_tables() -> None:
    operators, faults = harness.benchmark()
    assert operators.title.startswith("Table I:") and faults.title.startswith("Table II:")


def test_localising_an_unknown_fault_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="no fault 'D99'"):
        harness.localise("D99")
    with pytest.raises(HarnessError, match="no script"):
        harness.localise(tmp_path / "gone.py")


@pytest.mark.timeout(300)
def test_a_study_is_run(with_own_faults: Path, tmp_path: Path) -> None:
    said: list[str] = []
    made = harness.run(
        "smoke", faults=["X1"], technique="random", repetitions=1, budget=2, clock="work",
        results=tmp_path / "a = b", mlflow=False, workers=1, say=said.append,
    )  # fmt: skip
    assert len(made.runs) == 1 and not made.failed and not made.elsewhere
    assert harness.load(tmp_path / "a = b").runs["fault"].tolist() == ["X1"]
    assert Store(tmp_path / "a = b").root.is_dir()
