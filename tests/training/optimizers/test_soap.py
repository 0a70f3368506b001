"""SOAP: Adam in an eigenbasis, which makes it equivariant to rotations of the parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dynax.training.optimizers import soap


def run(rule, gradients, params):
    """Return the changes for a sequence of gradients, and the final state."""
    update, state, changes = jax.jit(rule.update), rule.init(params), []
    for gradient in gradients:
        change, state = update(gradient, state, params)
        changes.append(change)
    return changes, state


def orthogonal(n, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def minimized(rule, steps=300):
    """Return an ill-conditioned quadratic function of a matrix, with rotated axes, after some steps."""
    curvature = jnp.asarray(orthogonal(6, 0) * np.logspace(0, 4, 6) @ orthogonal(6, 0).T, jnp.float32)
    value = lambda w: jnp.trace(w.T @ curvature @ w) / 2  # noqa: E731

    @jax.jit
    def step(carry, _):
        w, state = carry
        change, state = rule.update(jax.grad(value)(w), state, w)
        return (optax.apply_updates(w, change), state), None

    start = jnp.asarray(np.random.default_rng(1).normal(size=(6, 4)), jnp.float32)
    (w, _), _ = jax.lax.scan(step, (start, rule.init(start)), None, steps)
    return float(value(w))


@pytest.mark.slow
def test_an_ill_conditioned_quadratic_is_minimized_faster_than_by_adam():
    schedule = optax.cosine_decay_schedule(0.1, 300)
    by_soap = minimized(optax.chain(soap.scale_by_soap(), optax.scale_by_learning_rate(schedule)))
    assert by_soap < 1e-3 * minimized(optax.adam(schedule))


SHAPES = [(), (3,), (1, 5), (5, 1), (1, 1), (4, 3), (3, 4, 2), (1, 3, 1), (6, 2)]


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_steps_of_arrays_of_all_shapes_have_about_unit_size(shape, monkeypatch):
    """The gradient is constant except for noise. The axis of size 6 is not rotated."""
    monkeypatch.setattr(soap, "MAX_ROTATED_SIZE", 5)
    rng = np.random.default_rng(0)
    gradients = [np.float32(1 + 0.1 * rng.normal(size=shape)) for _ in range(12)]
    changes, state = run(soap.scale_by_soap(), gradients, jnp.zeros(shape))
    assert changes[-1].shape == shape
    size = float(jnp.sqrt(jnp.mean(changes[-1] ** 2)))
    assert 0.2 < size < 1.5
    assert [len(f) for f in state.moments.factors] == [n for n in shape if len(shape) > 1 and 1 < n <= 5]


@pytest.mark.parametrize("shape", [(), (7,)], ids=str)
def test_scalars_and_vectors_follow_adam(shape):
    rng = np.random.default_rng(0)
    gradients = [np.float32(rng.normal(size=shape)) for _ in range(5)]
    ours, _ = run(soap.scale_by_soap(), gradients, jnp.zeros(shape))
    adam, _ = run(optax.scale_by_adam(b1=soap.B1, b2=soap.B2, eps=soap.EPS), gradients, jnp.zeros(shape))
    np.testing.assert_allclose(ours, adam, rtol=1e-5)


def test_the_first_update_of_a_matrix_is_zero():
    gradient = {"w": np.float32([[1, 2], [3, 4]]), "b": np.float32([1, 2])}
    [change], _ = run(soap.scale_by_soap(), [gradient], gradient)
    assert not change["w"].any()
    assert change["b"].all()


def test_bases_are_orthogonal_and_diagonalize_the_factors():
    """The gradients have very different sizes in three directions."""
    rng, rotation = np.random.default_rng(0), orthogonal(3, 2)
    gradients = [np.float32(rotation * [10, 1, 0.1] @ rng.normal(size=(3, 4))) for _ in range(60)]
    _, state = run(soap.scale_by_soap(), gradients, jnp.zeros((3, 4)))
    factor, basis = state.moments.factors[0], state.moments.bases[0]
    np.testing.assert_allclose(basis.T @ basis, np.eye(3), atol=1e-5)
    diagonal = basis.T @ factor @ basis
    np.testing.assert_allclose(diagonal / np.sqrt(np.outer(np.diag(diagonal), np.diag(diagonal))), np.eye(3), atol=0.2)


@pytest.mark.slow
def test_rotated_parameters_have_rotated_updates():
    """The gradients have different sizes in all directions, so that the bases are unique."""
    with jax.enable_x64(True):
        rng, left, right = np.random.default_rng(0), orthogonal(4, 0), orthogonal(3, 1)
        gradients = [np.diag([8, 4, 2, 1]) @ rng.normal(size=(4, 3)) * [1, 3, 9] for _ in range(25)]
        plain, _ = run(soap.scale_by_soap(), gradients, jnp.zeros((4, 3)))
        rotated, _ = run(soap.scale_by_soap(), [left @ g @ right.T for g in gradients], jnp.zeros((4, 3)))
        np.testing.assert_allclose(rotated, [left @ change @ right.T for change in plain], atol=1e-9)
