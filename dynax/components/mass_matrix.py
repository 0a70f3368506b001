"""A mass matrix that a network computes from the positions."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.envs.state_space import StateSpace
from dynax.math import linalg
from dynax.mechanics.limbs import INITIAL_ROOT, MIN_INERTIA
from dynax.representation.frames import BaseFrame, WorldFrame
from dynax.representation.positions import PositionFeatures


class Inertia(nn.Module):
    """A learned mass matrix S (L L^T + 1e-4) S, with S from the inverse inertias of the MJCF.

    With a base frame, the network computes the matrix in the axes of the base, so that it rotates with the robot.
    """

    space: StateSpace
    weight: Any  # `dof_invweight0` of the MJCF, (nv,)
    frame: BaseFrame
    hidden_dims: tuple[int, ...] = (64, 64)

    @nn.compact
    def __call__(self, state: Float[Array, " S"]) -> Float[Array, "nv nv"]:
        """Return the mass matrix at a state, in the axes of the world."""
        n = len(self.weight)
        x = PositionFeatures.of(self.space, "sincos", self.space.invariant, self.frame)(state)
        x = x if x.size else jnp.ones(1)  # the matrix of a robot without position features is constant
        for width in self.hidden_dims:
            x = nn.silu(nn.Dense(width)(x))
        entries = nn.Dense(n * (n + 1) // 2, kernel_init=nn.initializers.normal(0.01))(x)
        lower = linalg.lower_triangular(entries, n) + INITIAL_ROOT * np.eye(n)
        scale = 1 / np.sqrt(self.weight)
        mass_matrix = (lower @ lower.T + MIN_INERTIA * np.eye(n)) * scale[:, None] * scale
        if isinstance(self.frame, WorldFrame):
            return mass_matrix
        to_base = jax.vmap(partial(self.frame.to_base, state))(jnp.eye(n)).T
        return to_base.T @ mass_matrix @ to_base
