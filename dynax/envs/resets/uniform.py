"""Initial states that are uniform in a box around the default pose."""

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Float

from dynax.envs.resets.limits import clip_to_limits
from dynax.envs.resets.reset import Reset, keyframe_state
from dynax.envs.state_space import StateSpace
from dynax.errors import UserError


@dataclass(frozen=True)
class UniformReset(Reset):
    """Uniform positions around the default pose, and uniform velocities around zero.

    A list of half-widths has one entry per degree of freedom, or one entry for all of them. Orientations are
    displaced by a rotation vector. Limited joints stay within their range.
    """

    qpos: tuple[float, ...] = (0.5,)  # half-widths of the positions, rad or m
    qvel: tuple[float, ...] = (1.0,)  # half-widths of the velocities, rad/s or m/s

    def check(self, model: mujoco.MjModel, space: StateSpace) -> None:
        for option, widths in (("qpos", self.qpos), ("qvel", self.qvel)):
            if len(widths) not in (1, space.nv) or min(widths) < 0:
                raise UserError(
                    f"{option}={list(widths)} must be one half-width of at least 0, or {space.nv} of them, one per "
                    f"degree of freedom ({', '.join(space.names)})",
                    option,
                )

    def __call__(
        self, model: mujoco.MjModel, space: StateSpace, rng: np.random.Generator, n: int
    ) -> Float[np.ndarray, "n s"]:
        widths = [np.broadcast_to(w, space.nv) for w in (self.qpos, self.qvel)]
        noise = rng.uniform(-1, 1, (n, space.tangent_dim)) * np.concatenate([*widths, np.zeros(space.na)])
        states = space.add(np.tile(keyframe_state(model, None), (n, 1)), noise)
        return clip_to_limits(model, space, states)
