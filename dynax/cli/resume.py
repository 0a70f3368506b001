"""Continuing a run with its own config, its own robot and its own data."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from dynax.config.options import section
from dynax.config.schema import TrainingRunConfig
from dynax.data.dataset import Dataset
from dynax.errors import UserError
from dynax.runs import checkpoint

FREE = ("training.num_epochs", "training.resume", "plugins")


@dataclass(frozen=True)
class Past:
    """What a run that is continued was made of."""

    run: Path
    config: Mapping[str, Any]  # as it began, but for the number of epochs asked for now
    mjcf: str
    assets: Mapping[str, bytes]
    dataset: Path
    dataset_sha256: str
    epoch: int  # of its newest checkpoint
    changed: bool  # whether another number of epochs is asked for than before

    def is_finished(self) -> bool:
        """Whether nothing is left to do: the run has its summary, and no more epochs are asked for."""
        training = section(TrainingRunConfig, self.config["training"], "training")
        return (self.run / "summary.json").is_file() and not (self.changed and self.epoch < training.total_epochs)

    def check_dataset(self, dataset: Dataset) -> None:
        """Raise `UserError` unless `dataset` holds what the run was trained on so far."""
        if dataset.manifest["sha256"] != self.dataset_sha256:
            raise UserError(
                f"training.resume={self.run} was trained on {self.dataset}, and {dataset.path} is another dataset: "
                "put the first one back, or start a new run"
            )


def past_of(run: Path, cfg: DictConfig) -> Past:
    """What `run` was started with, and the number of epochs asked for now, if one was.

    Raises `UserError` where an override on the command line asks for anything else to differ.
    """
    info, mjcf, assets = checkpoint.read(run)
    saved = OmegaConf.create(info["config"])
    for key in _overridden():
        if key not in FREE and (
            difference := _difference(key, OmegaConf.select(cfg, key), OmegaConf.select(saved, key))
        ):
            raise UserError(
                f"training.resume={run} continues with the run's own config, "
                f"of which only training.num_epochs may change: {difference}"
            )
    before = saved.training.num_epochs
    if "training.num_epochs" in _overridden():
        OmegaConf.update(saved, "training.num_epochs", cfg.training.num_epochs)
    now, epoch = saved.training.num_epochs, info["epoch"]
    config: Any = OmegaConf.to_container(saved, resolve=True)
    more = section(TrainingRunConfig, config["training"], "training").total_epochs > now
    if now != before and more and epoch > min(now, before):  # epochs are told apart by their numbers alone
        raise UserError(
            f"training.resume={run} is at epoch {epoch}, and other stages follow the first: with "
            f"training.num_epochs={now} instead of {before} they would begin elsewhere; start a new run"
        )
    return Past(run, config, mjcf, assets, Path(info["dataset"]), info["dataset_sha256"], epoch, now != before)


def _overridden() -> list[str]:
    """The keys and groups of the user's overrides."""
    task = HydraConfig.get().overrides.task
    return [override.lstrip("+~").split("=", 1)[0].replace("/", ".").split("@")[0] for override in task]


def _difference(key: str, now: Any, then: Any) -> str | None:
    """The first leaf at or below `key` in which two configs differ, in words."""
    if isinstance(now, DictConfig) and isinstance(then, DictConfig):
        leaves = (_difference(f"{key}.{name}", now.get(name), then.get(name)) for name in dict.fromkeys([*then, *now]))
        return next(filter(None, leaves), None)
    return None if key in FREE or now == then else f"{key} is {_value(then)} in the run, not {_value(now)}"


def _value(value: Any) -> str:
    return "null" if value is None else str(value)
