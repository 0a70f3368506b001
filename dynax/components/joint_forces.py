"""Forces of springs, dampers and actuators with learned factors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.mjcf.actuation import Actuation


@dataclass(frozen=True, eq=False)
class JointForces:
    """The forces of an MJCF. Each of its constants is multiplied by a learned factor, which is initially one."""

    actuation: Actuation

    def __call__(
        self, param: Callable[..., Any], q: Float[Array, " nv"], v: Float[Array, " nv"], control: Float[Array, " nu"]
    ) -> tuple[Float[Array, " nv"], Float[Array, " nv"]]:
        """Return the forces and the damping.

        Args:
            param: the method `param` of a flax module, which owns the factors.
            q: positions.
            v: velocities.
            control: controls of the actuators.

        Returns:
            Forces on the degrees of freedom, and the damping that a semi-implicit step treats implicitly.
        """
        mjcf = self.actuation
        damping = jnp.asarray(mjcf.damping) * _factor(param, "damping", len(v))
        tau = -damping * v
        if mjcf.stiffness.any():
            tau -= mjcf.stiffness * _factor(param, "stiffness", len(v)) * (q - mjcf.rest)
        if len(control):
            force, actuator_damping = self._actuators(param, q, v, control)
            tau += mjcf.moment @ jnp.clip(force, mjcf.lowest, mjcf.highest)
            if actuator_damping is not None:
                damping = damping - actuator_damping
        return tau, damping

    def _actuators(self, param: Callable[..., Any], q: Any, v: Any, control: Any) -> tuple[jax.Array, Any]:
        """Return the forces of the actuators (nu,) before saturation, and minus their implicit damping (nv,) or None.

        A saturated actuator has no damping, because its force does not depend on the velocity.
        """
        mjcf, count = self.actuation, len(control)
        force = mjcf.gain * _factor(param, "gain", count) * control
        if not mjcf.servo.any():
            return force, None
        position, rate = _factor(param, "position_gain", count), _factor(param, "rate_gain", count)
        length, speed = mjcf.moment.T @ q, mjcf.moment.T @ v
        force += mjcf.bias[:, 0] + mjcf.bias[:, 1] * position * length + mjcf.bias[:, 2] * rate * speed
        if not mjcf.implicit:
            return force, None
        within = (force > mjcf.lowest) & (force < mjcf.highest)
        return force, (mjcf.moment**2) @ (within * mjcf.bias[:, 2] * rate)


def _factor(param: Callable[..., Any], name: str, count: int) -> jax.Array:
    return jnp.exp(param(name, nn.initializers.zeros, (count,)))
