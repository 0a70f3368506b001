"""Transitions as arrays on the device."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Float, Int

from dynax.base import BaseDynamicsModel, Variables, normalize
from dynax.components.contact_cache import ContactCache
from dynax.data.trajectories import Trajectories


class Samples(struct.PyTreeNode):
    """The transitions of all trajectories, concatenated."""

    states: Any  # states, (M, S)
    actions: Any  # actions, (M, A)
    targets: Any  # normalized targets, (M, D), computed from the states before they are rounded
    contact_cache: Any = None  # `model.contact_cache` of the states: a pytree of arrays (M, ...), or None


def window(
    model: BaseDynamicsModel, normalization: Variables, samples: Samples, ends: Int[Array, " B"], steps: int
) -> tuple[Float[Array, "B h S"], Float[Array, "B n A"], Float[Array, "B K S"]]:
    """Return the inputs of open-loop predictions, and the true states.

    Args:
        model: the model.
        normalization: statistics of the targets.
        samples: the transitions.
        ends: transitions at which the histories end.
        steps: predicted steps K.

    Returns:
        The histories of states, h - 1 + K actions, and the K states after the histories.
    """
    h, target = model.history, normalization["target"]
    rows = ends[:, None] + jnp.arange(1 - h, steps)
    states = samples.states[rows]
    last = model.integrate(states[:, -1], samples.targets[rows[:, -1]] * target["std"] + target["mean"])
    return states[:, :h], samples.actions[rows], jnp.concatenate([states[:, h:], last[:, None]], axis=1)


def make_samples(
    model: BaseDynamicsModel,
    data: Trajectories,
    normalization: Variables,
    dtype: type = np.float32,
    *,
    contacts: ContactCache | None = None,
) -> Samples:
    """Return the transitions of `data`.

    Args:
        model: defines the targets.
        data: trajectories of the model's robot.
        normalization: statistics of the targets.
        dtype: precision of the arrays.
        contacts: `model.contact_cache` of the states, if the training uses it.
    """
    states, following = data.states[:, :-1], data.states[:, 1:]
    statistics = jax.tree.map(np.asarray, normalization["target"])  # JAX arrays would round the data before scaling
    parts = states, data.actions, normalize(statistics, model.targets(states, following))
    flat = [x.reshape(data.num_transitions, -1) for x in parts]
    cache = jax.tree.map(lambda x: jnp.asarray(x.astype(dtype) if x.dtype == np.float64 else x), contacts)
    states, actions, targets = (jnp.asarray(x, dtype) for x in flat)
    return Samples(states, actions, targets, cache)
