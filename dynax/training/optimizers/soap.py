"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al. 2024, arXiv 2409.11321, algorithm 3).

Optax does not contain SOAP.

Axes: n size of a rotated axis of a parameter.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from dynax.config.schema import TrainingConfig

B1 = B2 = 0.95  # decay of the averages: of the first moment; of the second moment and the factors
EPS = 1e-8  # added to the root of the second moment
FACTOR_INTERVAL = 3  # updates between two gradients that enter the factors, which saves a fifth of the products
REFINE_INTERVAL = 25  # updates between two refinements of the bases
MAX_ROTATED_SIZE = 512  # longer axes are not rotated, because the products would cost more than the model


class Moments(NamedTuple):
    """Averages over the gradients G of one parameter; `factors` and `bases` have one entry per rotated axis."""

    first: jax.Array  # average of G in the bases, shape of G
    second: jax.Array  # average of G^2 in the bases, shape of G
    factors: tuple[jax.Array, ...]  # average of G G^T, summed over all other axes, (n, n)
    bases: tuple[jax.Array, ...]  # approximate eigenvectors of the factor as columns, (n, n)


class SoapState(NamedTuple):
    """The state of the optimizer."""

    updates: jax.Array  # completed updates, () int32
    moments: Any  # pytree of `Moments`, one per parameter


def optimizer(schedule: optax.Schedule, config: TrainingConfig) -> optax.GradientTransformation:
    """Return SOAP with decoupled `training.weight_decay`."""
    decay = optax.add_decayed_weights(config.weight_decay)
    return optax.chain(scale_by_soap(), decay, optax.scale_by_learning_rate(schedule))


def scale_by_soap() -> optax.GradientTransformation:
    """Scale gradients by Adam's rule in the eigenbases of the averages of G G^T and G^T G.

    An array with more axes has one basis per axis. Scalars and vectors follow Adam's rule without rotation. The bases
    start as the eigenvectors of the first gradient's factors. Every `REFINE_INTERVAL` updates, one orthogonal iteration
    (a QR decomposition) refines them. The first update of a matrix is zero, because it only initializes the bases.

    Unlike in the paper, only every `FACTOR_INTERVAL`-th gradient enters the averages.
    """

    def init(params: PyTree) -> SoapState:
        return SoapState(jnp.int32(0), jax.tree.map(_zero_moments, params))

    def update(updates: PyTree, state: Any, params: PyTree = None) -> tuple[PyTree, SoapState]:
        count = state.updates + 1
        pairs = jax.tree.map(lambda g, m: _scale(g, m, count), updates, state.moments)
        pick = lambda i: jax.tree.map(lambda _, pair: pair[i], updates, pairs)  # noqa: E731
        return pick(0), SoapState(count, pick(1))

    return optax.GradientTransformation(init, update)


def _rotated_axes(x: Any) -> list[int]:
    return [i for i, n in enumerate(x.shape) if x.ndim > 1 and 1 < n <= MAX_ROTATED_SIZE]


def _zero_moments(x: Any) -> Moments:
    sizes = [x.shape[i] for i in _rotated_axes(x)]
    factors = tuple(jnp.zeros((n, n), x.dtype) for n in sizes)
    return Moments(jnp.zeros_like(x), jnp.zeros_like(x), factors, tuple(jnp.eye(n, dtype=x.dtype) for n in sizes))


def _scale(
    gradient: Float[Array, "*shape"], old: Moments, count: Int[Array, ""]
) -> tuple[Float[Array, "*shape"], Moments]:
    """Return the scaled gradient of one parameter at update `count`, counted from one, and its new moments."""
    axes = _rotated_axes(gradient)
    if not axes:
        first, second = _averages(old, gradient)
        return _adam(first, second, count), Moments(first, second, (), ())

    def new_factors() -> tuple[jax.Array, ...]:
        decay = B2**FACTOR_INTERVAL
        return tuple(decay * f + (1 - decay) * _outer(gradient, i) for f, i in zip(old.factors, axes, strict=True))

    def first_update() -> tuple[jax.Array, Moments]:
        factors = new_factors()
        bases = tuple(jnp.linalg.eigh(f)[1][:, ::-1] for f in factors)
        first, second = _averages(old, _rotate(gradient, bases, axes))
        return jnp.zeros_like(gradient), Moments(first, second, factors, bases)

    def later_update() -> tuple[jax.Array, Moments]:
        first, second = _averages(old, _rotate(gradient, old.bases, axes))
        step = _rotate_back(_adam(first, second, count), old.bases, axes)
        factors = jax.lax.cond(count % FACTOR_INTERVAL == 0, new_factors, lambda: old.factors)

        def refine() -> tuple[jax.Array, tuple[jax.Array, ...]]:
            bases = _refine(factors, old.bases)
            return _rotate(_rotate_back(first, old.bases, axes), bases, axes), bases

        first, bases = jax.lax.cond(count % REFINE_INTERVAL == 0, refine, lambda: (first, old.bases))
        return step, Moments(first, second, factors, bases)

    return jax.lax.cond(count == 1, first_update, later_update)


def _averages(old: Moments, gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
    return B1 * old.first + (1 - B1) * gradient, B2 * old.second + (1 - B2) * gradient**2


def _adam(first: jax.Array, second: jax.Array, count: jax.Array) -> jax.Array:
    """Return Adam's step of about unit length, with both moments corrected for their start at zero."""
    return first * (1 / (1 - B1**count)) / (jnp.sqrt(second * (1 / (1 - B2**count))) + EPS)


def _outer(x: jax.Array, axis: int) -> Float[Array, "n n"]:
    others = [i for i in range(x.ndim) if i != axis]
    return jnp.tensordot(x, x, axes=(others, others))


def _rotate(x: jax.Array, bases: tuple[jax.Array, ...], axes: list[int]) -> jax.Array:
    """Return `x` with each of `axes` expressed in its basis."""
    for basis, axis in zip(bases, axes, strict=True):
        x = jnp.moveaxis(jnp.tensordot(x, basis, axes=(axis, 0)), -1, axis)
    return x


def _rotate_back(x: jax.Array, bases: tuple[jax.Array, ...], axes: list[int]) -> jax.Array:
    return _rotate(x, tuple(q.T for q in bases), axes)


def _refine(factors: tuple[jax.Array, ...], bases: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
    return tuple(jnp.linalg.qr(f @ q)[0] for f, q in zip(factors, bases, strict=True))
