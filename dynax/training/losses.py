"""Squared prediction errors and the losses made from them.

Errors are in units of the standard deviation of the target.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, UInt32

from dynax.base import BaseDynamicsModel, Variables, normalize
from dynax.training.samples import Samples, window

OUTLIER_FACTOR = 25.0  # a squared error of this factor times the median counts as an outlier

Key = UInt32[Array, "2"]
Scale = Float[Array | np.ndarray, " C"]


def one_step(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: Int[Array, " B"], key: Key | None = None
) -> Float[Array, "E B *h"]:
    """Return the squared error of one-step predictions, mean over the target.

    Args:
        model: the model. A sequence model is trained on every position of the window, any other on the last.
        variables: its variables.
        samples: the transitions.
        ends: transitions at which the windows end.
        key: random key of the dropout; None for no dropout.

    Returns:
        (E, B), or (E, B, h) for a sequence model.
    """
    rows = ends[:, None] + jnp.arange(1 - model.history, 1)
    targets = samples.targets[rows if model.sequence else ends]
    cache = jax.tree.map(lambda x: x[rows], samples.contact_cache)
    return _squared_error(model, variables, samples.states[rows], samples.actions[rows], targets, key, cache)


def noisy_step(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: Int[Array, " B"], key: Key, scale: Scale
) -> Float[Array, "E B *h"]:
    """Return the squared error of predictions from noisy states to the true next states.

    A model trained on noisy states corrects its own errors in a rollout (Sanchez-Gonzalez et al. 2020, Learning to
    Simulate Complex Physics with Graph Networks). See `one_step` for the arguments; `scale` is the standard deviation
    of the noise in tangent coordinates.
    """
    noise_key, key = jax.random.split(key)
    rows = ends[:, None] + jnp.arange(1 - model.history, 1)
    target = variables["normalization"]["target"]
    states = samples.states[rows]
    following = model.integrate(states, samples.targets[rows] * target["std"] + target["mean"])
    space = model.env.space
    noise = scale * jax.random.normal(noise_key, (*states.shape[:-1], space.tangent_dim))
    states = space.add(states, noise)
    targets = normalize(target, model.targets(states, following))
    targets = targets if model.sequence else targets[:, -1]
    return _squared_error(model, variables, states, samples.actions[rows], targets, key)


def multi_step(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: Int[Array, " B"], steps: int, scale: Scale
) -> Float[Array, "B K"]:
    """Return the squared error of each state of an open-loop prediction, mean over coordinates.

    The error at step k is in units of k times `scale`, so that an error that grows linearly counts equally at all
    steps. Predictions of an ensemble are averaged, as in a rollout. The backward pass recomputes each step, so that
    only the states between steps are stored.

    Args:
        model, variables, samples, ends: see `one_step`.
        steps: number K of predicted steps.
        scale: unit of the error at the first step, in tangent coordinates.
    """
    space = model.env.space
    states, actions, truth = window(model, variables["normalization"], samples, ends, steps)
    path = model.simulate(variables, states, actions, jax.checkpoint)[:, 1:]
    counts = jnp.arange(1, steps + 1, dtype=states.dtype)
    error = space.difference(truth, path) / (counts[:, None] * scale)
    return jnp.mean(error[..., space.observed] ** 2, axis=-1)


def _squared_error(
    model: BaseDynamicsModel,
    variables: Variables,
    states: Float[Array, "B h S"],
    actions: Float[Array, "B h A"],
    targets: Float[Array, "B *h D"],
    key: Key | None,
    contact_cache: Any = None,
) -> Float[Array, "E B *h"]:
    target = variables["normalization"]["target"]
    truth = targets * target["std"] + target["mean"] if model.layer else None
    predicted = model.predict_delta(variables, states, actions, key, truth, contact_cache)
    return jnp.mean((normalize(target, predicted) - targets) ** 2, axis=-1)


def mse(squared: Float[Array | np.ndarray, "..."]) -> Float[Array, ""]:
    """Return the mean of squared errors."""
    return jnp.mean(squared)


def cauchy(squared: Float[Array | np.ndarray, "..."], scale: Float[Array, ""] | None = None) -> Float[Array, ""]:
    """Return the Cauchy loss, the mean of `log(1 + e^2 / s^2)`, of squared errors e^2.

    See Barron 2019, A General and Adaptive Robust Loss Function, alpha = 0. The scale shrinks with the error, so that a
    few transitions at impacts, which stay hard to fit, do not dominate the gradient. Values of the loss are comparable
    only if `scale` is given.

    Args:
        squared: squared errors.
        scale: s^2; by default `outlier_scale(squared)`.
    """
    if scale is None:
        scale = jax.lax.stop_gradient(outlier_scale(squared))
    return jnp.mean(jnp.log1p(squared * (1 / scale)))


def outlier_scale(squared: Float[Array | np.ndarray, "..."], minimum: float = 1e-12) -> Float[Array, ""]:
    """Return the squared error above which a transition counts as an outlier."""
    return OUTLIER_FACTOR * jnp.median(squared) + minimum


LOSSES = {"mse": mse, "cauchy": cauchy}
