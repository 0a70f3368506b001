"""Continuing a run with its own config."""

from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from dynax import checkpoint
from dynax.errors import UserError

FREE = ("training.num_epochs", "training.resume")


def config_of(run: Path, cfg: DictConfig) -> dict[str, Any]:
    """The config `run` was started with, and the number of epochs asked for now, if one was.

    Raises `UserError` where an override on the command line asks for anything else to differ.
    """
    saved = OmegaConf.create(checkpoint.read_info(run)["config"])
    for key in _overridden():
        now, then = OmegaConf.select(cfg, key), OmegaConf.select(saved, key)
        if key == "training.num_epochs":
            OmegaConf.update(saved, key, now)
        elif key not in FREE and now != then:
            raise UserError(
                f"training.resume={run} continues with the run's own config, of which only training.num_epochs may change: "
                f"{_difference(key, now, then)}"
            )
    return OmegaConf.to_container(saved, resolve=True)  # type: ignore[return-value]


def _overridden() -> list[str]:
    """The keys and groups of the user's overrides."""
    task = HydraConfig.get().overrides.task
    return [override.lstrip("+~").split("=", 1)[0].replace("/", ".").split("@")[0] for override in task]


def _difference(key: str, now: Any, then: Any) -> str:
    """The first leaf below `key` in which two configs differ, in words."""
    if isinstance(now, DictConfig) and isinstance(then, DictConfig):
        for name in dict.fromkeys([*then, *now]):
            if now.get(name) != then.get(name):
                return _difference(f"{key}.{name}", now.get(name), then.get(name))
    return f"{key} is {then} in the run, not {now}"
