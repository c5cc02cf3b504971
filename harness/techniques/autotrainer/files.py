"""Files of the tool AutoTrainer. In: model, training, data. Out: repaired model, log, page."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from harness.records.files import read_bounded
from harness.records.schema import decode_json
from harness.techniques.autotrainer.bounds import check_model, read_arrays, unloadable
from harness.techniques.autotrainer.tool import (
    Attempt,
    ToolData,
    ToolResult,
    arrays_of,
    training_of,
)
from harness.training.frameworks import network_of
from harness.training.watched.history import Training
from harness.vocabulary import HarnessError

LARGEST_TRAINING = 1 << 20
"""Bytes of the largest training file."""

NAMES = ("repaired.keras", "repaired.pt", "log.jsonl", "summary.html")
"""Files that a run may write."""


def load_model(path: Path, *, trusted: bool = False) -> Any:
    """A Keras model from ``.keras`` or ``.h5``, or a PyTorch module from ``.pt``.

    Args:
        path: The file.
        trusted: Whether code in the file may run: Lambda layers, and everything in ``.pt``, which
            is a pickle. Ask for it only if you know who made the file.

    Raises:
        HarnessError: If the file is missing or damaged, or would run code.
    """
    if not os.path.isfile(path):
        raise HarnessError(f"there is no model file {path}. A model saved by model.save('x.keras')")
    if path.suffix in (".pt", ".pth"):
        return _load_torch(path, trusted)
    if path.suffix not in (".keras", ".h5", ".hdf5"):
        raise HarnessError(
            f"{path}: the ending says what a model file is. Known: .keras and .h5 for Keras, .pt "
            "for PyTorch"
        )
    import keras

    from harness.training.keras.keras_layers import thresholded_relu

    thresholded_relu()  # so that models repaired with it can be loaded
    check_model(path, trusted=trusted)
    try:
        return keras.models.load_model(path, compile=False, safe_mode=not trusted)
    except Exception as error:
        raise unloadable(path, error) from None


def _load_torch(path: Path, trusted: bool) -> Any:
    import torch

    if not trusted:
        raise HarnessError(
            f"{path} is a pickle, which runs code when it is loaded. TRUST=1 allows it, if you "
            "know who made the file"
        )
    try:
        found = torch.load(path, weights_only=False)
    except Exception as error:
        raise HarnessError(f"{path} cannot be loaded: {error}") from None
    if not isinstance(found, torch.nn.Module):
        raise HarnessError(
            f"{path} holds a {type(found).__name__}; torch.save(model, path) makes what is needed"
        )
    return found


def load_training(path: Path) -> Training:
    """A training from a JSON file; see ``harness.techniques.autotrainer.tool.training_of``."""
    try:
        values = decode_json(read_bounded(path, LARGEST_TRAINING))
    except (OSError, ValueError) as error:
        raise HarnessError(
            f"the training file {path} cannot be read as JSON: {error}. It holds loss, optimiser, "
            "learning_rate, batch_size and epochs"
        ) from None
    return training_of(values)


def load_data(path: Path) -> ToolData:
    """Arrays ``x``, ``y``, ``x_val``, ``y_val`` from an ``.npz`` file; nothing pickled."""
    try:
        arrays = read_arrays(path, ("x", "y", "x_val", "y_val"))
    except Exception as error:  # of zipfile, zlib or NumPy, at whatever the file holds
        reason = (str(error).splitlines() or [type(error).__name__])[0][:300]
        raise HarnessError(
            f"the data file {path} cannot be read: {reason}. np.savez(path, x=..., y=..., "
            "x_val=..., y_val=...) makes what is needed"
        ) from None
    return arrays_of(arrays)


def check_folder(folder: Path) -> None:
    """Raises HarnessError if results cannot be written, or would replace those of another run."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(f"the folder {folder} cannot be made: {error}") from None
    there = [name for name in NAMES if (folder / name).exists()]
    if there:
        raise HarnessError(
            f"{folder} holds {', '.join(there)} of another run already; name another folder"
        )


def write_repair(result: ToolResult, folder: Path) -> list[Path]:
    """The repaired model, the log of every check and attempt, the summary page."""
    check_folder(folder)
    model = _save(result.model, folder)
    log = folder / "log.jsonl"
    log.write_text("".join(json.dumps(line) + "\n" for line in log_lines(result)))
    page = folder / "summary.html"
    page.write_text(tool_summary(result, model.name), encoding="utf-8")
    return [model, log, page]


def _save(model: Any, folder: Path) -> Path:
    if network_of(model).framework == "keras":
        model.save(folder / "repaired.keras")
        return folder / "repaired.keras"
    import torch

    torch.save(model, folder / "repaired.pt")
    return folder / "repaired.pt"


def log_lines(result: ToolResult) -> list[dict[str, Any]]:
    """The rules, every training with its checks, the verdict: as JSON values."""
    return [
        {"event": "rules", **asdict(result.rules)},
        *({"event": "training", **_line(attempt)} for attempt in result.attempts),
        {
            "event": "verdict",
            "status": result.status,
            "symptoms": list(result.symptoms),
            "accuracy": result.accuracy,
            "seconds": round(result.seconds, 3),
            "history": result.history.plain(),
        },
    ]


def _line(attempt: Attempt) -> dict[str, Any]:
    values = asdict(attempt)
    values["seconds"] = round(attempt.seconds, 3)
    return values


def tool_summary(result: ToolResult, model: str) -> str:
    """One page of HTML: what was wrong, what was tried, what came out; the curves are inside."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    texts = {a.number: a.text for a in result.attempts}
    return environment.get_template("summary.html.j2").render(
        status=result.status.value,
        first=result.attempts[0],
        attempts=result.attempts,
        answer=result.history.links[-1].number,
        links=[(texts[link.number], link.epochs) for link in result.history.links],
        accuracy=result.accuracy,
        seconds=result.seconds,
        rules=result.rules,
        model=model,
        curves=training_curves(result),
        words=lambda name: str(name).replace("_", " "),
        number=lambda value: "unknown" if value is None else f"{value:.3f}",
    )


def training_curves(result: ToolResult) -> str:
    """SVG: validation accuracy and training loss of every training, epoch by epoch."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    accuracy, loss = figure.subplots(1, 2)
    answer = result.history.links[-1].number
    for attempt in result.attempts:
        style: Mapping[str, Any] = {"color": "0.75", "linewidth": 1}
        if attempt.number == answer:
            style = {"color": "tab:green", "label": attempt.text, "linewidth": 2}
        if attempt.number == 0:
            style = {"color": "tab:red", "label": "the program itself", "linewidth": 2}
        if attempt.seen is not None:
            epochs = range(1, attempt.seen.epochs + 1)
            accuracy.plot(epochs, attempt.seen.val_accuracy, **style)
            loss.plot(range(1, len(attempt.losses) + 1), attempt.losses, **style)
    accuracy.set(title="validation accuracy", xlabel="epoch", ylim=(0, 1))
    values = [value for attempt in result.attempts for value in attempt.losses]
    wide = bool(values) and 0 < 100 * min(values) < max(values)
    loss.set(title="training loss", xlabel="epoch", yscale="log" if wide else "linear")
    accuracy.legend(fontsize="small", loc="lower right")
    drawn = StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]
