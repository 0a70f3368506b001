"""Rotations: the quaternions and rotation vectors of MuJoCo, by NumPy and by JAX, however small."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dynax.math import rotations

VECTORS = hnp.arrays(np.float64, 3, elements=st.floats(-1.7, 1.7))  # of less than pi
TINY = hnp.arrays(np.float64, 3, elements=st.floats(-1e-3, 1e-3))
QUATERNIONS = (
    hnp.arrays(np.float64, 4, elements=st.floats(-1, 1))
    .filter(lambda q: np.linalg.norm(q) > 0.1)
    .map(lambda q: q / np.linalg.norm(q))
)


def by_mujoco(function, size, *args):
    """What a function of MuJoCo writes into its first argument."""
    result = np.zeros(size)
    function(result, *args)
    return result


@given(QUATERNIONS, QUATERNIONS)
def test_a_product_is_mujocos(p, q):
    np.testing.assert_allclose(rotations.multiply(p, q), by_mujoco(mujoco.mju_mulQuat, 4, p, q), atol=1e-12)


@given(st.one_of(VECTORS, TINY))
def test_an_exponential_is_mujocos(vector):
    angle = np.linalg.norm(vector)
    axis = vector / angle if angle else np.array([1.0, 0, 0])
    wanted = by_mujoco(mujoco.mju_axisAngle2Quat, 4, axis, angle)
    np.testing.assert_allclose(rotations.exp(vector), wanted, atol=1e-12)


@given(QUATERNIONS)
def test_a_logarithm_is_mujocos(q):
    wanted = by_mujoco(mujoco.mju_quat2Vel, 3, q, 1.0)
    found = rotations.log(q)
    if abs(q[0]) > 1e-9:  # half a turn may go either way round
        np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert np.linalg.norm(found) <= np.pi + 1e-12


@given(QUATERNIONS)
def test_a_matrix_is_mujocos(q):
    np.testing.assert_allclose(rotations.matrix(q).ravel(), by_mujoco(mujoco.mju_quat2Mat, 9, q), atol=1e-12)


@given(st.one_of(VECTORS, TINY))
def test_the_logarithm_undoes_the_exponential(vector):
    np.testing.assert_allclose(rotations.log(rotations.exp(vector)), vector, rtol=1e-12, atol=1e-15)


@given(QUATERNIONS)
def test_the_exponential_undoes_the_logarithm_up_to_sign(q):
    again = rotations.exp(rotations.log(q))
    np.testing.assert_allclose(again * np.sign(again @ q), q, atol=1e-12)


@given(QUATERNIONS)
def test_a_quaternion_and_its_negative_are_one_rotation(q):
    np.testing.assert_allclose(rotations.matrix(q), rotations.matrix(-q), atol=1e-15)
    if abs(q[0]) > 1e-9:
        np.testing.assert_allclose(rotations.log(q), rotations.log(-q), atol=1e-15)


@given(QUATERNIONS)
def test_a_quaternion_times_its_conjugate_turns_nothing(q):
    np.testing.assert_allclose(rotations.multiply(q, rotations.conjugate(q)), [1, 0, 0, 0], atol=1e-15)


@given(QUATERNIONS, st.floats(1e-3, 1e3))
def test_a_quaternion_is_brought_back_to_the_unit_sphere(q, scale):
    np.testing.assert_allclose(rotations.normalized(scale * q), q, atol=1e-14)


@given(QUATERNIONS, hnp.arrays(np.float64, (5, 3), elements=st.floats(-10, 10)))
def test_turning_vectors_back_undoes_turning_them(q, vectors):
    turned = rotations.rotate(rotations.matrix(q), vectors)
    np.testing.assert_allclose(turned[0], by_mujoco(mujoco.mju_rotVecQuat, 3, vectors[0], q), atol=1e-12)
    np.testing.assert_allclose(rotations.rotate_back(rotations.matrix(q), turned), vectors, atol=1e-12)


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-12, 1e-5, 1e-4, 1.001e-4, 1e-3, 1.0, 3.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_and_large_angles_keep_their_digits(size, dtype):
    vector = (size * np.array([0.6, 0, 0.8])).astype(dtype)
    again = rotations.log(rotations.exp(vector))
    assert again.dtype == dtype
    np.testing.assert_allclose(again, vector, rtol=50 * np.finfo(dtype).eps)


@pytest.mark.parametrize("size", [0.0, 1e-12, 1e-4, 1.0, 3.1])
def test_gradients_are_finite_and_those_of_the_identity(size):
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
def test_numpy_and_jax_agree_and_any_leading_axes_are_kept(name):
    q = rotations.normalized(np.random.default_rng(0).normal(size=(4, 5, 4))).astype(np.float32)
    function = FUNCTIONS[name]
    by_numpy, by_jax = function(q), function(jnp.asarray(q))
    assert isinstance(by_jax, jnp.ndarray)
    assert by_numpy.dtype == by_jax.dtype == np.float32
    np.testing.assert_allclose(by_jax, by_numpy, atol=1e-5)
    assert by_numpy.shape[:2] == (4, 5)


def test_a_body_that_spins_on_is_unwound():
    axis, angles = np.array([0.6, 0, 0.8]), np.linspace(3, 40, 100)
    path = angles[:, None] * axis
    seen = rotations.log(rotations.exp(path))
    assert np.abs(seen).max() < np.pi
    np.testing.assert_allclose(rotations.unwound(np.stack([seen, -seen]), np.stack([path[0], -path[0]])), [path, -path])
    np.testing.assert_allclose(rotations.unwound(-np.pi * axis[None], 3 * axis), [np.pi * axis])
    still = np.zeros((3, 3))
    np.testing.assert_array_equal(rotations.unwound(still, still[0]), still)
