"""A whole campaign, tiny but real: real Ray, real training of a tabular subject."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import command
from outside import write_faults

import harness.subjects.registry
from harness.analysis.criterion import Fate, kill_verdict
from harness.engine import Pool
from harness.mutation.campaign import run_campaign
from harness.mutation.harvest import Campaign, Harvest
from harness.mutation.mutant_faults import write_fault
from harness.mutation.summaries import by_fault, by_operator, mutants
from harness.records.files import read_json
from harness.records.store import Store
from harness.study.baselines import measure_baselines
from harness.study.plan import BASELINE_SEEDS, Plan
from harness.subjects.registry import load_registry
from harness.techniques.random import Random
from harness.vocabulary import METRICS, HarnessError, Value

OPERATORS = ("HNE", "RAW", "RCD", "WCI")


pytestmark = [pytest.mark.usefixtures("ray_session"), pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_faults(tmp_path_factory.mktemp("campaign") / "faults", "X1")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def campaign(folder: Path) -> Campaign:
    return Campaign(subject="sum_sign", operators=OPERATORS, n=3, folders=(folder,))


@pytest.fixture(scope="module")
def pool(ray_session: None) -> Iterator[Pool]:
    with Pool(1, "tensorflow") as opened:
        yield opened


@pytest.fixture(scope="module")
def harvest(campaign: Campaign, results: Store, pool: Pool) -> Harvest:
    told: list[tuple[int, int, int, int]] = []
    found = run_campaign(
        campaign, results, pool=lambda: pool, prefix="S", progress=lambda *all: told.append(all)
    )
    killed, survived, left, total = told[-1]
    every = [t for tested in found.tested.values() for t in tested]
    assert left == 0
    assert killed == sum(t.fate.killed for t in every) > 0
    assert survived == sum(t.fate is Fate.SURVIVED for t in every) > 0
    assert total == len(told) == 1 + 4 + 11  # one range, two lists
    return found


def nothing_to_train() -> Pool:
    raise AssertionError("everything has been trained")


def stamps(results: Store) -> dict[Path, int]:
    return {p: p.stat().st_mtime_ns for p in (results.root / "trainings").rglob("*.json")}


def test_mutants_are_judged_by_their_trainings(harvest: Harvest, results: Store) -> None:
    assert not harvest.failed
    assert harvest.absent == {"RAW": "the subject has no setting regulariser_N"}
    zeros = next(t for t in harvest.tested["WCI"] if t.mutant.value == "zeros")
    assert zeros.fate is Fate.KEPT
    files = [read_json(path) for path in (results.root / "trainings").rglob("*.json")]

    def outcomes(**changes: Value) -> list[Any]:
        wanted = {**harvest.campaign.program.fixed, **changes}
        (found,) = [
            file["trainings"].values()
            for file in files
            if file["configuration"] == wanted and file["data_seed"] == harvest.campaign.data_seed
        ]
        return [training["outcome"] for training in found]

    original, mutant = outcomes(), outcomes(kernel_initialiser_1="zeros")
    assert len(original) == len(mutant) == 3
    assert len({tuple(o["losses"]) for o in original}) == 3  # other seeds, other weights
    scores = [[o["holdout"] for o in each] for each in (original, mutant)]
    assert zeros.verdict == kill_verdict(scores[0], scores[1], METRICS["accuracy"])


def test_a_mutant_that_cannot_be_trained_is_told_apart(harvest: Harvest) -> None:
    whole = next(t for t in harvest.tested["RCD"] if t.mutant.value == 1.0)
    assert whole.verdict is None or whole.fate.killed
    assert (whole.fate is Fate.INVALID) == bool(whole.message)


def test_a_complete_campaign_needs_no_training(
    harvest: Harvest, campaign: Campaign, results: Store
) -> None:
    before = stamps(results)
    again = run_campaign(campaign, results, pool=nothing_to_train, prefix="S")
    assert again.tested == harvest.tested
    assert {a: q.again for a, q in again.qualified.items()} == {
        a: q.again for a, q in harvest.qualified.items()
    }
    assert stamps(results) == before


def test_a_stopped_campaign_trains_what_it_lacks(
    harvest: Harvest, campaign: Campaign, results: Store, pool: Pool
) -> None:
    before = stamps(results)
    cut, gone = sorted(before)[:2]
    content = json.loads(cut.read_text())
    content["trainings"].popitem()
    cut.write_text(json.dumps(content))
    gone.unlink()
    again = run_campaign(campaign, results, pool=lambda: pool, prefix="S")
    assert again.tested == harvest.tested
    after = stamps(results)
    assert set(after) == set(before)
    assert {p for p in before if before[p] != after[p]} == {cut, gone}


def test_faults_are_written_with_provenance_and_keep_their_ids(
    harvest: Harvest, campaign: Campaign, results: Store, folder: Path
) -> None:
    qualified = harvest.qualified["WCI"]
    for each in harvest.qualified.values():
        assert write_fault(each)
        assert not write_fault(each)  # a registered fault stays as it is
    harness.subjects.registry._load.cache_clear()
    registry = load_registry([folder])
    fault = registry[qualified.fault.id]
    assert fault.values == qualified.fault.values
    assert fault.kind == "mutant"
    assert fault.origin["tool"] == "DeepCrime"
    assert fault.origin["operator"] == "change_weights_initialisation"
    assert (fault.origin["acronym"], fault.origin["layer"]) == ("WCI", 1)
    assert (fault.origin["n"], fault.origin["seed"]) == (3, 1)
    for name in ("p", "d", "mean_original", "mean_mutant"):
        assert isinstance(fault.origin[name], float)
        assert isinstance(fault.origin[f"again_{name}"], float)
    again = run_campaign(campaign, results, pool=nothing_to_train, prefix="S")
    assert {a: q.fault.id for a, q in again.qualified.items()} == {
        a: q.fault.id for a, q in harvest.qualified.items()
    }


def test_a_baseline_finds_what_the_qualification_trained(
    harvest: Harvest, results: Store, pool: Pool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULTS_PATH", str(folder))
    for each in harvest.qualified.values():
        write_fault(each)
    harness.subjects.registry._load.cache_clear()
    name = harvest.qualified["WCI"].fault.id
    plan = Plan(name="p", faults=[name], techniques={"r": Random()}, repetitions=1, budget=1)
    measured = measure_baselines(plan, load_registry(), results, lambda: pool, lambda _: None)
    (path,) = (results.root / "baselines").iterdir()
    faulty = read_json(path)["faulty"]
    kept = [
        read_json(p)["trainings"]
        for p in (results.root / "trainings").rglob("*.json")
        if len(read_json(p)["trainings"]) == BASELINE_SEEDS
    ]
    assert len(kept) == 2  # faulty and fixed: three trainings were there, seven were added
    assert faulty in [[t["outcome"] for t in each.values()] for each in kept]
    assert len(measured[name].fixed_holdout) == BASELINE_SEEDS


def test_tables_say_what_became_of_every_mutant(harvest: Harvest) -> None:
    frame = mutants(harvest)
    assert len(frame) == sum(len(t) for t in harvest.tested.values())
    became = frame[frame["fault"].notna()]
    assert set(became["operator"]) == set(harvest.qualified)
    assert set(became["fate"]) == {"kept"}
    rows = {row[0]: row for row in by_operator(harvest).rows}
    assert rows["RAW"][-1] == "not applicable: the subject has no setting regulariser_N"
    for acronym, tested in harvest.tested.items():
        invalid, survived, killed = (int(n) for n in rows[acronym][3:6])
        assert invalid + survived + killed == int(rows[acronym][2]) == len(tested)
    text = by_fault(harvest).markdown()
    assert f"| {harvest.qualified['WCI'].fault.id} | WCI | kernel initialiser 1 glorot" in text


def test_the_command(harvest: Harvest, results: Store, folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Before\n<!-- sum_sign -->\nold\n<!-- end of sum_sign -->\nafter\n")
    script = ["mutants", "subject=sum_sign", f"operators=[{','.join(OPERATORS)}]"]
    words = ["n=3", "prefix=S", "workers=1", f"results={results.root}", f"document={page}"]
    done = command(*script, *words, faults=folder)
    assert done.returncode == 0, done.stderr
    identity = harvest.qualified["WCI"].fault.id
    for text in (done.stdout, page.read_text()):
        assert identity in text
        assert "not applicable" in text
    assert page.read_text().startswith("# Before\n<!-- sum_sign -->\n")
    assert "old" not in page.read_text()
    assert page.read_text().endswith("<!-- end of sum_sign -->\nafter\n")
    assert (results.root / "tables" / "mutants-sum_sign-s1" / "mutants.csv").exists()


def test_a_subject_that_does_not_train_is_named(folder: Path, tmp_path: Path, pool: Pool) -> None:
    broken = write_faults(tmp_path / "f", "X1")
    module = broken / "subjects" / "sum_sign.py"
    module.write_text(module.read_text().replace('"learning_rate": 0.05', '"learning_rate": 1e30'))
    made = Campaign(subject="sum_sign", operators=["HDB"], n=2, folders=(broken,))
    with pytest.raises(HarnessError, match="2 of 2 trainings of sum_sign itself have no score"):
        run_campaign(made, Store(tmp_path / "r"), pool=lambda: pool)
