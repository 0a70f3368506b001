"""Tests of written-out vector products against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np

from dynax.math import vectors


def test_products_match_numpy():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 4, 3)).astype(np.float32)
    left, right = rng.normal(size=(2, 4, 3, 3)).astype(np.float32)
    np.testing.assert_allclose(vectors.dot(a, b), (a * b).sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(vectors.cross(a, b), np.cross(a, b), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(vectors.rotate(left, a), np.einsum("kij,kj->ki", left, a), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(vectors.matmul(left, right), left @ right, rtol=1e-5, atol=1e-6)


def test_square_root_of_zero_has_no_gradient():
    assert jax.grad(vectors.safe_sqrt)(0.0) == 0
    assert vectors.safe_sqrt(jnp.float32(4)) == 2


def test_zero_vector_has_the_default_direction():
    array = jnp.array([[3.0, 0.0, 4.0], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(vectors.normalized(array, [1, 0, 0]), [[0.6, 0, 0.8], [1, 0, 0]], rtol=1e-6)
