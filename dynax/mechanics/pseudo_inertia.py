"""Physical inertial parameters as unconstrained numbers.

The parameters of a body are physical if and only if its pseudo-inertia is positive definite (Wensing, Kim and Slotine
2018, Linear Matrix Inequalities for Physically Consistent Inertial Parameter Identification):

    J = [S  h; h^T  m],  S = tr(I) / 2 - I

The logarithmic Cholesky parameters of J are ten numbers without constraints (Rucker and Wensing 2022, Smooth
Parameterization of Rigid-Body Inertia): J = U U^T with

    U = exp(alpha) [exp(d1) s12 s13 t1; 0 exp(d2) s23 t2; 0 0 exp(d3) t3; 0 0 0 1]

The functions work on arrays of several bodies. Inertial parameters have the order of `rigid_body.PARAMETER_NAMES`.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.mechanics.rigid_body import SYMMETRIC

MIN_EIGENVALUE = 1e-8  # of a physical pseudo-inertia, as a share of the largest one of all bodies
ROWS, COLUMNS = np.array([0, 1, 0, 0, 1, 2]), np.array([1, 2, 2, 3, 3, 3])  # of s12, s23, s13, t1, t2, t3


def pseudo_inertias(parameters: Float[np.ndarray, "B 10"]) -> Float[np.ndarray, "B 4 4"]:
    """Return the pseudo-inertia of each body."""
    inertia = parameters[:, 4:][:, SYMMETRIC]
    trace = np.trace(inertia, axis1=1, axis2=2)[:, None, None]
    moment = parameters[:, 1:4, None]
    upper = np.concatenate([trace / 2 * np.eye(3) - inertia, moment], axis=2)
    lower = np.concatenate([np.swapaxes(moment, 1, 2), parameters[:, :1, None]], axis=2)
    return np.concatenate([upper, lower], axis=1)


def log_cholesky(parameters: Float[np.ndarray, "B 10"]) -> Float[np.ndarray, "B 10"]:
    """Return the logarithmic Cholesky parameters of the physical inertia that is nearest to each body's.

    Eigenvalues of the pseudo-inertia that are too small are raised, for example those of a body without mass.
    """
    values, vectors = np.linalg.eigh(pseudo_inertias(parameters))
    raised = np.maximum(values, MIN_EIGENVALUE * np.abs(values).max())
    matrices = np.einsum("bij,bj,bkj->bik", vectors, raised, vectors)
    factor = np.linalg.cholesky(matrices[:, ::-1, ::-1])[:, ::-1, ::-1]  # upper triangular
    scale = factor[:, 3, 3]
    relative = factor / scale[:, None, None]
    diagonal = np.log(relative[:, [0, 1, 2], [0, 1, 2]])
    return np.concatenate([np.log(scale)[:, None], diagonal, relative[:, ROWS, COLUMNS]], axis=1)


def from_log_cholesky(free: Float[Array, "B 10"]) -> Float[Array, "B 10"]:
    """Return the inertial parameters of logarithmic Cholesky parameters."""
    one = jnp.ones((len(free), 1), free.dtype)
    diagonal = jnp.concatenate([jnp.exp(free[:, 1:4]), one], axis=1)
    factor = jax.vmap(jnp.diag)(diagonal).at[:, ROWS, COLUMNS].set(free[:, 4:])
    matrix = jnp.exp(2 * free[:, :1, None]) * factor @ jnp.swapaxes(factor, 1, 2)
    second = matrix[:, :3, :3]
    inertia = jnp.trace(second, axis1=1, axis2=2)[:, None, None] * jnp.eye(3, dtype=free.dtype) - second
    entries = inertia[:, np.array([0, 1, 2, 0, 0, 1]), np.array([0, 1, 2, 1, 2, 2])]
    return jnp.concatenate([matrix[:, 3, 3:], matrix[:, :3, 3], entries], axis=1)
