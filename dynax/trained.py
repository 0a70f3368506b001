"""`TrainedModel`: a model with its parameters; saving and loading it.

A saved model is a sealed directory (`dynax.runs.sealed`), which needs no other file:

    <path>/
        model/          parameters and normalization
        robot.xml       the MJCF
        assets/         the files that the MJCF loads
        run.json        config, class names, plugins, versions
        manifest.json   SHA-256 of every file above

A checkpoint of a training run contains the same files and the state of the training.

Axes: B batch, T1 = T + 1 states of a trajectory of T steps, S state.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Bool, Float

from dynax import architectures, envs
from dynax.base import BaseDynamicsModel, Variables
from dynax.components.rollout import as_array
from dynax.config import registries
from dynax.config.options import plain
from dynax.config.registries import ARCHITECTURES, ENVS, check_plugins, load_plugins, register_classes
from dynax.config.registry import Registry
from dynax.envs.env import Env
from dynax.errors import UserError
from dynax.math.first_passage import VPT_THRESHOLD
from dynax.mjcf.self_contained import check_self_contained
from dynax.runs import checkpoint, sealed
from dynax.runs.arrays import read_tree
from dynax.runs.user_path import as_path
from dynax.uncertainty.calibration import Calibration
from dynax.uncertainty.spread import member_spread

AnyFloat = Float[Array | np.ndarray, "..."]


@dataclass(frozen=True)
class TrainedModel:
    """A model with its parameters.

    Args:
        model: the model.
        params: parameters and normalization, as `train_dynamics_model` returns them.
        config: resolved config of the training run; empty for a model that was trained in Python and not loaded.
        info: content of the run's `run.json`: dataset, epoch, errors and versions.
        calibration: the calibrated uncertainty of an ensemble.
    """

    model: BaseDynamicsModel
    params: Variables
    config: Mapping[str, Any] = field(default_factory=dict)
    info: Mapping[str, Any] = field(default_factory=dict)
    calibration: Calibration | None = None

    @property
    def env(self) -> Env:
        """The robot."""
        return self.model.env

    @property
    def history_length(self) -> int:
        """Number of states that a prediction starts from, including the current state."""
        return self.model.history

    @property
    def observed(self) -> Bool[np.ndarray, " C"]:
        """Tangent coordinates (2 nv + na,) that the model reads, predicts and is evaluated on."""
        return self.model.observed

    def rollout(self, states: AnyFloat, actions: AnyFloat) -> Float[Array, "B T1 S"]:
        """Predict trajectories open loop; see `BaseDynamicsModel.rollout`."""
        return self.model.rollout(states, actions, self.params)

    def rollout_members(self, states: AnyFloat, actions: AnyFloat) -> Float[Array, "E B T1 S"]:
        """Predict trajectories open loop with each ensemble member; see `BaseDynamicsModel.rollout_members`."""
        return self.model.rollout_members(states, actions, self.params)

    def trust_horizon(
        self, states: AnyFloat, actions: AnyFloat, threshold: float = VPT_THRESHOLD
    ) -> Float[np.ndarray, " B"]:
        """Return how long each prediction can be trusted, s: the time until its error probably exceeds the threshold.

        Args:
            states, actions: as for `rollout`.
            threshold: normalized error, in standard deviations.

        Raises:
            UserError: if the model has no calibration.
        """
        if self.calibration is None:
            raise UserError("the model has no calibration: train an ensemble, for example with model.ensemble_size=5")
        space, std = self.env.space, self.calibration.state_std
        members, prediction = self.rollout_members(states, actions), self.rollout(states, actions)
        spread = member_spread(space, members, prediction, std)
        steps = self.calibration.trust_steps(spread, self.observed, threshold)
        return np.minimum(steps, spread.shape[1] - 1) * self.env.dt

    def step(self, states: AnyFloat, actions: AnyFloat) -> Float[Array, "B S"]:
        """Predict the next states.

        Args:
            states: (B, S), or (B, h, S) with a history.
            actions: (B, A), or (B, h, A) with a history; the last action acts in the last state.

        Raises:
            UserError: if an array has another shape, or if an entry is not finite.
        """
        actions = as_array("actions", actions)
        actions = actions[:, None] if actions.ndim == 2 else actions
        if actions.ndim != 3 or actions.shape[1] != self.history_length:
            expected = f"(B, {self.history_length}, {self.model.action_dim})"
            raise UserError(f"actions have shape {actions.shape}, but one step expects {expected}")
        return self.rollout(states, actions)[:, 1]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model, its robot and its parameters to the directory `path`, and return its absolute path.

        Raises:
            UserError: if `path` exists and is not a saved model, or if an option of the model cannot be saved.
        """
        path = as_path("path", path)
        if path.exists() and not sealed.is_sealed(path):
            raise UserError(f"{path} exists and is not a saved model: choose another path")
        known = {key: value for key, value in self.info.items() if key not in ("run_id", "metrics")}  # of a checkpoint
        info = {**known, **description(self.model, self.config or config_of(self.model))}
        info |= {"calibration": self.calibration.to_json()} if self.calibration else {}
        sealed.write(path, {"model": model_tree(self.params)}, robot_files(self.env), info)
        return path


def load(run: str | os.PathLike[str], plugins: Sequence[str | Path] = (), classes: Sequence[type] = ()) -> TrainedModel:
    """Load the model of a training run, or the output of `TrainedModel.save`.

    Args:
        run: directory of the run or of the saved model.
        plugins: Python files that define classes which the model needs; they are executed.
        classes: classes of the model or its robot that are not part of Dynax.

    Raises:
        UserError: if there is no saved model, if a file is damaged, or if a class or plugin is missing.
    """
    folder = as_path("run", run)
    load_plugins(plugins)
    register_classes(classes)

    def read(path: Path) -> TrainedModel:
        saved = read_saved(path)
        if saved.info.get("best_epoch") == 0:
            raise UserError(f"run={run} has not completed an epoch: continue it with training.resume={run}")
        model = build(saved)
        params = read_tree(path / "model", variables_template(model))
        recorded = saved.info.get("calibration")
        calibration = Calibration.from_json(recorded) if recorded else None
        return TrainedModel(model, params, saved.config, saved.info, calibration)

    trained = checkpoint.read(folder, read)
    return replace(trained, calibration=trained.calibration or Calibration.load(folder))


@dataclass(frozen=True)
class Saved:
    """The content of a saved model, except arrays."""

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
    return Saved(info, sealed.read_text_file(path / "robot.xml"), sealed.read_files(path / "assets"))


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
    env = envs.make(env_group, mjcf=saved.mjcf, assets=saved.assets)
    _check_known(ARCHITECTURES, model_group, saved)
    model = architectures.make(env, model_group)
    if type(model).__name__ != saved.info["classes"]["model"]:
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
