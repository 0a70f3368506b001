"""From identified constants to the variables of a model, and their errors."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.base import Variables
from dynax.data.trajectories import Trajectories
from dynax.identification.equations import constants_of
from dynax.identification.least_squares import Identified, identify
from dynax.training import losses
from dynax.training.training_set import TrainingSet

MAX_LOSS_TRANSITIONS = 100_000  # transitions from which the one-step error is computed


@dataclass(frozen=True)
class Identification:
    """An identified model."""

    constants: Identified
    variables: Variables
    loss: float  # mean squared one-step error, in units of the target's variance


def identify_model(model: RigidDynamicsModel, data: Trajectories, seed: int = 0) -> Identification:
    """Identify the constants of `model` and return them as variables of the model.

    Args:
        model: the model.
        data: trajectories of the model's robot.
        seed: selects the transitions.

    Returns:
        The constants with standard errors, the variables for `model.rollout`, and the one-step error.

    Raises:
        RunError: if the data do not determine the constants; see `identify`.
    """
    train = TrainingSet.of(model, data)
    constants = identify(model, data, seed)
    init_key, _ = jax.random.split(jax.random.PRNGKey(seed))
    params = model.create(init_key, train.normalization)["params"]
    network = {name: jnp.asarray(x) for name, x in network_parameters(model, constants).items()}
    variables = {"params": {**params, "network": network}, "normalization": train.normalization}
    return Identification(constants, variables, _loss(train, variables))


def network_parameters(model: RigidDynamicsModel, constants: Identified) -> dict[str, Float[np.ndarray, "..."]]:
    """Return the constants as the parameters of the model's network, float32."""
    _, unravel = constants_of(model)
    return {name: np.asarray(x, np.float32) for name, x in unravel(jnp.asarray(constants.values)).items()}


def _loss(train: TrainingSet, variables: Variables) -> float:
    ends = jnp.asarray(train.window_ends()[:MAX_LOSS_TRANSITIONS])

    @jax.jit
    def squared(variables: Any, samples: Any, ends: jax.Array) -> Float[Array, "E B"]:
        return losses.one_step(train.model, variables, samples, ends)

    return float(losses.mse(squared(variables, train.samples, ends)))
