"""What a network is trained on: transitions, and where in them a window may end.

Axes: N trajectories, T steps, h history, M = N T samples, S state, A action, D target.
"""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from dynax.base import BaseDynamicsModel, Variables, normalize
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError

ENOUGH = 100_000_000  # numbers that tell the statistics of features
RARE = 10.0  # deviations at which a feature stands that is zero almost everywhere else, at most


class Samples(struct.PyTreeNode):
    """Transitions, flat over trajectories. States and actions are as they are, targets on a scale of one."""

    states: jax.Array  # (M, S)
    actions: jax.Array  # (M, A)
    targets: jax.Array  # (M, D) what happens after each; differences are taken before anything is rounded
    contact_cache: Any = None  # of each what `model.contact_cache` says


def normalization_of(model: BaseDynamicsModel, data: Trajectories) -> Variables:
    """Mean and deviation of features, actions and targets over the transitions of `data`, float32.

    The features of a contact that hardly ever happens are zero but for it. Where it does happen they lie about `RARE`
    deviations from their mean and no more: what a network has not learned to answer must not drown all else.

    Of many features, those of evenly spaced transitions, `ENOUGH` numbers, stand for all.
    """
    states, following = data.states[:, :-1], data.states[:, 1:]
    some = states.reshape(-1, states.shape[-1])[:: 1 + states[..., 0].size * model.feature_dim // ENOUGH]
    raw = {"features": model.features(some), "actions": data.actions, "target": model.targets(states, following)}
    statistics = {name: _statistics(values) for name, values in raw.items()}
    shown = _where_not_zero(raw["features"], statistics["features"]["mean"])
    statistics["features"]["std"] = np.maximum(statistics["features"]["std"], shown / RARE)
    return statistics


def prepare(
    model: BaseDynamicsModel, data: Trajectories, normalization: Variables, dtype: type = np.float32
) -> Samples:
    """The transitions of `data` as `model` is trained on them, in the given precision."""
    states, following = data.states[:, :-1], data.states[:, 1:]
    # A checkpoint gives JAX arrays, with which the data would be rounded before they are scaled.
    statistics = jax.tree.map(np.asarray, normalization["target"])
    parts = states, data.actions, normalize(statistics, model.targets(states, following))
    flat = [x.reshape(data.actions.shape[0] * data.actions.shape[1], -1) for x in parts]
    near = jax.tree.map(lambda x: x.astype(dtype) if x.dtype == np.float64 else x, model.contact_cache(flat[0]))
    states, actions, targets = (jnp.asarray(x, dtype) for x in flat)
    return Samples(states, actions, targets, jax.tree.map(jnp.asarray, near))


def window_ends(data: Trajectories, history: int, ahead: int = 1) -> np.ndarray:
    """The samples (W,) int32 with `history` - 1 others before and `ahead` - 1 behind them in the same trajectory.

    Raises `UserError` where the trajectories are too short to have any.
    """
    n, steps = data.actions.shape[:2]
    check_length(steps, history, ahead)
    every = np.arange(n * steps, dtype=np.int32).reshape(n, steps)
    return every[:, history - 1 : steps - ahead + 1].ravel()


def check_length(steps: int, history: int, ahead: int = 1) -> None:
    """Raise `UserError` unless trajectories of `steps` hold a window of `history` and a prediction `ahead`."""
    if steps < history + ahead - 1:
        further = f" and training.unroll_horizons of {ahead}" if ahead > 1 else ""
        raise UserError(f"trajectories of {steps} steps are too short for model.history={history}{further}")


def _where_not_zero(features: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The deviation (F,) of features (..., F) from their `mean` (F,) where they are not zero, float32."""
    flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
    there = flat != 0
    squares = np.square(flat - mean, where=there, out=np.zeros_like(flat)).sum(axis=0)
    return np.sqrt(squares / np.maximum(there.sum(axis=0), 1)).astype(np.float32)


def _statistics(values: np.ndarray) -> dict[str, np.ndarray]:
    flat = values.reshape(math.prod(values.shape[:-1]), values.shape[-1]).astype(np.float64)  # there may be no actions
    deviation = flat.std(axis=0)
    # What never changes in the data carries nothing, and must not be blown up where it first does.
    deviation = np.where(deviation < 1e-8, 1.0, deviation)
    return {"mean": flat.mean(axis=0).astype(np.float32), "std": deviation.astype(np.float32)}
