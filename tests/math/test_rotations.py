"""Tests of rotations resultst MuJoCo, in NumPy and JAX, for small and large angles."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dynax.math import rotations

VECTORS = hnp.arrays(np.float64, 3, elements=st.floats(-1.7, 1.7))  # rotation vectors shorter than pi
SMALL_VECTORS = hnp.arrays(np.float64, 3, elements=st.floats(-1e-3, 1e-3))
QUATERNIONS = (
    hnp.arrays(np.float64, 4, elements=st.floats(-1, 1))
    .filter(lambda q: np.linalg.norm(q) > 0.1)
    .map(lambda q: q / np.linalg.norm(q))
)


def from_mujoco(function, size, *args):
    """Return the array (size,) that a function of MuJoCo writes into its first argument."""
    result = np.zeros(size)
    function(result, *args)
    return result


@given(QUATERNIONS, QUATERNIONS)
def test_product_matches_mujoco(p, q):
    np.testing.assert_allclose(rotations.multiply(p, q), from_mujoco(mujoco.mju_mulQuat, 4, p, q), atol=1e-12)


@given(st.one_of(VECTORS, SMALL_VECTORS))
def test_exponential_matches_mujoco(vector):
    angle = np.linalg.norm(vector)
    axis = vector / angle if angle else np.array([1.0, 0, 0])
    expected = from_mujoco(mujoco.mju_axisAngle2Quat, 4, axis, angle)
    np.testing.assert_allclose(rotations.exp(vector), expected, atol=1e-12)


@given(QUATERNIONS)
def test_logarithm_matches_mujoco(q):
    expected = from_mujoco(mujoco.mju_quat2Vel, 3, q, 1.0)
    vector = rotations.log(q)
    if abs(q[0]) > 1e-9:  # half a turn has two rotation vectors
        np.testing.assert_allclose(vector, expected, atol=1e-12)
    assert np.linalg.norm(vector) <= np.pi + 1e-12


@given(QUATERNIONS)
def test_matrix_matches_mujoco(q):
    np.testing.assert_allclose(rotations.matrix(q).ravel(), from_mujoco(mujoco.mju_quat2Mat, 9, q), atol=1e-12)


@given(st.one_of(VECTORS, SMALL_VECTORS))
def test_logarithm_inverts_exponential(vector):
    np.testing.assert_allclose(rotations.log(rotations.exp(vector)), vector, rtol=1e-12, atol=1e-15)


@given(QUATERNIONS)
def test_exponential_inverts_logarithm_up_to_sign(q):
    result = rotations.exp(rotations.log(q))
    np.testing.assert_allclose(result * np.sign(result @ q), q, atol=1e-12)


@given(QUATERNIONS)
def test_quaternion_and_its_negative_are_the_same_rotation(q):
    np.testing.assert_allclose(rotations.matrix(q), rotations.matrix(-q), atol=1e-15)
    if abs(q[0]) > 1e-9:
        np.testing.assert_allclose(rotations.log(q), rotations.log(-q), atol=1e-15)


@given(QUATERNIONS)
def test_quaternion_times_conjugate_is_identity(q):
    np.testing.assert_allclose(rotations.multiply(q, rotations.conjugate(q)), [1, 0, 0, 0], atol=1e-15)


@given(QUATERNIONS, st.floats(1e-3, 1e3))
def test_normalized_quaternion_has_unit_norm(q, scale):
    np.testing.assert_allclose(rotations.normalized(scale * q), q, atol=1e-14)


@given(QUATERNIONS, hnp.arrays(np.float64, (5, 3), elements=st.floats(-10, 10)))
def test_rotate_back_inverts_rotate(q, vectors):
    rotated = rotations.rotate(rotations.matrix(q), vectors)
    np.testing.assert_allclose(rotated[0], from_mujoco(mujoco.mju_rotVecQuat, 3, vectors[0], q), atol=1e-12)
    np.testing.assert_allclose(rotations.rotate_back(rotations.matrix(q), rotated), vectors, atol=1e-12)


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-12, 1e-5, 1e-4, 1.001e-4, 1e-3, 1.0, 3.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_and_large_angles_keep_relative_precision(size, dtype):
    vector = (size * np.array([0.6, 0, 0.8])).astype(dtype)
    result = rotations.log(rotations.exp(vector))
    assert result.dtype == dtype
    np.testing.assert_allclose(result, vector, rtol=50 * np.finfo(dtype).eps)


@pytest.mark.slow
@pytest.mark.parametrize("size", [0.0, 1e-12, 1e-4, 1.0, 3.1])
def test_gradients_are_finite_and_equal_the_identity(size):
    vector = jnp.asarray(size * np.array([0.6, 0, 0.8]), jnp.float32)
    jacobian = jax.jit(jax.jacobian(lambda v: rotations.log(rotations.exp(v))))(vector)
    np.testing.assert_allclose(jacobian, np.eye(3), atol=1e-4)
    for function, at in ((rotations.exp, vector), (rotations.log, rotations.exp(vector))):
        assert np.isfinite(jax.jit(jax.jacobian(function))(at)).all()


FUNCTIONS = {
    "exp": lambda q: rotations.exp(q[..., 1:]),
    "log": rotations.log,
    "matrix": rotations.matrix,
    "multiply": lambda q: rotations.multiply(q, rotations.conjugate(q[::-1])),
    "rotate": lambda q: rotations.rotate(rotations.matrix(q), q[..., None, 1:]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpy_and_jax_agree_with_any_leading_axes(name):
    q = rotations.normalized(np.random.default_rng(0).normal(size=(4, 5, 4))).astype(np.float32)
    function = FUNCTIONS[name]
    numpy_result, jax_result = function(q), function(jnp.asarray(q))
    assert isinstance(jax_result, jnp.ndarray)
    assert numpy_result.dtype == jax_result.dtype == np.float32
    np.testing.assert_allclose(jax_result, numpy_result, atol=1e-5)
    assert numpy_result.shape[:2] == (4, 5)


def test_unwrap_follows_a_spinning_body():
    axis, angles = np.array([0.6, 0, 0.8]), np.linspace(3, 40, 100)
    path = angles[:, None] * axis
    wrapped = rotations.log(rotations.exp(path))
    assert np.abs(wrapped).max() < np.pi
    np.testing.assert_allclose(
        rotations.unwrap(np.stack([wrapped, -wrapped]), np.stack([path[0], -path[0]])), [path, -path]
    )
    np.testing.assert_allclose(rotations.unwrap(-np.pi * axis[None], 3 * axis), [np.pi * axis])
    still = np.zeros((3, 3))
    np.testing.assert_array_equal(rotations.unwrap(still, still[0]), still)
