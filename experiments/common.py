"""Hydra's door to a study: sweeps and launchers. What it composes becomes a StudySpec at once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from harness.data.shipped import shipped
from harness.study.compose import options
from harness.study.settings import BY_KEY, GROUPS, SETTINGS
from harness.study.spec import StudySpec
from harness.vocabulary import HarnessError, unknown

CONFIGS = shipped("configs")


def study_help() -> str:
    """The help of the sweeps: every setting with its meaning, unit and default."""
    lines = [
        "Settings are given as key=value, without dashes:",
        "  plan=NAME        one of " + ", ".join(options("plan")) + " (default: laptop)",
        "  technique=NAME   one technique in place of the plan's: "
        + ", ".join(options("technique")),
        "  protocol=NAME    one of " + ", ".join(options("protocol")) + " (default: corrected)",
    ]
    for row in SETTINGS:
        lines += [
            f"  {row.key}=...",
            f"      {row.meaning} ({row.unit}; default: {row.default})",
        ]
    return "\n".join(lines)


OmegaConf.register_new_resolver("study_help", study_help, replace=True)


def spec(cfg: DictConfig) -> StudySpec:
    """What Hydra composed, checked."""
    return StudySpec.of(OmegaConf.to_container(cfg, resolve=True))  # type: ignore[arg-type]


def main(run: Callable[[StudySpec], int], config: str = "repair") -> None:
    """Run a study, or several, under Hydra; bad input is one message and exit code 2."""
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")
    if {"-m", "--multirun"} & set(sys.argv):  # jobs may start elsewhere, and import this module
        paths = [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    codes: list[int] = []

    @hydra.main(version_base=None, config_path=str(CONFIGS), config_name=config)
    def job(cfg: DictConfig) -> None:
        try:
            code = run(spec(cfg))
        except (HarnessError, HydraException, OmegaConfBaseException) as error:
            code = _fail(error)
        if code and HydraConfig.get().mode is RunMode.MULTIRUN:
            raise JobFailed(code)
        codes.append(code)

    try:
        _check(sys.argv[1:])
        job()
    except (HarnessError, HydraException, OmegaConfBaseException) as error:
        codes.append(_fail(error))
    except JobFailed as failed:
        codes.append(failed.code)
    except KeyboardInterrupt:
        print("stopped; repeat the command to go on from here", file=sys.stderr)
        codes.append(130)
    sys.exit(max(codes, default=0))


class JobFailed(Exception):
    """One job of several ended with an exit code; it may have run in another process."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def _fail(error: Exception) -> int:
    print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
    return 2


def _check(arguments: Sequence[str]) -> None:
    """Say what is wrong with the overrides before Hydra does, with suggestions."""
    known = [*GROUPS, *dict.fromkeys(key.split(".")[0] for key in BY_KEY if key != "plan.name")]
    own_folder = any(word.startswith(("--config-dir", "-cd")) for word in arguments)
    for argument in arguments:
        if argument.startswith("-") or "=" not in argument:
            continue
        key, value = argument.lstrip("+~").split("=", 1)
        head = key.split(".")[0].split("@")[0]
        if head not in known and head.split("/")[0] != "hydra":
            raise unknown("setting", key, list(dict.fromkeys(known)))
        if key in GROUPS and not argument.startswith("+") and value != "null" and not own_folder:
            for name in value.split(","):
                if name not in options(key):
                    hint = ", or a file: dnn-repair run plan=FILE" if key == "plan" else ""
                    raise unknown(key, name, options(key), hint)
