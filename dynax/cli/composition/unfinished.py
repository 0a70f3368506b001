"""`training.resume=auto`: the newest unfinished run of a config."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypedDict

from omegaconf import DictConfig, OmegaConf

from dynax.errors import UserError
from dynax.runs import locks
from dynax.runs.json_files import read_json

AUTO = "auto"
LOCK = ".lock"  # name of the lock file in a run directory
COPIED = ("constants", "friction")  # model options that `model.base` sets
CHANGEABLE = ("resume", "num_epochs", "shards")  # keys of `training` in which a continued run may differ
RUNS = Path("outputs")  # relative to the working directory


class _Config(TypedDict):
    model: dict[str, Any]
    training: dict[str, Any]


class _Info(TypedDict):
    config: _Config


_claimed: dict[Path, locks.Lock] = {}  # locks of the runs that this process will continue


def claim_newest(root: DictConfig, name: str) -> Path | None:
    """Return the newest unfinished run of a config and lock it, or None. A locked run is skipped.

    Args:
        root: the composed config; the run may have other values of the keys in `_comparable`.
        name: folder of the runs of this robot and model, below the folder of the command.
    """
    wanted, runs = _comparable(_without_hydra(root)), RUNS / ("learn" if "learn" in root else "train")
    for checkpoint in sorted(_checkpoints(runs, name), key=_time, reverse=True):
        run = checkpoint.parents[1].absolute()
        if not (run / "summary.json").exists() and _config(checkpoint) == wanted and _claim(run):
            return run
    return None


def take_claim(run: Path) -> locks.Lock | None:
    """Return the lock of a run that this process has claimed, and forget the claim."""
    return _claimed.pop(run.absolute(), None)


def _claim(run: Path) -> bool:
    """Lock a run, unless this process has locked it before. Return whether that was possible."""
    if run not in _claimed:
        with contextlib.suppress(locks.Busy, OSError):
            _claimed[run] = locks.acquire(run / LOCK)
    return run in _claimed


def _checkpoints(runs: Path, name: str) -> Iterator[Path]:
    """Yield the newest checkpoint of each run of a robot and a model, also in sweeps."""
    for run in (*(runs / name).glob("*"), *(runs / "sweeps").glob("*/*")):
        sealed = [path for path in run.glob("checkpoints/epoch-*") if (path / "run.json").is_file()]
        if sealed:
            yield max(sealed, key=lambda path: int("0" + re.sub(r"\D", "", path.name)))


def _time(checkpoint: Path) -> float:
    return (checkpoint / "run.json").stat().st_mtime


def _config(checkpoint: Path) -> Mapping[str, Any] | None:
    """Return the config of a checkpoint, or None if it cannot be read. The command itself reports damage."""
    with contextlib.suppress(UserError):
        return _comparable(read_json(checkpoint / "run.json", _Info, f"the checkpoint {checkpoint}")["config"])
    return None


def _without_hydra(root: DictConfig) -> Any:
    names = [str(key) for key in root if key != "hydra"]
    return json.loads(json.dumps(OmegaConf.to_container(OmegaConf.masked_copy(root, names), resolve=True)))


def _comparable(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a config without the keys in which a continued run may differ, and without copied constants."""
    training = {key: value for key, value in config["training"].items() if key not in CHANGEABLE}
    copied = COPIED if config["model"].get("architecture") == "residual" and config["model"]["base"] else ()
    model = {key: value for key, value in config["model"].items() if key not in copied}
    learn = {key: value for key, value in config.get("learn", {}).items() if key != "transitions"}
    return {**config, "model": model, "training": training, "learn": learn}
