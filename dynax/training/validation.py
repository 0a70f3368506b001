"""Validation: open-loop prediction of whole trajectories, by which the best parameters are kept."""

from collections.abc import Callable
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from dynax.base import BaseDynamicsModel, Variables
from dynax.data.trajectories import Trajectories
from dynax.evaluation import metrics

State = TypeVar("State", bound=Any)  # a `TrainState`


def make_validation(
    model: BaseDynamicsModel, data: Trajectories, normalization: Variables
) -> Callable[[State], tuple[State, float, float]]:
    """From a `TrainState` to the same with the better of its `best` and its `ema`, the error and the valid time."""
    h = model.history
    given, truth = data.states[:, :h], data.states[:, h - 1 :]
    scale = metrics.state_std(model.env.space, data.states)

    def validate(state: State) -> tuple[State, float, float]:
        predicted = model.rollout(given, data.actions, {"params": state.ema, "normalization": normalization})
        error = metrics.normalized_error(model.env.space, truth, np.asarray(predicted), scale)
        value = metrics.geometric_mean(error[:, 1:])
        return _keep_best(state, jnp.float32(value)), value, metrics.valid_time(error, 0.1, model.env.dt).median

    return validate


@jax.jit
def _keep_best(state: State, error: jax.Array) -> State:
    better = error < state.best_error
    pick = lambda new, old: jax.tree.map(lambda a, b: jnp.where(better, a, b), new, old)  # noqa: E731
    return state.replace(
        best=pick(state.ema, state.best),
        best_error=pick(error, state.best_error),
        best_epoch=pick(state.epoch, state.best_epoch),
    )
