"""Coordinates that do not move in trajectories, whose errors say nothing about a model."""

import logging

import numpy as np
from jaxtyping import Float

from dynax.envs.env import Env
from dynax.envs.state_space import StateSpace
from dynax.errors import listed
from dynax.evaluation.metrics import MIN_STD

log = logging.getLogger(__name__)

ADVICE = (
    "Widen the initial states (env.reset), enlarge the actions (env.action_range), or select another excitation, and "
    "collect new data"
)


def still_coordinates(space: StateSpace, std: Float[np.ndarray, " C"]) -> list[str]:
    """Return the names of the observed coordinates whose standard deviation `std` is at its lower bound."""
    return [space.labels[c] for c in np.flatnonzero(space.observed & (std <= MIN_STD))]


def nothing_moves(space: StateSpace, std: Float[np.ndarray, " C"]) -> bool:
    """Return whether all observed coordinates are constant."""
    return bool((std[space.observed] <= MIN_STD).all())


def warn_of_still_coordinates(env: Env, std: Float[np.ndarray, " C"], where: str) -> None:
    """Log a warning if coordinates are constant.

    Args:
        env: the robot.
        std: standard deviation of each coordinate, as `metrics.state_std` returns it.
        where: the trajectories, such as `the test`.
    """
    still = still_coordinates(env.space, std)
    if nothing_moves(env.space, std):
        log.warning("nothing moves in %s of %s, so that errors say nothing about a model. %s", where, env.name, ADVICE)
    elif still:
        log.warning("in %s of %s, %s do not move. %s", where, env.name, listed(still), ADVICE)
