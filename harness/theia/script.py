"""Localises faults in a user's script: runs it in a process of its own, up to its training.

The parent is :func:`script_report`; the child (``python -m harness.theia.script``) runs the script
with recording on, catches the first ``fit`` of Keras or ``theia.check``, writes a report and ends.
"""

from __future__ import annotations

import ast
import inspect
import json
import os
import runpy
import sys
import traceback
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.theia import live
from harness.theia.contained import Ending, run_contained
from harness.theia.contained import scratch as scratch_copy
from harness.theia.findings import Finding
from harness.theia.program import Place
from harness.theia.recorder import Recorder, after_import, watch_keras, watch_torch
from harness.theia.report import LocaliserReport, localiser_report
from harness.theia.rules import judge
from harness.vocabulary import HarnessError

_ROOT = Path(__file__).resolve().parents[2]

LARGEST_SCRIPT = 1 << 24
"""Bytes."""
SHOWN_LINES, SHOWN_WIDTH = 8, 300
"""Of the script's own output, where it fails."""


def script_report(
    script: Path,
    arguments: Sequence[str] = (),
    *,
    task: str | None = None,
    profile: str = "recommended",
    limit: float = 600,
    scratch: bool = False,
) -> LocaliserReport:
    """The report of a training script, which is EXECUTED up to the start of its training.

    Whatever it does before is done, with the rights of its user. No process that it starts
    outlives the call.

    Args:
        arguments: Command-line arguments of the script.
        task: One of the four tasks; guessed if not given.
        limit: Seconds that the script may take until it trains.
        scratch: Runs it in a copy of its folder, which is removed afterwards, so that relative
            paths lead to copies. It is no sandbox: absolute paths lead where they always do.

    Raises:
        HarnessError: If there is no such script, if it fails or never trains.
    """
    if not 0 < limit < float("inf"):
        raise HarnessError(f"the limit is a positive number of seconds. Received: {limit!r}")
    if any("\0" in text for text in (str(script), *arguments)):
        raise HarnessError("the script's path and arguments hold no zero bytes")
    _check_script(script)
    path = script.resolve()
    if not scratch:
        return _report(script, path, Path.cwd(), arguments, task, profile, limit, {})
    with scratch_copy(path.parent) as copy:
        (copy.parent / "tmp").mkdir()
        own = {"TMPDIR": str(copy.parent / "tmp")}
        found = _report(script, copy / path.name, copy, arguments, task, profile, limit, own)
        return _moved(found, copy, path.parent)


def _check_script(script: Path) -> None:
    """Raises HarnessError if the file is no Python program."""
    if not os.path.isfile(script):
        what = "a folder" if os.path.isdir(script) else "not there"
        raise HarnessError(
            f"no script {script}: it is {what}; a Python file that trains a model was asked for"
        )
    try:
        if (size := os.path.getsize(script)) > LARGEST_SCRIPT:
            raise HarnessError(f"{script} has {size} bytes, more than {LARGEST_SCRIPT}: no script")
        with warnings.catch_warnings(action="ignore"):
            ast.parse(script.read_bytes(), str(script))
    except SyntaxError as error:
        where = script if error.lineno is None else f"{script}:{error.lineno}"
        raise HarnessError(f"{where} is no Python: {error.msg}") from None
    except (OSError, ValueError, RecursionError, MemoryError) as error:
        problem = str(error) or type(error).__name__
        raise HarnessError(f"{script} cannot be read as Python: {problem}") from None


def _report(
    script: Path,
    path: Path,
    folder: Path,
    arguments: Sequence[str],
    task: str | None,
    profile: str,
    limit: float,
    environment: Mapping[str, str],
) -> LocaliserReport:
    """Run the script that lies at ``path`` in ``folder``; ``script`` is its name for people."""
    ending = run_contained(
        [sys.executable, "-P", "-m", "harness.theia.script", str(path), *arguments],
        {"task": task, "profile": profile, "target": str(script)},
        environment={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")])),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **environment,
        },
        folder=folder,
        limit=limit,
    )
    if ending.late:
        raise HarnessError(
            f"{script} did not start to train within {limit:g} s, and was ended; "
            "--limit gives it more, fewer data make it faster"
        )
    if ending.answer is None:
        raise _no_answer(script, ending)
    try:
        if "problem" in ending.answer:
            raise HarnessError(f"{script}: {ending.answer['problem']}")
        return LocaliserReport.from_json(ending.answer)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise HarnessError(f"{script} wrote something else in the place of its report") from None


def _moved(report: LocaliserReport, copy: Path, folder: Path) -> LocaliserReport:
    """The report with the places of the script itself instead of those of its copy."""

    def moved(finding: Finding) -> Finding:
        place = finding.place
        if place is None or not (copy / place.file).is_relative_to(copy):
            return finding
        own, here = folder / (copy / place.file).relative_to(copy), Path.cwd()
        own = own.relative_to(here) if own.is_relative_to(here) else own
        return replace(finding, place=replace(place, file=str(own)))

    return replace(report, findings=tuple(map(moved, report.findings)))


def _no_answer(script: Path, ending: Ending) -> HarnessError:
    """Why a script gave nothing to check."""
    if ending.code == 0:
        return HarnessError(
            f"{script} ended without training: it calls neither fit of a Keras model nor, for "
            "PyTorch, theia.check(model, loss, optimizer, loader, task) before its loop"
        )
    printable = (
        "".join(c if c.isprintable() else " " for c in x) for x in ending.output.split("\n")
    )
    lines = [line[:SHOWN_WIDTH].rstrip() for line in printable if line.strip()][-SHOWN_LINES:]
    code = ending.code
    how = f"exit code {code}" if code is None or code >= 0 else f"signal {-code}"
    return HarnessError(
        "\n".join([f"{script} failed before it trained ({how}):", *lines[-SHOWN_LINES:]])
    )


_SETTINGS: dict[str, Any] = {}
"""Of the child: what to check, and where the answer goes. Not in the environment of the script."""


def main(arguments: Sequence[str]) -> None:
    """The child: runs the script, which ends with a file that holds the answer."""
    _SETTINGS.update(json.loads(sys.stdin.buffer.read()))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.set_inheritable(_SETTINGS["answer"], False)
    script, *rest = arguments
    _SETTINGS["script"] = script
    path = Path(script)
    recorder = Recorder(path.parent)
    live.LOCALISATION = live.Localisation(recorder, deliver)
    after_import(
        {
            "keras": lambda module: _catch_keras(recorder, module),
            "torch": lambda module: watch_torch(recorder, module),
        }
    )
    sys.argv = [script, *rest]
    sys.path.insert(0, str(path.parent))
    try:
        runpy.run_path(script, run_name="__main__")
    except Exception as error:
        own = [
            f for f in traceback.extract_tb(error.__traceback__) if recorder.is_user_s(f.filename)
        ]
        where = f"{recorder.shown(own[-1].filename)}:{own[-1].lineno}: " if own else ""
        sys.exit(f"{where}{type(error).__name__}: {error}")


def deliver(found: LocaliserReport) -> None:
    """Send the answer and end the process, before the user's training starts."""
    _answer(replace(found, target=_SETTINGS["target"]).to_json())


def _answer(record: Mapping[str, Any]) -> None:
    line = json.dumps({"secret": _SETTINGS["secret"], "record": record}).encode() + b"\n"
    try:
        while line:
            line = line[os.write(_SETTINGS["answer"], line) :]
    except OSError:
        os.write(2, b"\nthe script closed a file that is not its own, so nothing could be said\n")
        os._exit(1)
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
    here, settings = recorder.here(), _SETTINGS
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
    frame = inspect.currentframe()
    found: dict[str, Any] = {}
    while frame is not None:
        if frame.f_code.co_filename == _SETTINGS["script"]:
            found |= frame.f_globals
        frame = frame.f_back
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
