"""Localises faults in a user's script: runs it in a process of its own, up to its training.

The parent is :func:`script_report`; the child (``python -m harness.theia.script``) runs the script
with recording on, catches the first ``fit`` of Keras or ``theia.check``, writes a report and ends.
"""

from __future__ import annotations

import inspect
import json
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.theia import live
from harness.theia.program import Place
from harness.theia.recorder import Recorder, after_import, watch_keras, watch_torch
from harness.theia.report import LocaliserReport, localiser_report
from harness.theia.rules import judge
from harness.vocabulary import HarnessError

_ROOT = Path(__file__).resolve().parents[2]
_ANSWER = "THEIA_ANSWER"
_SETTINGS = "THEIA_SETTINGS"


def script_report(
    script: Path,
    arguments: Sequence[str] = (),
    *,
    task: str | None = None,
    profile: str = "recommended",
    limit: float = 600,
) -> LocaliserReport:
    """The report of a training script, which is run up to the start of its training.

    Args:
        arguments: Command-line arguments of the script.
        task: One of the four tasks; guessed if not given.
        limit: Seconds that the script may take until it trains.

    Raises:
        HarnessError: If there is no such script, if it fails or never trains.
    """
    if not script.is_file():
        raise HarnessError(f"no script {script}; a Python file that trains a model was asked for")
    with tempfile.TemporaryDirectory() as folder:
        answer, log = Path(folder, "answer.json"), Path(folder, "output")
        known = {"task": task, "profile": profile, "target": str(script)}
        paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {
            **os.environ,
            _ANSWER: str(answer),
            _SETTINGS: json.dumps(known),
            "PYTHONPATH": os.pathsep.join(paths),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        command = [sys.executable, "-m", "harness.theia.script", str(script), *arguments]
        with log.open("w") as output:
            try:
                done = subprocess.run(
                    command,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=limit,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise HarnessError(
                    f"{script} did not start to train within {limit:g} s; "
                    "--limit gives it more, fewer data make it faster"
                ) from None
        if not answer.exists():
            raise _no_answer(script, done.returncode, log.read_text(errors="replace"))
        record = json.loads(answer.read_text())
    if "problem" in record:
        raise HarnessError(f"{script}: {record['problem']}")
    return LocaliserReport.from_json(record)


def _no_answer(script: Path, code: int, output: str) -> HarnessError:
    """Why a script gave nothing to check."""
    if code == 0:
        return HarnessError(
            f"{script} ended without training: it calls neither fit of a Keras model nor, for "
            "PyTorch, theia.check(model, loss, optimizer, loader, task) before its loop"
        )
    lines = [line for line in output.splitlines() if line.strip()]
    shown = "\n".join(lines[-8:])
    return HarnessError(f"{script} failed before it trained (exit code {code}):\n{shown}")


def main(arguments: Sequence[str]) -> None:
    """The child: runs the script, which ends with a file that holds the answer."""
    script, *rest = arguments
    path = Path(script).resolve()
    recorder = Recorder(path.parent)
    live.LOCALISATION = live.Localisation(recorder, deliver)
    after_import(
        {
            "keras": lambda module: _catch_keras(recorder, module),
            "torch": lambda module: watch_torch(recorder, module),
        }
    )
    sys.argv = [script, *rest]
    sys.path[0] = str(path.parent)
    runpy.run_path(str(path), run_name="__main__")


def deliver(found: LocaliserReport) -> None:
    """Write the answer and end the process, before the user's training starts."""
    settings = _settings()
    _answer(replace(found, target=settings["target"]).to_json())


def _settings() -> Mapping[str, Any]:
    known: Mapping[str, Any] = json.loads(os.environ[_SETTINGS])
    return known


def _answer(record: Mapping[str, Any]) -> None:
    Path(os.environ[_ANSWER]).write_text(json.dumps(record))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # an exception could be caught by the script


def _catch_keras(recorder: Recorder, keras: ModuleType) -> None:
    """Note where things are made and compiled; check instead of fitting."""
    watch_keras(recorder, keras)
    compiled: dict[int, dict[str, Place]] = {}
    fit, compile_ = keras.Model.fit, keras.Model.compile

    def catch_compile(self: Any, *args: Any, **kwargs: Any) -> Any:
        given = inspect.signature(compile_).bind_partial(self, *args, **kwargs).arguments
        compiled[id(self)] = _compile_places(recorder, given)
        return compile_(self, *args, **kwargs)

    def catch_fit(self: Any, *args: Any, **kwargs: Any) -> None:
        given = inspect.signature(fit).bind_partial(self, *args, **kwargs).arguments
        _check_fit(recorder, self, given, compiled.get(id(self), {}))

    keras.Model.compile, keras.Model.fit = catch_compile, catch_fit


def _compile_places(recorder: Recorder, given: Mapping[str, Any]) -> dict[str, Place]:
    """Lines of ``compile`` and of its arguments; recorded objects have places of their own."""
    here = recorder.here()
    places = {"compile": here}
    for name, argument in (("loss", "loss"), ("optimiser", "optimizer")):
        if recorder.place(given.get(argument)) is None:
            places[name] = recorder.argument(here, argument)
    return {k: v for k, v in places.items() if v is not None}


def _check_fit(
    recorder: Recorder, model: Any, given: Mapping[str, Any], places: Mapping[str, Place]
) -> None:
    here, settings = recorder.here(), _settings()
    lines = {
        **places,
        "fit": here,
        "batch_size": recorder.argument(here, "batch_size"),
        "test": recorder.argument(here, "validation_data"),
    }
    x, y = given.get("x"), given.get("y")
    test, named = given.get("validation_data"), ""
    if test is None:
        test, named = _named_test(x)
    try:
        program, guessed = live.program_of(
            model,
            None,
            None,
            x if y is None else (x, y),
            settings["task"],
            test=test,
            batch_size=given.get("batch_size") or live.KERAS_BATCH,
            epochs=given.get("epochs", 1),
            places={k: v for k, v in lines.items() if v is not None},
        )
        findings = judge(program, settings["profile"])
        found = localiser_report(
            "", program, findings, profile=settings["profile"], guessed=guessed
        )
        if named:
            note = f"test data are taken from the variable {named}"
            found = replace(found, notes=(*found.notes, note))
        deliver(found)
    except HarnessError as error:
        _answer({"problem": str(error)})
    except Exception as error:  # the script might swallow it, and train
        _answer({"problem": f"the check failed: {type(error).__name__}: {error}"})


def _named_test(x: Any) -> tuple[Any, str]:
    """An array of the script that is named like test inputs and has the shape of the training's.

    Keras sees test data only when ``evaluate`` is called, after the training.
    """
    shape = getattr(x, "shape", None)
    names = vars(sys.modules["__main__"]) | _script_names()
    for name, value in names.items():
        alike = getattr(value, "shape", None)
        if "test" not in name.lower() or value is x or shape is None or alike is None:
            continue
        if len(alike) == len(shape) > 1 and tuple(alike[1:]) == tuple(shape[1:]):
            return value, name
    return None, ""


def _script_names() -> dict[str, Any]:
    """The global variables of the running script."""
    file = sys.argv[0]
    frame = inspect.currentframe()
    found: dict[str, Any] = {}
    while frame is not None:
        if frame.f_code.co_filename == str(Path(file).resolve()):
            found |= frame.f_globals
        frame = frame.f_back
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
