"""Tests of the linear algebra for small matrices against NumPy."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynax.math import linalg

SIZES = range(1, 9)  # matrix sizes; LAPACK solves the largest
SOLVE = jax.jit(linalg.solve)


def problem(n, seed):
    """Return a positive definite matrix of moderate condition, and a vector."""
    rng = np.random.default_rng(seed)
    half = rng.normal(size=(n, n))
    return half @ half.T + 0.1 * n * np.eye(n), rng.normal(size=n)


def test_sizes_include_unrolled_and_lapack_solves():
    assert min(SIZES) < linalg.MAX_UNROLLED_SIZE < max(SIZES)


@pytest.mark.slow
@given(st.sampled_from(SIZES), st.integers(0, 2**32 - 1))
def test_solve_matches_numpy(n, seed):
    matrix, vector = problem(n, seed)
    with jax.enable_x64(True):
        solution = SOLVE(matrix, vector)
    np.testing.assert_allclose(solution, np.linalg.solve(matrix, vector), rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@given(st.sampled_from(SIZES), st.integers(0, 2**32 - 1))
def test_float32_residual_is_within_rounding(n, seed):
    matrix, vector = problem(n, seed)
    assert SOLVE(matrix, vector).dtype == jnp.float32
    np.testing.assert_allclose(matrix @ SOLVE(matrix, vector), vector, atol=2e-5 * np.linalg.cond(matrix) ** 0.5)


@pytest.mark.parametrize("n", SIZES)
def test_solve_matches_numpy_in_a_batch(n):
    matrices, vectors = map(np.stack, zip(*(problem(n, seed) for seed in range(5)), strict=True))
    with jax.enable_x64(True):
        solution = jax.jit(jax.vmap(linalg.solve))(matrices, vectors)
    np.testing.assert_allclose(solution, np.linalg.solve(matrices, vectors[..., None])[..., 0], rtol=1e-9)


@pytest.mark.parametrize("n", [2, 7])
def test_gradient_is_that_of_the_inverse(n):
    matrix, vector = problem(n, 0)
    with jax.enable_x64(True):
        gradient = jax.jit(jax.grad(lambda v: linalg.solve(matrix, v).sum()))(vector)
    np.testing.assert_allclose(gradient, np.linalg.inv(matrix).sum(axis=0), rtol=1e-9)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_lower_triangular_is_filled_row_by_row(n):
    count = n * (n + 1) // 2
    matrix = np.asarray(jax.jit(linalg.lower_triangular, static_argnums=1)(np.arange(1.0, count + 1), n))
    assert matrix[np.tril_indices(n)].tolist() == list(range(1, count + 1))
    assert not matrix[np.triu_indices(n, 1)].any()
