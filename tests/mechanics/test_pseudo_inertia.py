"""Logarithmic Cholesky parameters of inertias."""

import jax
import jax.numpy as jnp
import numpy as np

from dynax.mechanics.pseudo_inertia import from_log_cholesky, log_cholesky, pseudo_inertias
from dynax.mechanics.rigid_body import inertial_parameters


def test_physical_inertias_are_unchanged(robots):
    parameters = inertial_parameters(robots["double_cart_pole"].mj_model)[1:]
    with jax.enable_x64(True):
        np.testing.assert_allclose(
            from_log_cholesky(jnp.asarray(log_cholesky(parameters))), parameters, rtol=1e-9, atol=1e-12
        )


def test_all_numbers_give_physical_inertias():
    numbers = np.random.default_rng(0).normal(size=(50, 10))
    with jax.enable_x64(True):
        parameters = np.asarray(from_log_cholesky(jnp.asarray(numbers)))
        np.testing.assert_allclose(log_cholesky(parameters), numbers, rtol=1e-6, atol=1e-6)
    assert (np.linalg.eigvalsh(pseudo_inertias(parameters)) > 0).all()


def test_a_body_without_mass_becomes_physical(robots):
    parameters = np.vstack([inertial_parameters(robots["double_cart_pole"].mj_model)[1], np.zeros(10)])
    with jax.enable_x64(True):
        found = np.asarray(from_log_cholesky(jnp.asarray(log_cholesky(parameters))))
    assert (np.linalg.eigvalsh(pseudo_inertias(found)) > 0).all()
    np.testing.assert_allclose(found, parameters, atol=1e-6)
