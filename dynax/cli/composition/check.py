"""Errors in a composed config that can be found without JAX."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig, OmegaConf

from dynax.cli.composition import conf
from dynax.cli.composition.resolvers import is_model, is_run
from dynax.cli.composition.unfinished import AUTO
from dynax.config.options import section
from dynax.config.schema import (
    CollectConfig,
    EvalConfig,
    ExportConfig,
    LearnConfig,
    PlanConfig,
    RenderConfig,
    TrainingRunConfig,
)
from dynax.errors import UserError, did_you_mean

_SECTIONS = {
    "collect": CollectConfig,
    "training": TrainingRunConfig,
    "eval": EvalConfig,
    "render": RenderConfig,
    "export": ExportConfig,
    "plan": PlanConfig,
    "learn": LearnConfig,
}
_PATHS = (
    ("run", Path.is_dir, "the directory does not exist"),
    ("dataset", Path.is_dir, "the directory does not exist"),
    ("source", Path.exists, "the path does not exist"),
    ("sweep", Path.is_dir, "the directory does not exist"),
    ("mapping", Path.is_file, "the file does not exist"),
    ("env.xml", Path.is_file, "the file does not exist"),
    ("training.resume", is_run, "the path is not a training run with a checkpoint"),
    ("model.base", is_model, "the path is neither a training run with a checkpoint nor a saved model"),
    ("training.init", is_model, "the path is neither a training run with a checkpoint nor a saved model"),
)
_REQUIRED = ("run", "env.xml", "source", "sweep")  # paths that must not be null
_NEW_PATHS = ("draft", "collect.policy")  # paths that need not exist: the command itself checks them


def check(command: str, cfg: DictConfig) -> None:
    """Check the keys, the values and the paths of a config. The command itself checks the rest.

    Raises:
        UserError: A key is unknown or missing, a value is invalid, or a path does not exist.
    """
    known = conf.keys(command)
    for key in cfg:
        if key not in known:
            if command == "learn" and _choice("training") == "smoke":
                raise UserError("training=smoke is an option of `dynax train`: write learn=smoke instead")
            keys = ", ".join(known)
            raise UserError(f"the key {key} does not exist{did_you_mean(str(key), known)}; the keys are {keys}")
    missing = {*OmegaConf.missing_keys(cfg), *(key for key in known if key not in cfg)}
    continued = OmegaConf.select(cfg, "training.resume") not in (None, AUTO)
    if continued:
        missing.discard("task")  # a continued run has its own
    if missing:
        raise UserError("\n".join(f"{key}=<value> is required" for key in sorted(missing)))
    for name, cls in _SECTIONS.items():
        if name in cfg and not (continued and name == "learn"):  # whose bounds depend on the other options of the run
            section(cls, cfg[name], name)
    _check_given(cfg, (*_REQUIRED, *["dataset"] * (command == "inspect")))
    for key, exists, problem in _PATHS:
        path = OmegaConf.select(cfg, key)
        if path is not None and (key, path) != ("training.resume", AUTO) and not _holds(exists, path):
            raise UserError(f"{key}={path}: {problem}")


def _choice(group: str) -> str | None:
    """Return the option of a group that the command line has chosen."""
    return HydraConfig.get().runtime.choices.get(group)


def _check_given(cfg: DictConfig, required: Sequence[str]) -> None:
    """Raise UserError if a required path is null, or if a path is an empty text, which is the working directory."""
    for key in (*(key for key, *_ in _PATHS), *_NEW_PATHS):
        path = OmegaConf.select(cfg, key, default="-")
        if path is None and key in required:
            raise UserError(f"{key}=null is not a path; {key}=<value> is required")
        if isinstance(path, str) and not path.strip():
            remedy = f"{key}=<value> is required" if key in required else f"give one, or remove {key}="
            raise UserError(f"{key}={path} is not a path; {remedy}")


def _holds(exists: Callable[[Path], bool], path: Any) -> bool:
    try:
        return exists(Path(str(path)).expanduser())
    except (OSError, ValueError, RuntimeError):  # a name that is too long, a null byte, or an unknown home directory
        return False
