"""A model with its parameters: what training makes, and what `load` brings back from a run directory."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jax
import numpy as np

from dynax import architectures, envs
from dynax.base import BaseDynamicsModel, Variables
from dynax.envs.env import Env
from dynax.runs import checkpoint


@dataclass(frozen=True)
class TrainedModel:
    """What a training run made, ready to predict."""

    model: BaseDynamicsModel
    variables: Variables
    config: Mapping[str, Any] = field(default_factory=dict)  # the run's whole resolved config
    info: Mapping[str, Any] = field(default_factory=dict)  # dataset, epoch, errors and versions, as `run.json` has them

    @property
    def env(self) -> Env:
        return self.model.env

    @property
    def history_length(self) -> int:
        """How many states, the present one included, a prediction starts from."""
        return self.model.history

    @property
    def observed(self) -> np.ndarray:
        """(2 nv + na,) bool: the tangent coordinates that the model reads and predicts, and is judged by."""
        return self.model.observed

    def rollout(self, states: Any, actions: Any) -> jax.Array:
        """Open-loop prediction (B, T + 1, S); see `BaseDynamicsModel.rollout`."""
        return self.model.rollout(states, actions, self.variables)


def load(run: str | os.PathLike[str]) -> TrainedModel:
    """The trained model of a run directory, from its newest checkpoint and nothing else.

    Raises:
        UserError: where there is no run, no checkpoint, a damaged one, or one this version cannot build.
    """

    def read_from(path: Path) -> TrainedModel:
        info = checkpoint.read_info(path)
        model = build(info["config"], *checkpoint.read_robot(path))
        template = jax.eval_shape(lambda: _variables_template(model))
        return TrainedModel(model, checkpoint.restore(path / "model", template), info["config"], info)

    return checkpoint.of_newest(Path(run), read_from)


def load_state(run: Path, model: BaseDynamicsModel, template: Any) -> tuple[Any, Variables, dict[str, Any]]:
    """The state, normalization and `run.json` to continue `run` with; `template` gives the state's shapes."""
    path = checkpoint.latest(run)
    checkpoint.verify(path)
    variables = checkpoint.restore(path / "model", jax.eval_shape(lambda: _variables_template(model)))
    return checkpoint.restore(path / "training", template), variables["normalization"], checkpoint.read_info(path)


def build(config: Mapping[str, Any], mjcf: str, assets: Mapping[str, bytes]) -> BaseDynamicsModel:
    """The untrained model a saved config describes, of the saved robot."""
    return architectures.make(envs.make(config["env"], mjcf=mjcf, assets=assets), config["model"])


def _variables_template(model: BaseDynamicsModel) -> Variables:
    width = {"features": model.feature_dim, "actions": model.action_dim, "target": model.target_dim}
    normalization = {k: {"mean": np.zeros(n, np.float32), "std": np.zeros(n, np.float32)} for k, n in width.items()}
    return model.create(jax.random.PRNGKey(0), normalization)
