"""Identification by simulation errors: Levenberg-Marquardt on open-loop predictions, for logs of real machines."""

from functools import reduce
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.base import Variables
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.identification.initial import initial_constants
from dynax.identification.least_squares import MAX_NULL_SHARE, Identified
from dynax.identification.parametrization import Parametrization
from dynax.identification.variables import Identification
from dynax.training.least_squares import NormalEquations
from dynax.training.levenberg_marquardt import LevenbergMarquardt
from dynax.training.training_set import TrainingSet

PRIOR_STD = 1.0  # of the parameters about their initial values, in the units of `Parametrization`
MIN_EIGENVALUE = 1e-12  # eigenvalues of the normalized normal equations below this share of the largest count as zero


def fit_simulations(
    model: RigidDynamicsModel,
    data: Trajectories,
    config: TrainingConfig,
    seed: int = 0,
    init: Variables | None = None,
) -> Identification:
    """Fit the constants of `model` to simulation errors, from the values of the MJCF or of `init`.

    A wide prior keeps constants that the data do not determine near their initial values.

    Args:
        model: the model.
        data: trajectories of the model's robot.
        config: horizons, number of steps and loss, see `LevenbergMarquardt`.
        seed: selects the predictions.
        init: variables of a model with the same options, from which the fit starts.
    """
    train = TrainingSet.of(model, data, init and init["normalization"])
    init_key, key = jax.random.split(jax.random.PRNGKey(seed))
    params = (init or model.create(init_key, train.normalization))["params"]
    with jax.enable_x64(True):
        parametrization = Parametrization(model, params["network"] if init else initial_constants(model, data))

        def to_params(free: Any) -> Any:
            return {**free, "network": parametrization.constants(free["network"])}

        free = {**params, "network": parametrization.initial()}
        method = LevenbergMarquardt(train, free, config, key, to_params, PRIOR_STD**-2)
        start = method.start()
        last = reduce(lambda _, progress: progress, method.steps(start), start)
        params, loss = method.result(last)
        theta, equations = method.normal_equations(last)
        _, unravel = ravel_pytree(jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), free))
        constants = identified(model, lambda x: to_params(unravel(x))["network"], theta, equations)
    network = {name: jnp.asarray(x) for name, x in params["network"].items()}
    variables = {"params": {**params, "network": network}, "normalization": train.normalization}
    return Identification(constants, variables, loss)


def identified(
    model: RigidDynamicsModel, constants: Any, theta: Float[Array, " P"], equations: NormalEquations
) -> Identified:
    """Return the constants with standard errors; `jax.enable_x64` must be on.

    The errors of one prediction are correlated, and those of different predictions are not. Therefore the covariance
    of the parameters is A^-1 B A^-1. A is the normal matrix, and B the sum of g g^T over predictions with the slope g
    (Liang and Zeger 1986, Longitudinal data analysis using generalized linear models).

    Args:
        model: the model.
        constants: function from the fitted vector to the constants by name.
        theta: the fitted vector.
        equations: the normal equations at the solution.
    """
    values, jacobian = (np.asarray(f(theta)) for f in (lambda x: ravel_pytree(constants(x))[0], _jacobian(constants)))
    norm = np.sqrt(np.diag(equations.matrix))
    norm = np.maximum(norm, np.finfo(float).eps * norm.max())
    matrix, scatter = (np.asarray(x) / np.outer(norm, norm) for x in (equations.matrix, equations.scatter))
    eigenvalues, vectors = np.linalg.eigh(matrix)
    rank, scaled = eigenvalues > MIN_EIGENVALUE * eigenvalues[-1], jacobian / norm
    share = np.linalg.norm(scaled @ vectors[:, ~rank], axis=1) / np.maximum(np.linalg.norm(scaled, axis=1), 1e-300)
    half = scaled @ (vectors[:, rank] / eigenvalues[rank]) @ vectors[:, rank].T
    errors = np.sqrt(np.maximum(np.sum((half @ scatter) * half, axis=1), 0))
    names = tuple(name for key in sorted(model.labels) for name in model.labels[key])
    return Identified(names, values, errors, share < MAX_NULL_SHARE)


def _jacobian(constants: Any) -> Any:
    return jax.jacfwd(lambda x: ravel_pytree(constants(x))[0])
