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
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Array, Bool, Float

from dynax.base import BaseDynamicsModel, Variables
from dynax.components.rollout import as_array
from dynax.config.registries import load_plugins, register_classes
from dynax.envs.env import Env
from dynax.errors import UserError
from dynax.math.first_passage import VPT_THRESHOLD
from dynax.runs import checkpoint, sealed
from dynax.runs.arrays import read_tree
from dynax.runs.saved_model import (
    build,
    check_finite,
    check_replaceable,
    config_of,
    description,
    model_tree,
    read_saved,
    robot_files,
    variables_template,
)
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
        """Return how long each prediction can be trusted, s: its error probably stays below the threshold until then.

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
            UserError: if `path` exists and is not a saved model, if it cannot be written, or if an option of the model
                cannot be saved.
        """
        path = as_path("path", path)
        check_replaceable(path)
        known = {key: value for key, value in self.info.items() if key not in ("run_id", "metrics")}  # of a checkpoint
        info = {**known, **description(self.model, self.config or config_of(self.model))}
        info |= {"calibration": self.calibration.to_json()} if self.calibration else {}
        try:
            sealed.write(path, {"model": model_tree(self.params)}, robot_files(self.env), info)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror or error}") from None
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
        check_finite(params, path)
        calibration, problem = saved.info.get("calibration"), f"the saved model {path} is damaged"
        if calibration is not None:
            calibration = Calibration.from_json(calibration, model.observed.size, problem)
        return TrainedModel(model, params, saved.config, saved.info, calibration)

    trained = checkpoint.read(folder, read)
    return replace(trained, calibration=trained.calibration or Calibration.load(folder, trained.observed.size))
