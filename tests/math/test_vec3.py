"""Vectors by component against NumPy's."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.transform import Rotation as Turn

from dynax.math.vec3 import Rotation, Vector, X, Z, choose


@pytest.fixture
def some():
    """Two times five vectors, and rotations."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(2, 5, 3)).astype(np.float32), Turn.random(5, rng=0).as_matrix().astype(np.float32)


def test_products_are_numpys(some):
    (a, b), _ = some
    first, second = Vector.of(a), Vector.of(b)
    np.testing.assert_allclose(first.dot(second), (a * b).sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(first.cross(second).array, np.cross(a, b), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(((first - second) * 2 / second + 1).array, (a - b) * 2 / b + 1, rtol=1e-5)
    np.testing.assert_allclose(first.length, np.linalg.norm(a, axis=1), rtol=1e-5)
    np.testing.assert_allclose(first.largest, a.max(axis=1))


def test_a_rotation_is_its_matrix_and_back_again(some):
    (a, _), matrices = some
    rotation, vector = Rotation.of(matrices), Vector.of(a)
    np.testing.assert_allclose(rotation.turn(vector).array, np.einsum("kij,kj->ki", matrices, a), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(rotation.back(rotation.turn(vector)).array, a, rtol=1e-5, atol=1e-6)


def test_components_broadcast(some):
    (a, _), _ = some
    assert (Vector.of(a) + Z).array.shape == (5, 3)
    points = Vector.of(jnp.ones((4, 5, 3)))
    np.testing.assert_array_equal((points * Vector.of(a)).array, np.broadcast_to(a, (4, 5, 3)))


def test_what_has_no_direction_has_the_one_given_and_no_gradient():
    np.testing.assert_array_equal(Vector(0.0, 0.0, 0.0).normalized(X).array, [1, 0, 0])
    length = lambda array: Vector.of(array).length  # noqa: E731
    np.testing.assert_array_equal(jax.grad(length)(jnp.zeros(3)), np.zeros(3))
    np.testing.assert_allclose(jax.grad(length)(jnp.array([3.0, 0.0, 4.0])), [0.6, 0, 0.8], rtol=1e-6)


def test_rows_and_choices_are_taken_component_by_component(some):
    (a, b), _ = some
    both = Vector.of(jnp.stack([a, b]))
    which = jnp.array([0, 1, 1, 0, 1])
    wanted = np.where(which[:, None] == 0, a, b)
    np.testing.assert_array_equal(both.row(which).array, wanted)
    np.testing.assert_array_equal(choose(which == 0, Vector.of(a), Vector.of(b)).array, wanted)
