"""Migration of a results folder, with identities from whoever knows them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.records.cell import Cell
from harness.records.files import read_json
from harness.records.migrate import ASIDE, REFUSED, STAGING, Migration, Translation, migrate
from harness.records.store import Store
from harness.records.version_1 import Refused
from harness.vocabulary import HarnessError

VERSION_1 = Path(__file__).parents[1] / "data" / "version_1"


def cell_of(old: Mapping[str, Any]) -> tuple[Cell, str]:
    return Cell(**{**old, "fault_content": "content of today"}), "accuracy"


KNOWN = Translation(
    cell=cell_of,
    baseline=lambda name, record: ("content of today", "0123456789ab"),
    trainings=lambda name, record: "ba9876543210",
)


def unknown(*_: object) -> Any:
    raise Refused("nobody knows it")


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return shutil.copytree(VERSION_1, tmp_path / "results")


def names(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.name != "lock")


def test_records_get_the_identities_that_the_translation_names(results: Path) -> None:
    done = migrate(results, KNOWN)
    assert (len(done.carried), done.refused, done.aside) == (3, {}, ASIDE)
    assert list((results / "baselines").glob("*-0123456789ab.json"))
    assert list((results / "trainings").glob("*/ba9876543210.json"))
    (record,) = (read_json(path) for path in results.glob("runs/D6/random/*/run.json"))
    cell = Cell(**record["cell"])
    assert cell.fault_content == "content of today"
    assert Store(results).read_run(cell).trials
    assert str(done).startswith("3 records are of version 2 now")


def test_what_the_translation_refuses_stays_with_the_old_files(results: Path) -> None:
    before = names(results)
    done = migrate(results, replace(KNOWN, baseline=unknown))
    assert list(done.refused.values()) == ["nobody knows it"]
    assert not list((results / "baselines").iterdir())
    kept = names(results / ASIDE)
    assert sorted({*kept} - {REFUSED}) == before
    assert "1 could not be carried over and are only there:" in str(done)


def test_nothing_is_changed_where_all_is_refused(results: Path) -> None:
    before = names(results)
    with pytest.raises(HarnessError, match="nothing was changed:\n.*: nobody knows it"):
        migrate(results, Translation(cell=unknown, baseline=unknown, trainings=unknown))
    assert names(results) == before


def test_a_folder_without_version_1_has_nothing_to_migrate(tmp_path: Path, results: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert migrate(empty, KNOWN) == Migration()
    assert names(empty) == []
    migrate(results, KNOWN)
    assert str(migrate(results, KNOWN)) == "nothing to migrate: no results of version 1 here"


def test_old_files_are_put_beside_those_of_an_earlier_migration(results: Path) -> None:
    (results / ASIDE).mkdir()
    assert migrate(results, KNOWN).aside == f"{ASIDE}.2"
    assert not (results / STAGING).exists()


def test_evidence_does_not_name_its_setting(results: Path) -> None:
    (results / "evidence").mkdir()
    (results / "evidence" / "D6-1.json").write_text('{"version": 1}')
    (results / "evidence" / "D7-1.json").write_text("{}")
    refused = migrate(results, KNOWN).refused
    assert "does not name its setting" in refused["evidence/D6-1.json"]
    assert "does not say which version" in refused["evidence/D7-1.json"]
