"""What a network is trained on: normalised transitions, and the windows of them.

Axes: N trajectories, T steps, h history, M = N T samples, W windows, F features, A action, D target.
"""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct

from dynax.base import BaseDynamicsModel, Variables, normalise
from dynax.errors import UserError
from dynax.trajectories import Trajectories


class Samples(struct.PyTreeNode):
    """Normalised transitions, flat over trajectories, and where in them a window of history may end."""

    features: jax.Array  # (M, F)
    actions: jax.Array  # (M, A)
    targets: jax.Array  # (M, D)
    ends: jax.Array  # (W,) int32: samples with h - 1 predecessors in the same trajectory


def normalization_of(model: BaseDynamicsModel, data: Trajectories) -> Variables:
    """Mean and deviation of features, actions and targets over the transitions of `data`, float32."""
    states, following = data.states[:, :-1], data.states[:, 1:]
    raw = {"features": model.features(states), "actions": data.actions, "target": model.targets(states, following)}
    return {name: _statistics(values) for name, values in raw.items()}


def prepare(model: BaseDynamicsModel, data: Trajectories, normalization: Variables) -> Samples:
    """The transitions of `data` as `model` is trained on them; differences are taken in the data's own precision."""
    states, following = data.states[:, :-1], data.states[:, 1:]
    n, steps = states.shape[:2]
    check_length(steps, model.history)

    def flat(name: str, values: np.ndarray) -> jax.Array:
        # A checkpoint gives JAX arrays, with which the data would be rounded before they are scaled.
        scaled = normalise(jax.tree.map(np.asarray, normalization[name]), values.reshape(n * steps, -1))
        return jnp.asarray(scaled, jnp.float32)

    ends = np.arange(n * steps, dtype=np.int32).reshape(n, steps)[:, model.history - 1 :].ravel()
    return Samples(
        features=flat("features", model.features(states)),
        actions=flat("actions", data.actions),
        targets=flat("target", model.targets(states, following)),
        ends=jnp.asarray(ends),
    )


def check_length(steps: int, history: int) -> None:
    """Raise `UserError` unless trajectories of `steps` hold a window of `history`."""
    if steps < history:
        raise UserError(f"trajectories of {steps} steps are too short for model.history={history}")


def _statistics(values: np.ndarray) -> dict[str, np.ndarray]:
    flat = values.reshape(-1, values.shape[-1]).astype(np.float64)
    deviation = flat.std(axis=0)
    # What never changes in the data carries nothing, and must not be blown up where it first does.
    deviation = np.where(deviation < 1e-8, 1.0, deviation)
    return {"mean": flat.mean(axis=0).astype(np.float32), "std": deviation.astype(np.float32)}
