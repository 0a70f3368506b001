"""System identification: the equations of a tree of rigid bodies, whose constants alone are to be found."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dynax.base import DynamicsModel, Variables
from dynax.math import linalg
from dynax.mechanics import rigid_body
from dynax.mechanics.constraints import UnconstrainedStep
from dynax.mechanics.rigid_body import Mechanics
from dynax.mjcf.actuation import Actuation
from dynax.mjcf.unsupported_forces import check_supported, nonlinear_actuators, unsupported_forces

DIAGONAL = ("Ixx", "Iyy", "Izz")


class RigidDynamicsModel(DynamicsModel):
    """Rigid bodies at the joints of the MJCF. It is system identification, and no network.

    Found are ten inertial parameters of each body (`geometry.dynamics`), and of the joints armature, damping and
    stiffness where the MJCF has them, and the gains of actuators. All enter the equations of motion linearly,

        M(q) a + c(q, v) + D (v + dt a) + k (q - q0) - B force(u, q, v) = 0,   a = dv / dt

    so that `training.finetune=least_squares` finds them at once. Joint frames and axes, where springs rest, what each
    actuator drives, and what the scale of all forces is (`training.identification`) are given.

    Raises `UserError` at construction for a robot that other forces move (tendons with springs, fluids, activations).
    """

    prior_knowledge: ClassVar = (
        "the equations of rigid bodies, their joints and frames, and the mass or a gain of each tree: "
        "system identification",
    )

    label: ClassVar = "system identification"

    constraints: str = "layer"

    def __post_init__(self):
        self.check_one_step()
        check_supported("rigid", self.env.name, self._unknown())
        super().__post_init__()

    def _unknown(self) -> Any:
        yield from unsupported_forces(self.env.mj_model)
        yield from nonlinear_actuators(self.env.mj_model)
        if self.actuation.bias[:, 0].any():
            yield "an actuator has a constant bias"

    @cached_property
    def mechanics(self) -> Mechanics:
        return Mechanics.of(self.env.mj_model, self.env.space)

    @cached_property
    def actuation(self) -> Actuation:
        return Actuation.of(self.env.mj_model)

    @cached_property
    def of_joints(self) -> dict[str, np.ndarray]:
        """The constants of joints that the MJCF has anywhere, each with the degrees of freedom that have it."""
        full = {
            "armature": self.env.mj_model.dof_armature,
            "damping": self.actuation.damping,
            "stiffness": self.actuation.stiffness,
        }
        return {name: np.flatnonzero(value) for name, value in full.items() if value.any()}

    @cached_property
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names of the constants, by parameter, in the order of its entries."""
        names = self.env.space.names
        bodies = [self.env.mj_model.body(b).name or f"body{b}" for b in self.moving]
        gains = ["gain"] + ["position_gain", "rate_gain"] * bool(self.actuation.servo.any())
        return {
            "bodies": tuple(f"{body} {name}" for body in bodies for name in rigid_body.NAMES),
            **{name: tuple(f"{names[d]} {name}" for d in dofs) for name, dofs in self.of_joints.items()},
            **{gain: tuple(f"{name} {gain.replace('_', ' ')}" for name in self.env.action_names) for gain in gains},
        }

    @cached_property
    def moving(self) -> np.ndarray:
        """The bodies that a joint moves."""
        return np.flatnonzero(self.env.mj_model.body_weldid != 0)

    @nn.compact
    def unconstrained(
        self, states: jax.Array, actions: jax.Array, normalization: Variables, training: bool = False
    ) -> UnconstrainedStep:
        constants = {name: self.param(name, lambda key, x=labels: _start(x)) for name, labels in self.labels.items()}
        inertia, damping = self.mass_matrix(constants, states[-1]), self._implicit(constants)
        rest = self.equation(constants, states[-1], actions[-1], jnp.zeros(self.env.space.nv))
        return UnconstrainedStep(
            -self.env.dt * linalg.solve(inertia + self.env.dt * jnp.diag(damping), rest), inertia, damping
        )

    def mass_matrix(self, constants: Mapping[str, jax.Array], state: Any) -> jax.Array:
        """M (nv, nv) at `state` (S,)."""
        motion = self.mechanics.motion(jnp.asarray(state))
        return self.mechanics.inertia(motion, self._inertial(constants)) + jnp.diag(self._joints(constants, "armature"))

    def equation(
        self, constants: Mapping[str, jax.Array], state: jax.Array, action: jax.Array, acceleration: jax.Array
    ) -> jax.Array:
        """The forces (nv,) that the equations of motion leave over at `acceleration` (nv,) = dv / dt.

        Linear in the `constants`.
        """
        space = self.env.space
        q, v = space.positions(state), space.qvel(state)
        motion = self.mechanics.motion(state)
        left = self.mechanics.force(motion, self._inertial(constants), acceleration)
        left += self._joints(constants, "armature") * acceleration
        left += self._joints(constants, "damping") * v + self._implicit(constants) * self.env.dt * acceleration
        left += self._joints(constants, "stiffness") * (q - self.actuation.rest)
        return left - self.actuation.moment @ self._actuated(constants, q, v, action)

    def _actuated(self, constants: Mapping[str, jax.Array], q: jax.Array, v: jax.Array, action: jax.Array) -> jax.Array:
        """The forces (nu,) of the actuators: a motor's gain times its control, a servo's towards it."""
        given, nu = self.actuation, self.env.mj_model.nu
        force = constants["gain"] * action[:nu]
        if given.servo.any():
            length, speed = given.moment.T @ q, given.moment.T @ v
            force = force - constants["position_gain"] * length - constants["rate_gain"] * speed
        return force

    def _implicit(self, constants: Mapping[str, jax.Array]) -> jax.Array:
        """The damping (nv,) that a step treats implicitly."""
        given, damping = self.actuation, self._joints(constants, "damping")
        if given.implicit and given.servo.any():
            damping = damping + (given.moment**2) @ constants["rate_gain"]
        return damping

    def _joints(self, constants: Mapping[str, jax.Array], name: str) -> jax.Array:
        """A constant of the joints (nv,), zero where the MJCF has none."""
        full = jnp.zeros(self.env.space.nv)
        return full.at[self.of_joints[name]].set(constants[name]) if name in self.of_joints else full

    def _inertial(self, constants: Mapping[str, jax.Array]) -> jax.Array:
        """The inertial parameters (nbody, 10) of all bodies; those that stand still have none."""
        moving = constants["bodies"].reshape(-1, len(rigid_body.NAMES))
        return jnp.zeros((self.env.mj_model.nbody, moving.shape[1]), moving.dtype).at[self.moving].set(moving)


def _start(labels: tuple[str, ...]) -> jax.Array:
    """Before anything is found: bodies of 1 kg at the origin of their frames; their inertia and all else is a tenth."""
    kind = [label.rpartition(" ")[2] for label in labels]
    return jnp.array([{"m": 1.0}.get(k, 0.0 if k in rigid_body.NAMES and k not in DIAGONAL else 0.1) for k in kind])
