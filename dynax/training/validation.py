"""Validation: open-loop prediction of whole trajectories, which selects the best parameters."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from dynax.base import BaseDynamicsModel, Variables
from dynax.data.trajectories import Trajectories
from dynax.evaluation import metrics


class Validation:
    """The open-loop error of a model on validation trajectories.

    Args:
        model: the model.
        data: validation trajectories.
        max_rollouts: number of trajectories to use at most.
    """

    def __init__(self, model: BaseDynamicsModel, data: Trajectories, max_rollouts: int):
        states, self._actions = data.states[:max_rollouts], data.actions[:max_rollouts]
        self._model, h = model, model.history
        self._start, self._truth = states[:, :h], states[:, h - 1 :]
        self._scale = metrics.state_std(model.env.space, states)

    def __call__(self, variables: Variables) -> tuple[float, float]:
        """Return the error and the valid prediction time.

        Returns:
            nrmse: normalized error, geometric mean over trajectories and steps.
            valid_time: median time at which the normalized error first exceeds the first of `THRESHOLDS`, s.
        """
        predicted = np.asarray(self._model.rollout(self._start, self._actions, variables))
        error = metrics.normalized_error(self._model.env.space, self._truth, predicted, self._scale)
        nrmse = metrics.geometric_mean(error[:, 1:])
        return nrmse, metrics.valid_time(error, metrics.THRESHOLDS[0], self._model.env.dt).median


@jax.jit
def keep_best(state: PyTree, nrmse: Float[Array, ""]) -> PyTree:
    """Return the `TrainState` with `best` replaced by `ema` if `nrmse` is the lowest so far."""
    better = nrmse < state.best_error
    pick = lambda new, old: jax.tree.map(lambda a, b: jnp.where(better, a, b), new, old)  # noqa: E731
    return state.replace(
        best=pick(state.ema, state.best),
        best_error=pick(nrmse, state.best_error),
        best_epoch=pick(state.epoch, state.best_epoch),
    )
