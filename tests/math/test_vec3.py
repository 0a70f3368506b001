"""Tests of 3-vectors by component against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation as ScipyRotation

from dynax.math.vec3 import Rotation, Vec3, X, Z, where


@pytest.fixture
def vectors():
    """Two arrays of five vectors, (2, 5, 3)."""
    return np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)


@pytest.fixture
def matrices():
    """Five rotation matrices, (5, 3, 3)."""
    return ScipyRotation.random(5, rng=0).as_matrix().astype(np.float32)


def test_operations_match_numpy(vectors):
    a, b = vectors
    first, second = Vec3.of(a), Vec3.of(b)
    np.testing.assert_allclose(first.dot(second), (a * b).sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(first.cross(second).array, np.cross(a, b), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(((first - second) * 2 / second + 1).array, (a - b) * 2 / b + 1, rtol=1e-5)
    np.testing.assert_allclose((-first).array, -a)
    np.testing.assert_allclose(first.norm, np.linalg.norm(a, axis=1), rtol=1e-5)
    np.testing.assert_allclose(first.max_component, a.max(axis=1))
    np.testing.assert_allclose(first.maximum(second).array, np.maximum(a, b))


def test_rotation_multiplies_by_the_matrix_and_rotate_back_inverts_it(vectors, matrices):
    rotation, vector = Rotation.of(matrices), Vec3.of(vectors[0])
    expected = np.einsum("kij,kj->ki", matrices, vectors[0])
    np.testing.assert_allclose(rotation.rotate(vector).array, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(rotation.rotate_back(rotation.rotate(vector)).array, vectors[0], rtol=1e-5, atol=1e-6)


def test_components_broadcast(vectors):
    assert (Vec3.of(vectors[0]) + Z).array.shape == (5, 3)
    points = Vec3.of(jnp.ones((4, 5, 3)))
    np.testing.assert_array_equal((points * Vec3.of(vectors[0])).array, np.broadcast_to(vectors[0], (4, 5, 3)))


def test_zero_vector_has_the_default_direction_and_no_gradient():
    np.testing.assert_array_equal(Vec3(0.0, 0.0, 0.0).normalized(X).array, [1, 0, 0])
    norm = lambda array: Vec3.of(array).norm  # noqa: E731
    np.testing.assert_array_equal(jax.grad(norm)(jnp.zeros(3)), np.zeros(3))
    np.testing.assert_allclose(jax.grad(norm)(jnp.array([3.0, 0.0, 4.0])), [0.6, 0, 0.8], rtol=1e-6)


def test_take_and_where_select_whole_vectors(vectors):
    a, b = vectors
    index = jnp.array([0, 1, 1, 0, 1])
    expected = np.where(index[:, None] == 0, a, b)
    np.testing.assert_array_equal(Vec3.of(jnp.stack([a, b])).take(index).array, expected)
    np.testing.assert_array_equal(where(index == 0, Vec3.of(a), Vec3.of(b)).array, expected)
