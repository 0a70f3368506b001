"""What is wrong with a composed config, as far as that can be told without JAX."""

from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from dynax.cli import conf
from dynax.cli.resolvers import is_run
from dynax.config.options import section
from dynax.config.schema import CollectConfig, EvalConfig, RenderConfig, TrainingRunConfig
from dynax.errors import UserError, did_you_mean

_SECTIONS = {
    "collect": CollectConfig,
    "training": TrainingRunConfig,
    "eval": EvalConfig,
    "render": RenderConfig,
}
_PATHS = (
    ("run", Path.is_dir, "no such directory"),
    ("dataset", Path.is_dir, "no such directory"),
    ("env.xml", Path.is_file, "no such file"),
    ("training.resume", is_run, "no training run with a checkpoint to continue from"),
)


def check(command: str, cfg: DictConfig) -> None:
    """Raise `UserError` for a key, a value or a path that is wrong. The command itself checks the rest."""
    known = conf.keys(command)
    for key in cfg:
        if key not in known:
            raise UserError(f"unknown key {key}{did_you_mean(str(key), known)}; there are {', '.join(known)}")
    if missing := {*OmegaConf.missing_keys(cfg), *(key for key in known if key not in cfg)}:
        raise UserError("\n".join(f"{key}= is missing" for key in sorted(missing)))
    for name, cls in _SECTIONS.items():
        if name in cfg:
            section(cls, cfg[name], name)
    for key, exists, otherwise in _PATHS:
        path = OmegaConf.select(cfg, key)
        if path is not None and not exists(Path(str(path)).expanduser()):
            raise UserError(f"{key}={path}: {otherwise}")
