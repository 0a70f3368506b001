"""The interpolations of `conf/` that OmegaConf does not bring: where a run lies."""

import functools
import secrets
from datetime import datetime
from pathlib import Path

from omegaconf import DictConfig, OmegaConf


def register() -> None:
    """Make `${dynax.*:}` known to OmegaConf."""
    for resolver in (robot, resumed, resumed_subdir, trained):
        OmegaConf.register_new_resolver(f"dynax.{resolver.__name__}", resolver, replace=True)
    OmegaConf.register_new_resolver("dynax.stamp", stamp, replace=True, use_cache=True)  # jobs of a sweep get the cache


def robot(env: DictConfig) -> str:
    """The name of the robot the group `env` describes: of its MJCF's file, or its own."""
    return Path(env.xml).stem if "xml" in env else env.name


@functools.cache
def stamp() -> str:
    """Date, time and six random hex digits: one for a whole command line, and never the same for two."""
    return f"{datetime.now():%Y-%m-%d_%H-%M-%S}-{secrets.token_hex(3)}"


def resumed(run: str | None, otherwise: str | int) -> str:
    """The run directory that is continued, absolute; where there is none, `otherwise`."""
    return str(Path(run).expanduser().absolute()) if run and is_run(run) else str(otherwise)


def resumed_subdir(run: str | None) -> str:
    """Where Hydra writes its own files: a run that is continued keeps those it was started with."""
    return ".hydra/resumed" if run and is_run(run) else ".hydra"


def trained(run: str) -> str:
    """`<env>-<model>` of a training run; `unknown` where `run` is none, which its reader reports better."""
    try:
        config = OmegaConf.load(Path(str(run)).expanduser() / ".hydra" / "config.yaml")
        return f"{robot(config.env)}-{config.model.architecture}"
    except Exception:
        return "unknown"


def is_run(path: str | Path) -> bool:
    """Whether a directory is that of a training which has saved a checkpoint."""
    return any(Path(path).expanduser().glob("checkpoints/epoch-*"))
