"""Squared prediction errors and the losses made from them.

Errors are in units of the standard deviation of the target.
"""

from typing import Any, NamedTuple

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
    return jnp.mean(_squared_errors(model, variables, _windows(model, samples, ends), key), axis=-1)


def noisy_step(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: Int[Array, " B"], key: Key, scale: Scale
) -> Float[Array, "E B *h"]:
    """Return the squared error of predictions from noisy states to the true next states.

    A model trained on noisy states corrects its own errors in a rollout (Sanchez-Gonzalez et al. 2020, Learning to
    Simulate Complex Physics with Graph Networks). See `one_step` for the arguments; `scale` is the standard deviation
    of the noise in tangent coordinates.
    """
    noise_key, key = jax.random.split(key)
    windows = _noisy_windows(model, variables, samples, ends, noise_key, scale)
    return jnp.mean(_squared_errors(model, variables, windows, key), axis=-1)


def likelihood_step(
    model: BaseDynamicsModel,
    variables: Variables,
    samples: Samples,
    ends: Int[Array, " B"],
    key: Key,
    scale: Scale | None = None,
) -> Float[Array, "E B *h 2"]:
    """Return the squared error of one-step predictions, and the negative log-likelihood of a Gaussian head.

    The likelihood is that of the normal distribution, without its constant. Its derivative with respect to the
    predicted mean is zero, see `GaussianHead`. The arguments are those of `noisy_step`; without `scale`, the states
    have no noise.
    """
    noise_key, key = jax.random.split(key)
    if scale is None:
        windows = _windows(model, samples, ends)
    else:
        windows = _noisy_windows(model, variables, samples, ends, noise_key, scale)
    squared = _squared_errors(model, variables, windows, key)
    log_variance = model.log_variance(variables, windows.states, windows.actions, windows.contact_cache)
    likelihood = 0.5 * (log_variance + jax.lax.stop_gradient(squared) * jnp.exp(-log_variance))
    return jnp.stack([squared.mean(axis=-1), likelihood.mean(axis=-1)], axis=-1)


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


class _Windows(NamedTuple):
    """The arguments and the targets of predictions."""

    states: Float[Array, "B h S"]
    actions: Float[Array, "B h A"]
    targets: Float[Array, "B *h D"]  # normalized
    contact_cache: Any = None


def _windows(model: BaseDynamicsModel, samples: Samples, ends: Int[Array, " B"]) -> _Windows:
    rows = ends[:, None] + jnp.arange(1 - model.history, 1)
    targets = samples.targets[rows if model.sequence else ends]
    cache = jax.tree.map(lambda x: x[rows], samples.contact_cache)
    return _Windows(samples.states[rows], samples.actions[rows], targets, cache)


def _noisy_windows(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: Int[Array, " B"], key: Key, scale: Scale
) -> _Windows:
    """Return windows with noisy states, and with targets that lead from there to the true next states."""
    rows = ends[:, None] + jnp.arange(1 - model.history, 1)
    target, space, states = variables["normalization"]["target"], model.env.space, samples.states[rows]
    following = model.integrate(states, samples.targets[rows] * target["std"] + target["mean"])
    states = space.add(states, scale * jax.random.normal(key, (*states.shape[:-1], space.tangent_dim)))
    targets = normalize(target, model.targets(states, following))
    return _Windows(states, samples.actions[rows], targets if model.sequence else targets[:, -1])


def _squared_errors(
    model: BaseDynamicsModel, variables: Variables, windows: _Windows, key: Key | None
) -> Float[Array, "E B *h D"]:
    """Return the squared error of each entry of the target."""
    states, actions, targets, contact_cache = windows
    target = variables["normalization"]["target"]
    truth = targets * target["std"] + target["mean"] if model.layer else None
    predicted = model.predict_delta(variables, states, actions, key, truth, contact_cache)
    return (normalize(target, predicted) - targets) ** 2


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


def of_errors(name: str, squared: Float[Array, "E B *h"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return the loss `name` of squared errors, which is the sum over ensemble members, and their mean."""
    return jax.vmap(LOSSES[name])(squared).sum(), mse(squared)


def of_likelihoods(name: str, values: Float[Array, "E B *h 2"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Return the loss of the results of `likelihood_step`, and the mean of their squared errors."""
    loss, error = of_errors(name, values[..., 0])
    return loss + jax.vmap(jnp.mean)(values[..., 1]).sum(), error
