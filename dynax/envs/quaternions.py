"""The check that the quaternions of states have unit length."""

from typing import Any

import numpy as np
from jaxtyping import Float

from dynax.envs.state_space import StateSpace
from dynax.errors import UserError

MAX_LENGTH_ERROR = 1e-3


def check_unit_quaternions(space: StateSpace, states: Float[Any, "*batch s"], name: str = "states") -> None:
    """Check the orientations of ball and free joints.

    Args:
        space: the coordinates of the states.
        states: states of any shape; entries of quaternions are finite.
        name: the name of the array, for messages.

    Raises:
        UserError: if a quaternion does not have unit length.
    """
    for q, v, is_orientation in space.blocks:
        if is_orientation:
            length = np.linalg.norm(np.asarray(states)[..., q], axis=-1)
            wrong = np.argwhere(~(np.abs(length - 1) <= MAX_LENGTH_ERROR))
            if len(wrong):
                index = tuple(wrong[0].tolist())
                joint, place = space.names[v.start], f"{name}{list(index)}" if index else name
                raise UserError(
                    f"the quaternion of {joint} in {place} has the length {length[index]:.3g} instead of 1: normalize "
                    "the quaternions of the states"
                )
