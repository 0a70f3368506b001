"""`training.resume`: continue a run with its own config, its own robot and its own dataset."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from dynax.cli.composition.resolvers import is_run
from dynax.cli.composition.unfinished import AUTO, COPIED
from dynax.config.options import section
from dynax.config.schema import TrainingRunConfig
from dynax.data.dataset import Dataset
from dynax.errors import UserError
from dynax.runs import checkpoint
from dynax.runs.info import Metrics
from dynax.runs.saved_model import Saved, read_saved
from dynax.runs.summary import read_summary
from dynax.training.shards import default_shards

CHANGEABLE = ("training.num_epochs", "training.resume", "learn.transitions", "plugins")


@dataclass(frozen=True)
class Past:
    """The run that is continued."""

    run: Path
    config: Mapping[str, Any]  # config of the run, with the requested number of epochs
    saved: Saved  # content of the newest checkpoint
    changed: bool  # whether the requested number of epochs differs from that of the run

    @property
    def dataset(self) -> Path:
        """Directory of the run's dataset."""
        return Path(self.saved.info["dataset"])

    @property
    def metrics(self) -> Metrics:
        """The part of `metrics.jsonl` that belongs to the newest checkpoint."""
        return self.saved.info["metrics"]

    @property
    def epoch(self) -> int:
        """Epoch of the newest checkpoint."""
        return self.saved.info["epoch"]

    @property
    def seconds_in_epoch(self) -> float:
        """Duration of the part of the next epoch that the checkpoint contains, s."""
        return self.saved.info.get("seconds_in_epoch") or 0.0

    def is_finished(self) -> bool:
        """Return whether the run has its summary and no further epochs are requested."""
        training = section(TrainingRunConfig, self.config["training"], "training")
        return read_summary(self.run) is not None and not (self.changed and self.epoch < training.total_epochs)

    def check_dataset(self, dataset: Dataset) -> None:
        """Raise `UserError` unless `dataset` has the content that the run was trained on."""
        if dataset.sha256 != self.saved.info["dataset_sha256"]:
            raise UserError(
                f"training.resume={self.run} was trained on {self.dataset}, but {dataset.path} has other content: "
                "restore the first dataset, or start a new run"
            )


def is_continued(path: Path, cfg: DictConfig) -> bool:
    """Return whether the run already exists. With `training.resume=auto`, it may also be new."""
    return is_run(path) if cfg.training.resume == AUTO else cfg.training.resume is not None


def past_of(run: Path, cfg: DictConfig) -> Past:
    """Return the run to continue, with the number of epochs of the command line if it is given there.

    Args:
        run: directory of the run.
        cfg: composed config of the command line.

    Raises:
        UserError: if the run is of another command, or if the command line sets another option to a value that the run
            does not have.
    """
    saved, now = checkpoint.read(run, read_saved), cast(Any, OmegaConf.to_container(cfg, resolve=True))
    config = copy.deepcopy(dict(saved.config))
    if "training" not in config:
        raise UserError(f"training.resume={run} is damaged: the config in {saved.path / 'run.json'} has no training")
    if ("learn" in config) != ("learn" in cfg):
        command = "learn" if "learn" in config else "train"
        raise UserError(f"training.resume={run} is a run of `dynax {command}`: continue it with that command")
    if config["model"]["architecture"] == "residual" and config["model"]["base"]:
        now["model"] |= {name: config["model"][name] for name in COPIED}
    if now["training"].get("shards") is None:  # the number of the first machine
        now["training"]["shards"] = config["training"].get("shards")
    for key in overridden_keys():
        if key not in CHANGEABLE:
            _check_same(run, key, _value(now, key), _value(config, key))
    before = config["training"]["num_epochs"]
    if "training.num_epochs" in overridden_keys():
        config["training"]["num_epochs"] = cfg.training.num_epochs
    if "learn.transitions" in overridden_keys() and "learn" in config:
        config["learn"]["transitions"] = cfg.learn.transitions
    within = saved.info.get("seconds_in_epoch") is not None  # the next epoch has begun
    _check_epochs(run, before, config["training"], saved.info["epoch"] + within)
    return Past(run, config, saved, config["training"]["num_epochs"] != before)


def config_of(cfg: DictConfig, past: Past | None) -> Any:
    """Return the complete config of the continued run, or of a new run with its number of shards."""
    if past:
        return past.config
    config = cast(Any, OmegaConf.to_container(cfg, resolve=True))
    config["training"]["shards"] = config["training"]["shards"] or default_shards(config["training"]["batch_size"])
    return config


def _value(config: Any, key: str) -> Any:
    """Return the value of a dotted key, or None. Text in a saved config is not interpolated."""
    for name in key.split("."):
        config = config.get(name) if isinstance(config, Mapping) else None
    return config


def overridden_keys() -> list[str]:
    """Return the keys and groups that the command line sets."""
    task = HydraConfig.get().overrides.task
    return [override.lstrip("+~").split("=", 1)[0].replace("/", ".").split("@")[0] for override in task]


def _check_epochs(run: Path, before: int, training: Mapping[str, Any], epoch: int) -> None:
    """Raise `UserError` if another number of epochs would move a stage that has already begun."""
    now = training["num_epochs"]
    more_stages = section(TrainingRunConfig, training, "training").total_epochs > now
    if now != before and more_stages and epoch > min(now, before):
        raise UserError(
            f"training.resume={run} is at epoch {epoch}, and other stages follow the first one: "
            f"training.num_epochs={now} instead of {before} would move them; start a new run"
        )


def _check_same(run: Path, key: str, now: Any, then: Any) -> None:
    if difference := _difference(key, now, then):
        raise UserError(
            f"training.resume={run} continues with the config of the run, "
            f"in which only {', '.join(CHANGEABLE[:-1])} and {CHANGEABLE[-1]} may change: {difference}"
        )


def _difference(key: str, now: Any, then: Any) -> str | None:
    """Return the first leaf at or below `key` in which two configs differ, in words."""
    if isinstance(now, Mapping) and isinstance(then, Mapping):
        leaves = (_difference(f"{key}.{name}", now.get(name), then.get(name)) for name in dict.fromkeys([*then, *now]))
        return next(filter(None, leaves), None)
    return None if key in CHANGEABLE or now == then else f"{key} is {_text(then)} in the run, not {_text(now)}"


def _text(value: Any) -> str:
    return "null" if value is None else str(value)
