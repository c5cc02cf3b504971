"""Lines of the user's code at which objects are made."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.theia.program import Place
from harness.theia.recorder import Recorder, after_import

SCRIPT = """\
def make(note):
    thing = object()
    note(thing)
    return thing

def call(here):
    return here(
        1,
        rate=2,
    )
"""


def run(path: Path) -> dict[str, Any]:
    """The names of a user's script, compiled as if it were run."""
    path.write_text(SCRIPT)
    names: dict[str, Any] = {}
    exec(compile(SCRIPT, str(path), "exec"), names)
    return names


def test_an_object_is_noted_at_the_user_s_line(tmp_path: Path) -> None:
    recorder, path = Recorder(tmp_path), tmp_path / "train.py"
    thing = run(path)["make"](recorder.note)
    assert recorder.place(thing) == Place(str(path), 3)
    assert recorder.place(object()) is None


def test_code_of_others_is_no_place(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "elsewhere")
    thing = run(tmp_path / "train.py")["make"](recorder.note)
    assert recorder.place(thing) is None
    assert not recorder.is_user_s(str(tmp_path / "elsewhere/site-packages/a.py"))
    assert recorder.is_user_s(str(tmp_path / "elsewhere/a.py"))


def test_a_keyword_argument_has_a_line_of_its_own(tmp_path: Path) -> None:
    recorder, path = Recorder(tmp_path), tmp_path / "train.py"
    here = run(path)["call"](lambda *_, **__: recorder.here())
    assert here == Place(str(path), 7)
    assert recorder.argument(here, "rate") == Place(str(path), 9)
    assert recorder.argument(here, "batch_size") == here
    assert recorder.argument(None, "rate") is None


def test_an_action_follows_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "module_of_a_test.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    acted: list[ModuleType] = []
    after_import({"module_of_a_test": acted.append, "json": acted.append})
    assert [m.__name__ for m in acted] == ["json"]  # loaded already
    import module_of_a_test

    assert acted[-1] is module_of_a_test
    assert acted[-1].value == 1
    del sys.modules["module_of_a_test"]
