"""A mass matrix learned as a network of the positions."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dynax.envs.state_space import StateSpace
from dynax.math import linalg
from dynax.mechanics.limbs import INITIAL_ROOT, MIN_INERTIA
from dynax.representation import features
from dynax.representation.frames import Frame


class Inertia(nn.Module):
    """A mass matrix learned as a network of the positions: S (L L^T + 1e-4) S, S from the MJCF's inverse inertias.

    With a `frame` that is the matrix in the axes of the base, so that it turns with the robot.
    """

    space: StateSpace
    weight: np.ndarray  # (nv,) `dof_invweight0`
    frame: Frame | None = None
    hidden_dims: tuple[int, ...] = (64, 64)

    @nn.compact
    def __call__(self, state: jax.Array) -> jax.Array:
        n = len(self.weight)
        x = features.positions(self.space, state, "sincos", self.space.invariant, self.frame)
        x = x if x.size else jnp.ones(1)  # of a robot that nothing about its place matters to
        for width in self.hidden_dims:
            x = nn.silu(nn.Dense(width)(x))
        entries = nn.Dense(n * (n + 1) // 2, kernel_init=nn.initializers.normal(0.01))(x)
        lower = linalg.lower_triangular(entries, n) + INITIAL_ROOT * np.eye(n)
        scale = 1 / np.sqrt(self.weight)
        inertia = (lower @ lower.T + MIN_INERTIA * np.eye(n)) * scale[:, None] * scale
        if self.frame is None:
            return inertia
        turn = jax.vmap(partial(self.frame.seen, state))(jnp.eye(n)).T
        return turn.T @ inertia @ turn
