"""What training minimizes: errors of one step or of several, in units of the target's deviation.

Axes: B batch, E ensemble_size, h history, K steps ahead, S state, A action, D target.
"""

from typing import Any

import jax
import jax.numpy as jnp

from dynax.base import BaseDynamicsModel, Variables, normalize
from dynax.training.training_set import Samples

TOLERANCE = 25.0  # squared errors up to so many times the median count in full


def one_step(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: jax.Array, key: jax.Array | None = None
) -> jax.Array:
    """The squared error of each prediction of one step, mean over the target: (E, B), or (E, B, h) of a sequence model.

    Args:
        ends: (B,) the samples that windows end at.
        key: random key of the dropout; without one nothing is dropped.

    A sequence model is held to every position of the window, any other to the last.
    """
    rows = ends[:, None] + jnp.arange(1 - model.history, 1)
    held = rows if model.sequence else ends
    near = jax.tree.map(lambda x: x[rows], samples.contact_cache)
    return _squared(model, variables, samples.states[rows], samples.actions[rows], samples.targets[held], key, near)


def noisy_step(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: jax.Array, key: jax.Array, scale: Any
) -> jax.Array:
    """As `one_step`, from states disturbed by noise of deviation `scale` (2 nv + na,), to the same next states.

    A model so trained leads back to where the data are (Sanchez-Gonzalez et al. 2020, Learning to Simulate Complex
    Physics with Graph Networks).
    """
    noise_key, key = jax.random.split(key)
    rows = ends[:, None] + jnp.arange(1 - model.history, 1)
    target = variables["normalization"]["target"]
    states = samples.states[rows]
    following = model.integrate(states, samples.targets[rows] * target["std"] + target["mean"])
    space = model.env.space
    noise = scale * jax.random.normal(noise_key, (*states.shape[:-1], space.tangent_dim))
    states = space.add(states, noise)
    wanted = normalize(target, model.targets(states, following))
    return _squared(model, variables, states, samples.actions[rows], wanted if model.sequence else wanted[:, -1], key)


def multi_step(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: jax.Array, steps: int, scale: Any
) -> jax.Array:
    """The squared error of each state of an open-loop prediction of `steps` steps, mean over coordinates: (B, K).

    Errors at step k count in units of k times `scale` (2 nv + na,), so that one which grows evenly counts the same
    throughout. Members of an ensemble are averaged as they are in a rollout. Only the states between steps are kept for
    the gradient, and the rest is computed anew.
    """
    h, space = model.history, model.env.space
    rows = ends[:, None] + jnp.arange(1 - h, steps)
    states, actions = samples.states[rows], samples.actions[rows]
    target = variables["normalization"]["target"]
    last = model.integrate(states[:, -1], samples.targets[rows[:, -1]] * target["std"] + target["mean"])
    truth = jnp.concatenate([states[:, h:], last[:, None]], axis=1)

    @jax.checkpoint
    def step(window: jax.Array, now: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        k, action, following = now
        predicted = model.predict(variables, window, action)
        error = space.difference(following, predicted) / (k * scale)
        squared = jnp.mean(error[..., space.observed] ** 2, axis=-1)
        return jnp.concatenate([window[:, 1:], predicted[:, None]], axis=1), squared

    windows = jnp.stack([actions[:, k : k + h] for k in range(steps)])
    count = jnp.arange(1, steps + 1, dtype=states.dtype)
    _, squared = jax.lax.scan(step, states[:, :h], (count, windows, jnp.moveaxis(truth, 1, 0)))
    return jnp.moveaxis(squared, 0, 1)


def _squared(
    model: BaseDynamicsModel,
    variables: Variables,
    states: jax.Array,
    actions: jax.Array,
    wanted: jax.Array,
    key: jax.Array | None,
    near: Any = None,
) -> jax.Array:
    target = variables["normalization"]["target"]
    truth = wanted * target["std"] + target["mean"] if model.layer else None
    predicted = model.predict_delta(variables, states, actions, key, truth, near)
    return jnp.mean((normalize(target, predicted) - wanted) ** 2, axis=-1)


def mse(squared: jax.Array) -> jax.Array:
    """The mean of squared errors."""
    return jnp.mean(squared)


def cauchy(squared: jax.Array, scale: jax.Array | None = None) -> jax.Array:
    """The mean of `log(1 + e^2 / s^2)`, with s^2 = `TOLERANCE` times the batch's median of e^2, or the `scale` given.

    The Cauchy loss (Barron 2019, A General and Adaptive Robust Loss Function, alpha = 0) on a scale that shrinks with
    the error: the few transitions in which a stop is struck stay hard to fit, and do not hold back all the others. On
    that scale its value says nothing of whether the error has shrunk; who compares values gives one.
    """
    if scale is None:
        scale = jax.lax.stop_gradient(outlier_scale(squared))
    return jnp.mean(jnp.log1p(squared / scale))


def outlier_scale(squared: jax.Array, least: float = 1e-12) -> jax.Array:
    """The squared error from which on a transition counts as an outlier, `least` or more."""
    return TOLERANCE * jnp.median(squared) + least


LOSSES = {"mse": mse, "cauchy": cauchy}
