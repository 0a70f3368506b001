"""The spread of an ensemble's members around its prediction."""

import numpy as np
from jaxtyping import Bool, Float

from dynax.envs.state_space import StateSpace
from dynax.math.arrays import AnyArray

MAX_SPREAD = 1e3  # standard deviations; larger spreads and spreads that are not finite count as this


def member_spread(
    space: StateSpace,
    members: Float[AnyArray, "E N T1 S"],
    prediction: Float[AnyArray, "N T1 S"],
    std: Float[np.ndarray, " C"],
) -> Float[np.ndarray, "N T1 C"]:
    """Return the root mean square distance of the members from the prediction of the ensemble.

    Args:
        space: the coordinates of the robot.
        members: open-loop predictions of the members, each from its own states.
        prediction: open-loop prediction of the ensemble.
        std: the unit of each coordinate.
    """
    center, total = np.asarray(prediction, np.float64), 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        for member in members:
            total = total + (space.difference(center, np.asarray(member, np.float64)) / std) ** 2
        spread = np.sqrt(np.asarray(total) / len(members))
    return np.where(np.isfinite(spread), np.minimum(spread, MAX_SPREAD), MAX_SPREAD)


def rms(values: Float[np.ndarray, "*batch C"], observed: Bool[np.ndarray, " C"]) -> Float[np.ndarray, "*batch"]:
    """Return the root mean square over the observed coordinates."""
    return np.sqrt(np.mean(np.square(values[..., observed]), axis=-1))
