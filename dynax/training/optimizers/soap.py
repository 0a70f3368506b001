"""SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al. 2024, arXiv 2409.11321, algorithm 3)."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from dynax.config.schema import TrainingConfig

B1 = B2 = 0.95  # memory of the first moment; of the second moment and of the factors
EPS = 1e-8
REFRESH = 25  # updates between two refinements of the bases
LARGEST = 512  # units; of a longer axis the products would cost more than the model, and it keeps its own basis


class Moments(NamedTuple):
    """What SOAP keeps of the gradients G of one parameter; `factors` and `bases` have an entry a rotated axis."""

    first: jax.Array  # average of G, in the bases
    second: jax.Array  # average of G^2, taken in the bases
    factors: tuple[jax.Array, ...]  # (n, n) average of G G^T, all other axes summed over
    bases: tuple[jax.Array, ...]  # (n, n) orthogonal: approximate eigenvectors of the factor, as columns


class SoapState(NamedTuple):
    done: jax.Array  # () int32, updates
    moments: Any  # `Moments` in place of every parameter


def optimizer(schedule: optax.Schedule, config: TrainingConfig) -> optax.GradientTransformation:
    """SOAP with decoupled `training.weight_decay`."""
    decay = optax.add_decayed_weights(config.weight_decay) if config.weight_decay else optax.identity()
    return optax.chain(scale_by_soap(), decay, optax.scale_by_learning_rate(schedule))


def scale_by_soap() -> optax.GradientTransformation:
    """Gradients scaled by Adam's rule in the eigenbases of the averages of G G^T and G^T G.

    An array of more axes has a basis for each; scalars and vectors follow Adam's rule as they are. The bases begin as
    the eigenvectors of the first gradient's factors and are refined every `REFRESH` updates by one step of orthogonal
    iteration, a QR decomposition. The first update only sets them up, and moves nothing.
    """

    def init(params: Any) -> SoapState:
        return SoapState(jnp.int32(0), jax.tree.map(_blank, params))

    def update(updates: Any, state: Any, params: Any = None) -> tuple[Any, SoapState]:
        count = state.done + 1
        both = jax.tree.map(lambda g, m: _scale(g, m, count), updates, state.moments)
        pick = lambda i: jax.tree.map(lambda _, pair: pair[i], updates, both)  # noqa: E731
        return pick(0), SoapState(count, pick(1))

    return optax.GradientTransformation(init, update)


def _axes(x: jax.Array) -> list[int]:
    """The axes of a parameter that are rotated."""
    return [i for i, n in enumerate(x.shape) if x.ndim > 1 and 1 < n <= LARGEST]


def _blank(x: jax.Array) -> Moments:
    sizes = [x.shape[i] for i in _axes(x)]
    factors = tuple(jnp.zeros((n, n), x.dtype) for n in sizes)
    return Moments(jnp.zeros_like(x), jnp.zeros_like(x), factors, tuple(jnp.eye(n, dtype=x.dtype) for n in sizes))


def _scale(gradient: jax.Array, old: Moments, count: jax.Array) -> tuple[jax.Array, Moments]:
    """The scaled gradient of one parameter at update `count`, counted from one, and its new moments."""
    axes = _axes(gradient)
    factors = tuple(B2 * f + (1 - B2) * _outer(gradient, i) for f, i in zip(old.factors, axes, strict=True))
    if not axes:
        first, second = _averages(old, gradient)
        return _adam(first, second, count), Moments(first, second, (), ())

    def begin() -> tuple[jax.Array, Moments]:
        bases = tuple(jnp.linalg.eigh(f)[1][:, ::-1] for f in factors)
        first, second = _averages(old, _rotate(gradient, bases, axes))
        return jnp.zeros_like(gradient), Moments(first, second, factors, bases)

    def go_on() -> tuple[jax.Array, Moments]:
        first, second = _averages(old, _rotate(gradient, old.bases, axes))
        step = _rotate_back(_adam(first, second, count), old.bases, axes)

        def refine() -> tuple[jax.Array, tuple[jax.Array, ...]]:
            bases = _refine(factors, old.bases)
            return _rotate(_rotate_back(first, old.bases, axes), bases, axes), bases

        first, bases = jax.lax.cond(count % REFRESH == 0, refine, lambda: (first, old.bases))
        return step, Moments(first, second, factors, bases)

    return jax.lax.cond(count == 1, begin, go_on)


def _averages(old: Moments, gradient: jax.Array) -> tuple[jax.Array, jax.Array]:
    return B1 * old.first + (1 - B1) * gradient, B2 * old.second + (1 - B2) * gradient**2


def _adam(first: jax.Array, second: jax.Array, count: jax.Array) -> jax.Array:
    """Adam's step of length about one, its moments corrected for having begun at zero."""
    return first / (1 - B1**count) / (jnp.sqrt(second / (1 - B2**count)) + EPS)


def _outer(x: jax.Array, axis: int) -> jax.Array:
    others = [i for i in range(x.ndim) if i != axis]
    return jnp.tensordot(x, x, axes=(others, others))


def _rotate(x: jax.Array, bases: tuple[jax.Array, ...], axes: list[int]) -> jax.Array:
    """`x` with each of `axes` expressed in its basis."""
    for basis, axis in zip(bases, axes, strict=True):
        x = jnp.moveaxis(jnp.tensordot(x, basis, axes=(axis, 0)), -1, axis)
    return x


def _rotate_back(x: jax.Array, bases: tuple[jax.Array, ...], axes: list[int]) -> jax.Array:
    return _rotate(x, tuple(q.T for q in bases), axes)


def _refine(factors: tuple[jax.Array, ...], bases: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
    return tuple(jnp.linalg.qr(f @ q)[0] for f, q in zip(factors, bases, strict=True))
