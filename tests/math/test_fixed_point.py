"""Fixed points with Anderson's acceleration."""

import numpy as np

from dynax.math.fixed_point import MAX_ITERATIONS, fixed_point


def measured(function):
    return lambda x: (function(x), np.ones(len(x), bool))


def test_a_linear_function_of_three_variables_needs_five_calls():
    """Also if the function itself would move away from its fixed point."""
    matrix = np.array([[1.5, 0.2, 0.0], [0.1, 0.9, 0.3], [0.0, -0.2, -2.0]])
    offset = np.array([1.0, -2.0, 0.5])
    found = fixed_point(measured(lambda x: matrix @ x + offset), np.zeros(3))
    assert found.converged
    assert len(found.changes) <= 5
    np.testing.assert_allclose(found.point, np.linalg.solve(np.eye(3) - matrix, offset), rtol=1e-9)


def test_a_nonlinear_function_converges_to_its_fixed_point():
    found = fixed_point(measured(np.cos), np.array([0.1, 1.0, 2.0]))
    assert found.converged
    assert len(found.changes) < 15
    np.testing.assert_allclose(found.point, 0.7390851332151607, rtol=1e-12)


def test_an_iteration_without_a_fixed_point_ends():
    found = fixed_point(measured(lambda x: x + 1), np.zeros(2))
    assert not found.converged
    assert len(found.changes) == MAX_ITERATIONS


def test_entries_that_are_not_measured_do_not_delay_the_end():
    rng = np.random.default_rng(0)
    found = fixed_point(lambda x: (np.array([np.cos(x[0]), rng.normal()]), np.array([True, False])), np.zeros(2))
    assert found.converged
    np.testing.assert_allclose(found.point[0], 0.7390851332151607, rtol=1e-10)
