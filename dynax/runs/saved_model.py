"""The content of a saved model, and the model that it describes.

Dynax writes and reads it in a checkpoint of a training, and in `TrainedModel.save`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dynax import architectures, envs
from dynax.base import BaseDynamicsModel, Variables
from dynax.config import registries
from dynax.config.options import plain
from dynax.config.registries import ARCHITECTURES, ENVS, check_plugins
from dynax.config.registry import Registry
from dynax.envs.env import Env
from dynax.errors import UserError
from dynax.mjcf.self_contained import check_self_contained
from dynax.runs import sealed


@dataclass(frozen=True)
class Saved:
    """The content of a saved model, except arrays."""

    path: Path
    info: Mapping[str, Any]  # content of run.json
    mjcf: str
    assets: Mapping[str, bytes]

    @property
    def config(self) -> Mapping[str, Any]:
        """The resolved config."""
        return self.info["config"]


def read_saved(path: Path) -> Saved:
    """Read a sealed directory.

    Raises:
        UserError: if the directory has another format, or needs a plugin that has not been imported.
    """
    info = sealed.read_info(path)
    check_plugins(info["plugins"], str(path))
    return Saved(path, info, sealed.read_text_file(path / "robot.xml"), sealed.read_files(path / "assets"))


def model_tree(params: Variables) -> dict[str, Any]:
    """Return variables as nested dictionaries of arrays, which `load` restores."""
    return {"params": params["params"], "normalization": dict(params["normalization"])}


def robot_files(env: Env) -> dict[str, bytes]:
    """Return the files that describe the robot, by path in the sealed directory."""
    return {"robot.xml": env.mjcf.encode()} | {f"assets/{name}": content for name, content in env.assets.items()}


def description(model: BaseDynamicsModel, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of `run.json` that `load` needs."""
    classes = {"env": type(model.env).__name__, "model": type(model).__name__}
    return {"config": config, "classes": classes, "plugins": [asdict(p) for p in registries.plugins()]}


def config_of(model: BaseDynamicsModel) -> dict[str, Any]:
    """Return the config groups `env` and `model` that describe `model`."""
    names = [f.name for f in fields(model) if f.init and f.name not in ARCHITECTURES.hidden]
    options = {name: plain(getattr(model, name)) for name in names}
    return {"env": envs.group_of(model.env), "model": {"architecture": model.architecture, **options}}


def build(saved: Saved) -> BaseDynamicsModel:
    """Return the model that a saved config describes, without parameters, for the saved robot.

    Raises:
        UserError: if a class is missing, or if this version of Dynax does not have an option of the config.
    """
    env_group, model_group = saved.config["env"], saved.config["model"]
    check_self_contained(saved.mjcf, saved.assets, "the robot.xml of the saved model")
    _check_known(ENVS, env_group, saved)
    _check_known(ARCHITECTURES, model_group, saved)
    try:
        env = envs.make(env_group, mjcf=saved.mjcf, assets=saved.assets)
        model = architectures.make(env, model_group)
    except UserError as error:
        raise UserError(f"the saved model {saved.path} cannot be used: {error}") from error
    classes = saved.info["classes"]
    if classes["env"] not in (type(env).__name__, Env.__name__):  # Env: a robot without a class of its own
        raise _missing_class(ENVS, env_group, saved)
    if classes["model"] != type(model).__name__:
        raise _missing_class(ARCHITECTURES, model_group, saved)
    return model


def _check_known(table: Registry, group: Mapping[str, Any], saved: Saved) -> None:
    if group[table.key] not in table.names():
        raise _missing_class(table, group, saved)


def _missing_class(table: Registry, group: Mapping[str, Any], saved: Saved) -> UserError:
    name = saved.info["classes"][table.section]
    return UserError(
        f"the saved model needs the class {name} ({table.section}.{table.key}={group[table.key]}), which is "
        f"not part of Dynax: pass it as dynax.load(..., classes=[{name}]), or name its file in plugins=[...]"
    )


def variables_template(model: BaseDynamicsModel) -> Variables:
    """Return structure, shapes and dtypes of the variables of `model`."""
    return jax.eval_shape(lambda: model.create(jax.random.PRNGKey(0), model.identity_normalization()))


def check_replaceable(path: Path) -> None:
    """Raise UserError unless `path` does not exist, or is a saved model, which can be replaced."""
    if path.is_symlink():
        raise UserError(f"{path} is a link: choose another path")
    if not path.exists():
        return
    try:
        info = sealed.read_info(path)
    except UserError:
        raise UserError(f"{path} exists and is not a saved model: choose another path") from None
    if "run_id" in info:
        raise UserError(f"{path} is a checkpoint of a training: choose another path")


def check_finite(variables: Variables, path: Path) -> None:
    """Raise UserError if a variable is not finite, or if a standard deviation is not positive.

    Args:
        variables: the variables of a saved model.
        path: directory of the saved model.
    """
    for keys, leaf in jax.tree_util.tree_leaves_with_path(variables):
        name, values = jax.tree_util.keystr(keys, simple=True, separator="/"), np.asarray(leaf)
        if not np.isfinite(values).all():
            raise UserError(f"the saved model {path} is damaged: {name} contains numbers that are not finite")
        if name.startswith("normalization/") and name.endswith("/std") and not (values > 0).all():
            raise UserError(f"the saved model {path} is damaged: {name} must be above 0")
