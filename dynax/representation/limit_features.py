"""Features of joint limits."""

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from dynax.envs.state_space import StateSpace


@dataclass(frozen=True, eq=False)
class LimitFeatures:
    """Three features of each end of each limited joint: penetration, active flag, and flag times joint velocity.

    All three are zero within the range, so they do not reveal the position within the range. A joint with an unobserved
    position has no features. An unobserved velocity counts as zero. MuJoCo's limit constraint is active where the
    distance to the limit is below the margin (MuJoCo documentation, Computation: Constraint model).
    """

    space: StateSpace

    def __call__(self, state: Float[Any, "... S"]) -> Float[Any, "... F"]:
        """Return the features: all penetrations, flags and velocities of lower limits, then those of upper limits."""
        space, xp = self.space, state.__array_namespace__()
        observed, velocity_observed = space.observed[: space.nv], space.observed[space.nv : 2 * space.nv]
        velocity = (space.qvel(state) * velocity_observed)[..., space.limited & observed]
        features = []
        for penetration in space.beyond(state):
            depth = penetration[..., observed[space.limited]]
            active = xp.astype(depth > 0, state.dtype)
            features += [depth * active, active, active * velocity]
        return xp.concat(features, axis=-1)
