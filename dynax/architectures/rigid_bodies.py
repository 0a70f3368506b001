"""Base class of models that consist of rigid bodies at the joints of the MJCF."""

from collections.abc import Iterator, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.architectures.structured import StructuredDynamicsModel
from dynax.components.friction import friction_force
from dynax.components.parts import part
from dynax.math import linalg
from dynax.mechanics import rigid_body
from dynax.mechanics.constraints import UnconstrainedStep
from dynax.mechanics.rigid_body import BodyMotion, RigidBodyDynamics
from dynax.mjcf.actuation import Actuation
from dynax.mjcf.unsupported_forces import check_supported, nonlinear_actuators, unsupported_forces

FRICTION = ("coulomb_friction", "static_friction", "constant_force", "stop_speed", "stribeck_speed")  # with `friction`

Constants = Mapping[str, jax.Array]  # constants by name, see `RigidBodyModel.labels`


class RigidBodyModel(StructuredDynamicsModel):
    """The equations of motion of rigid bodies with constants that a subclass chooses.

        M(q) a + c(q, v) + D (v + dt a) + k (q - q0) - B force(u, q, v) = 0,   a = dv / dt

    with the duration dt of a physics step. The constants are ten inertial parameters of each body
    (`mechanics.rigid_body`), the armature, damping and stiffness of joints that have them in the MJCF, and the gains of
    actuators. The equations are linear in all of them. Joint frames and axes, rest positions of springs and the joint
    of each actuator are those of the MJCF. With `friction`, there are constants of dry friction, and every degree of
    freedom has damping. Those that an actuator drives then have armature.

    Raises:
        UserError: for a robot with forces that are not linear in these constants, for example tendon springs, fluids or
            activations.
    """

    friction: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_supported(self.architecture, self.env.name, self._unsupported())

    def _unsupported(self) -> Iterator[str]:
        yield from unsupported_forces(self.env.mj_model)
        yield from nonlinear_actuators(self.env.mj_model)
        if Actuation.of(self.env.mj_model).bias[:, 0].any():
            yield "an actuator has a constant bias"

    @part
    def mechanics(self) -> RigidBodyDynamics:
        """The equations of motion of the robot."""
        return RigidBodyDynamics.of(self.env.mj_model, self.env.space)

    @part
    def actuation(self) -> Actuation:
        """The forces of springs, dampers and actuators in the MJCF."""
        return Actuation.of(self.env.mj_model)

    @part
    def joint_constants(self) -> dict[str, np.ndarray]:
        """The joint constants, each with its degrees of freedom, int32: those of the MJCF and those of `friction`."""
        present = {
            "armature": self.env.mj_model.dof_armature != 0,
            "damping": self.actuation.damping != 0,
            "stiffness": self.actuation.stiffness != 0,
        }
        if self.friction:
            every = np.ones(self.env.space.nv, bool)
            present["armature"] = present["armature"] | (self.actuation.moment != 0).any(axis=1)
            present |= dict.fromkeys(("damping", *FRICTION), every)
        return {name: np.flatnonzero(mask).astype(np.int32) for name, mask in present.items() if mask.any()}

    @part
    def labels(self) -> dict[str, tuple[str, ...]]:
        """Names of the constants by parameter, in the order of the entries of the parameter."""
        names = self.env.space.names
        bodies = [self.env.mj_model.body(b).name or f"body{b}" for b in self.moving]
        gains = ["gain"] + ["position_gain", "rate_gain"] * bool(self.actuation.servo.any())
        return {
            "bodies": tuple(f"{body} {name}" for body in bodies for name in rigid_body.PARAMETER_NAMES),
            **{
                name: tuple(f"{names[d]} {name.replace('_', ' ')}" for d in dofs)
                for name, dofs in self.joint_constants.items()
            },
            **{gain: tuple(f"{name} {gain.replace('_', ' ')}" for name in self.env.action_names) for gain in gains},
        }

    @part
    def moving(self) -> np.ndarray:
        """The bodies that a joint moves, int32, because JAX cannot mix 64-bit indices with its own."""
        return np.flatnonzero(self.env.mj_model.body_weldid != 0).astype(np.int32)

    @part
    def mjcf_constants(self) -> dict[str, Float[np.ndarray, " n"]]:
        """The constants that the MJCF contains, by name; none of friction."""
        model, mjcf = self.env.mj_model, self.actuation
        of_joints = {"armature": model.dof_armature, "damping": mjcf.damping, "stiffness": mjcf.stiffness}
        gains = {"gain": mjcf.gain, "position_gain": -mjcf.bias[:, 1], "rate_gain": -mjcf.bias[:, 2]}
        joints = {name: x[self.joint_constants[name]] for name, x in of_joints.items() if name in self.joint_constants}
        bodies = rigid_body.inertial_parameters(model)[self.moving].ravel()
        return {name: x for name, x in ({"bodies": bodies} | joints | gains).items() if name in self.labels}

    def unconstrained_step(
        self,
        constants: Constants,
        state: Float[Array, " S"],
        action: Float[Array, " A"],
        force: Float[Array, " nv"] | None = None,
    ) -> UnconstrainedStep:
        """Return the step without constraints.

        Args:
            constants: constants by name.
            state: the state before the step.
            action: the action during the step.
            force: a further force on each degree of freedom.
        """
        dt = self.env.timestep
        motion, damping = self.mechanics.body_motion(state), self._implicit_damping(constants)
        mass_matrix = self._mass_matrix(constants, motion)
        missing = self._residual(constants, motion, state, action, jnp.zeros(self.env.space.nv))
        missing = missing if force is None else missing - force
        return UnconstrainedStep(
            -dt * linalg.solve(mass_matrix + dt * jnp.diag(damping), missing), mass_matrix, damping
        )

    def mass_matrix(self, constants: Constants, state: Float[Any, " S"]) -> Float[Array, "nv nv"]:
        """Return the mass matrix at a state."""
        return self._mass_matrix(constants, self.mechanics.body_motion(jnp.asarray(state)))

    def _mass_matrix(self, constants: Constants, motion: BodyMotion) -> Float[Array, "nv nv"]:
        """Return the mass matrix for the motion of the bodies."""
        bodies = self.mechanics.mass_matrix(motion, self._inertial(constants))
        return bodies + jnp.diag(self._joints(constants, "armature"))

    def equation(
        self,
        constants: Constants,
        state: Float[Array, " S"],
        action: Float[Array, " A"],
        acceleration: Float[Array, " nv"],
    ) -> Float[Array, " nv"]:
        """Return the residual forces of the equations of motion, which are linear in the constants without friction.

        Args:
            constants: parameters of the model.
            state: the state before a step.
            action: the action during the step.
            acceleration: change of velocity divided by the duration of a physics step.
        """
        return self._residual(constants, self.mechanics.body_motion(state), state, action, acceleration)

    def _residual(
        self, constants: Constants, motion: BodyMotion, state: jax.Array, action: jax.Array, acceleration: jax.Array
    ) -> Float[Array, " nv"]:
        """Return the residual forces for the motion of the bodies, see `equation`."""
        space = self.env.space
        q, v = space.positions(state), space.qvel(state)
        force = self.mechanics.inverse_dynamics(motion, self._inertial(constants), acceleration)
        force += self._joints(constants, "armature") * acceleration
        implicit = self._implicit_damping(constants) * self.env.timestep * acceleration
        force += self._joints(constants, "damping") * v + implicit
        # JAX would keep NumPy arrays in the precision of the first trace.
        rest, moment = (jnp.asarray(x, state.dtype) for x in (self.actuation.rest, self.actuation.moment))
        force += self._joints(constants, "stiffness") * (q - rest)
        if self.friction:
            force += self._friction(constants, v)
        return force - moment @ self._actuator_forces(constants, moment.T @ q, moment.T @ v, action)

    def _actuator_forces(
        self, constants: Constants, length: Float[Array, " nu"], speed: Float[Array, " nu"], action: Float[Array, " A"]
    ) -> Float[Array, " nu"]:
        """Return the forces of the actuators: gain times control, less the feedback of servos."""
        force = constants["gain"] * action[: self.env.mj_model.nu]
        if self.actuation.servo.any():
            force = force - constants["position_gain"] * length - constants["rate_gain"] * speed
        return force

    def _friction(self, constants: Constants, v: Float[Array, " nv"]) -> Float[Array, " nv"]:
        """Return minus the force of dry friction, and the constant force."""
        coulomb, static, offset, *speeds = (constants[name] for name in FRICTION)
        return offset - friction_force(v, coulomb, static - coulomb, *speeds)

    def _implicit_damping(self, constants: Constants) -> jax.Array:
        """Return the damping that a step treats implicitly, (nv,)."""
        mjcf, damping = self.actuation, self.env.implicit_damping * self._joints(constants, "damping")
        if mjcf.implicit and mjcf.servo.any():
            rate = constants["rate_gain"]
            damping = damping + jnp.asarray(mjcf.moment**2, rate.dtype) @ rate
        return damping

    def _joints(self, constants: Constants, name: str) -> jax.Array:
        """Return a joint constant of all degrees of freedom, (nv,); zero where the MJCF has none."""
        zero = jnp.zeros(self.env.space.nv)
        if name not in self.joint_constants:
            return zero
        return zero.at[self.joint_constants[name]].set(constants[name])

    def _inertial(self, constants: Constants) -> jax.Array:
        """Return the inertial parameters of all bodies, (nbody, 10); zero for fixed bodies."""
        moving = constants["bodies"].reshape(-1, len(rigid_body.PARAMETER_NAMES))
        return jnp.zeros((self.env.mj_model.nbody, moving.shape[1]), moving.dtype).at[self.moving].set(moving)
