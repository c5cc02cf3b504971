"""Repair a saved model with AutoTrainer.

make autotrainer MODEL=model.keras CONFIG=training.json DATA=data.npz OUT=folder
python experiments/autotrainer.py model.keras training.json data.npz folder --mode as_run
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.techniques.autotrainer import AutoTrainer
from harness.techniques.autotrainer.files import (
    check_folder,
    load_data,
    load_model,
    load_training,
    write_repair,
)
from harness.techniques.autotrainer.rules import MODES, STRATEGIES
from harness.techniques.autotrainer.tool import Attempt
from harness.training import configure
from harness.training.device import BACKENDS
from harness.vocabulary import HarnessError


def run(words: argparse.Namespace) -> None:
    """Load, repair, write; prints a line for every training."""
    training, data = load_training(words.training), load_data(words.data)
    check_folder(words.out)
    thresholds = dict(_threshold(word) for word in words.threshold)
    tool = AutoTrainer(
        mode=words.mode, strategy=words.strategy, thresholds=thresholds, seed=words.seed
    )
    tool.rules()
    torch = words.model.suffix in (".pt", ".pth")
    configure("pytorch" if torch else words.backend, words.threads)
    model = load_model(words.model, trusted=words.trust)
    result = tool.repair(model, data, training, say=_say)
    files = write_repair(result, words.out)
    accuracy = "unknown" if result.accuracy is None else f"{result.accuracy:.3f}"
    print(f"{result.status.value}: validation accuracy {accuracy}, {result.seconds:.0f} s")
    print("written: " + ", ".join(str(path) for path in files))


def _threshold(word: str) -> tuple[str, float]:
    name, _, value = word.partition("=")
    try:
        return name, float(value)
    except ValueError:
        raise HarnessError(f"a threshold is given as name=number. Received: {word!r}") from None


def _say(attempt: Attempt) -> None:
    what = f"{attempt.solution} {attempt.repetition + 1}" if attempt.solution else "the program"
    epochs = attempt.seen.epochs if attempt.seen else 0
    found = attempt.error or attempt.found or "no symptom"
    accuracy = "" if attempt.accuracy is None else f", accuracy {attempt.accuracy:.3f}"
    print(f"{what} ({attempt.text}): {found} after {epochs} epochs{accuracy}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help=".keras, .h5, or .pt")
    parser.add_argument("training", type=Path, help="JSON: loss, optimiser, learning_rate ...")
    parser.add_argument("data", type=Path, help=".npz: x, y, x_val, y_val")
    parser.add_argument("out", type=Path, help="folder for model, log and summary")
    parser.add_argument("--mode", default="as_described", help=", ".join(MODES))
    parser.add_argument("--strategy", default="balance", help=", ".join(STRATEGIES))
    parser.add_argument("--threshold", action="append", default=[], help="name=number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--backend", default="tensorflow", help=", ".join(BACKENDS))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--trust", action="store_true", help="let code in the model file run")
    try:
        run(parser.parse_args())
    except HarnessError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
