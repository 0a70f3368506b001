"""The interpolations `${dynax.*:}` of the YAML files. They determine the run directories."""

import functools
import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from dynax.cli.composition import unfinished
from dynax.cli.composition.untrusted import safe_name, saved_name


def register() -> None:
    """Register the interpolations with OmegaConf."""
    for resolver in (robot, log, resumed, trained):
        OmegaConf.register_new_resolver(f"dynax.{resolver.__name__}", resolver, replace=True)
    # OmegaConf passes its cache on to the jobs of a sweep, so that they share one stamp.
    OmegaConf.register_new_resolver("dynax.stamp", stamp, replace=True, use_cache=True)


def robot(env: DictConfig) -> str:
    """Return the name of a robot: the stem of its MJCF file if the user gives one, otherwise the environment's name."""
    return safe_name(Path(str(env.xml)).stem if "xml" in env else env.get("name"))


def log(source: Any) -> str:
    """Return the name of a log or dataset: the last part of its path, without characters that are special in paths.

    If `source` is not a path, return `log`. The command itself then reports the error.
    """
    if not isinstance(source, str):
        return "log"
    return re.sub(r"[^\w.-]+", "_", Path(source).name.removesuffix(Path(source).suffix)) or "log"


@functools.cache
def stamp() -> str:
    """Return date, time and six random hex digits. The value is unique to a command line and constant within it."""
    return f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{secrets.token_hex(3)}"


def resumed(run: str | None, otherwise: str | int, *, _root_: DictConfig) -> str:
    """Return the absolute path of the run to continue. If `run` is not a training run, return `otherwise`.

    `auto` is the newest unfinished run of the config `_root_`.
    """
    if run == unfinished.AUTO:
        return str(unfinished.claim_newest(_root_, f"{robot(_root_.env)}-{_root_.model.architecture}") or otherwise)
    return str(Path(str(run)).expanduser().absolute()) if run and is_run(run) else str(otherwise)


def trained(run: str) -> str:
    """Return `<env>-<model>` of a training run.

    If `run` is not a training run, return `unknown`. The command itself then reports the error.
    """
    return saved_name(run) if run else "unknown"


def is_model(path: str | Path) -> bool:
    """Return whether a directory contains a training run with a checkpoint, or is a saved model."""
    return is_run(path) or (Path(str(path)).expanduser() / "run.json").is_file()


def is_run(path: str | Path) -> bool:
    """Return whether a directory contains a training run with a checkpoint."""
    try:
        return any(Path(str(path)).expanduser().glob("checkpoints/epoch-*"))
    except (OSError, ValueError, RuntimeError):  # a name that is too long, a null byte, or an unknown home directory
        return False
