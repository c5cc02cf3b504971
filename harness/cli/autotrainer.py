"""The command that repairs a saved model with AutoTrainer."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.parsers import Command, add_option
from harness.vocabulary import HarnessError

if TYPE_CHECKING:
    from harness.techniques.autotrainer.tool import Attempt


def _declare(parser: argparse.ArgumentParser) -> None:
    add_option(
        parser, "model", type=Path, metavar="MODEL", meaning="Saved model: .keras, .h5, .pt."
    )
    add_option(
        parser, "training", type=Path, metavar="TRAINING",
        meaning="JSON file with loss, optimiser, learning rate and the like.",
    )  # fmt: skip
    add_option(parser, "data", type=Path, metavar="DATA", meaning=".npz with x, y, x_val, y_val.")
    add_option(
        parser, "out", type=Path, metavar="OUT", meaning="Folder for model, log and summary."
    )
    add_option(
        parser, "--mode", default="as_described", metavar="MODE",
        meaning="Which reading of the tool is run.", unit="as_described or as_run",
        shown="as_described",
    )  # fmt: skip
    add_option(
        parser, "--strategy", default="balance", metavar="STRATEGY",
        meaning="Order in which solutions are tried.", unit="name", shown="balance",
    )  # fmt: skip
    add_option(
        parser, "--threshold", action="append", default=[], metavar="NAME=NUMBER",
        meaning="Bound of a symptom's rule; may be repeated.", unit="in the rule's own unit",
        shown="the tool's",
    )  # fmt: skip
    add_option(
        parser, "--seed", type=int, default=0, metavar="SEED",
        meaning="Seed of all trainings.", unit="whole number", shown="0",
    )  # fmt: skip
    add_option(
        parser, "--backend", default="tensorflow", metavar="BACKEND",
        meaning="Keras backend; a .pt model is trained by PyTorch itself.",
        unit="tensorflow, jax or torch", shown="tensorflow",
    )  # fmt: skip
    add_option(
        parser, "--threads", type=int, default=1, metavar="THREADS",
        meaning="Threads of the trainings.", unit="threads", shown="1",
    )  # fmt: skip
    add_option(parser, "--trust", action="store_true", meaning="Lets code in the model's file run.")


def _run(arguments: argparse.Namespace) -> int:
    """Load, repair, write; prints a line for every training."""
    from harness.techniques.autotrainer import AutoTrainer
    from harness.techniques.autotrainer.files import (
        check_folder,
        load_data,
        load_model,
        load_training,
        write_repair,
    )
    from harness.training import configure

    training, data = load_training(arguments.training), load_data(arguments.data)
    check_folder(arguments.out)
    tool = AutoTrainer(
        mode=arguments.mode,
        strategy=arguments.strategy,
        thresholds=dict(map(_threshold, arguments.threshold)),
        seed=arguments.seed,
    )
    tool.rules()
    torch = arguments.model.suffix in (".pt", ".pth")
    configure("pytorch" if torch else arguments.backend, arguments.threads)
    model = load_model(arguments.model, trusted=arguments.trust)
    result = tool.repair(model, data, training, say=_say)
    files = write_repair(result, arguments.out)
    accuracy = "unknown" if result.accuracy is None else f"{result.accuracy:.3f}"
    print(f"{result.status.value}: validation accuracy {accuracy}, {result.seconds:.0f} s")
    print("written: " + ", ".join(str(path) for path in files))
    return 0


def _threshold(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise HarnessError(f"a threshold is given as name=number. Received: {text!r}") from None


def _say(attempt: Attempt) -> None:
    what = f"{attempt.solution} {attempt.repetition + 1}" if attempt.solution else "the program"
    epochs = attempt.seen.epochs if attempt.seen else 0
    found = attempt.error or attempt.found or "no symptom"
    accuracy = "" if attempt.accuracy is None else f", accuracy {attempt.accuracy:.3f}"
    print(f"{what} ({attempt.text}): {found} after {epochs} epochs{accuracy}", flush=True)


AUTOTRAINER_COMMANDS = (
    Command(
        "autotrainer", "your own program", "Repair a saved model with AutoTrainer.",
        _run, _declare,
        "dnn-repair autotrainer model.keras training.json data.npz folder --mode as_run",
    ),
)  # fmt: skip
