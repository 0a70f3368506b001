"""Rigid bodies with given constants, and a network of the force that they lack."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.architectures.rigid_bodies import Constants, RigidBodyModel
from dynax.base import Variables
from dynax.components.contact_cache import ContactCache
from dynax.components.layers import Hidden, check_activation, check_widths
from dynax.components.normalization import normalize
from dynax.errors import UserError
from dynax.mechanics.constraints import UnconstrainedStep


class ResidualDynamicsModel(RigidBodyModel):
    """A nominal model, which consists of rigid bodies, and a network of the generalized force that it lacks.

        M(q) a + c(q, v) + D (v + dt a) + k (q - q0) - B force(u, q, v) = network(features, u)

    The network reads the normalized features and action. It is zero at first, so that an untrained model predicts as
    its nominal model. The nominal constants are those of the MJCF, or those of an identified model. They stay, or with
    `finetune_base` each of them has a learned factor.

    Raises:
        UserError: as `RigidBodyModel`, and for constants of another robot.
    """

    prior_knowledge: ClassVar[tuple[str, ...]] = (
        "equations of rigid bodies, joints and frames, with the constants of the MJCF or of an identified model",
    )

    hidden_dims: tuple[int, ...] = (64, 64)
    activation: str = "glu"
    base: str | None = None  # run of `rigid` from which `dynax train` has copied the constants
    constants: tuple[float, ...] = ()  # of the nominal model, in the order of `labels`; empty: those of the MJCF
    finetune_base: bool = False

    def __post_init__(self) -> None:
        check_widths("model.hidden_dims", self.hidden_dims)
        check_activation(self.activation)
        super().__post_init__()
        if not self.constants and (self.base or self.friction):
            option = f"base={self.base}" if self.base else "friction=true"
            raise UserError(
                f"model.{option} needs the constants of an identified model: `dynax train model.base=<run>` copies "
                "them, and in Python pass **copied_constants(model, variables)"
            )
        if self.constants and len(self.constants) != (count := sum(map(len, self.labels.values()))):
            raise UserError(f"model.constants has {len(self.constants)} numbers, but {self.env.name} needs {count}")

    @nn.compact
    def unconstrained(
        self,
        states: Float[Array, "1 S"],
        actions: Float[Array, "1 A"],
        normalization: Variables,
        training: bool = False,
        cache: ContactCache | None = None,
    ) -> UnconstrainedStep:
        """Return the step of one sample without constraints, see `BaseDynamicsModel.unconstrained`."""
        state, action = states[-1], actions[-1]
        features = normalize(normalization["features"], self.features(state))
        x = jnp.concatenate([features, normalize(normalization["actions"], action)])
        for width in self.hidden_dims:
            x = Hidden(width, self.activation)(x)
        force = nn.Dense(self.env.space.nv, kernel_init=nn.initializers.zeros)(x) * self._force_unit(normalization)
        return self.unconstrained_step(
            self._constants(state.dtype), state, action, self.representation.frame.to_world(state, force)
        )

    def _constants(self, dtype: Any) -> Constants:
        """Return the nominal constants, with their learned factors."""
        given = {name: jnp.asarray(x, dtype) for name, x in self._given().items()}
        if not self.finetune_base:
            return given
        factors = {name: self.param(f"log_{name}", nn.initializers.zeros, x.shape) for name, x in given.items()}
        return {name: x * jnp.exp(factors[name]) for name, x in given.items()}

    def _given(self) -> dict[str, np.ndarray]:
        """Return the nominal constants by name."""
        if not self.constants:
            return self.mjcf_constants
        ends = np.cumsum([len(names) for names in self.labels.values()])
        return dict(zip(self.labels, np.split(np.array(self.constants), ends[:-1]), strict=True))

    def _force_unit(self, normalization: Variables) -> Float[Array, " nv"]:
        """Return the force on each degree of freedom that gives one standard deviation of the target in a step."""
        env = self.env
        first = env.space.nv if self.representation.target.has_positions else 0
        std = jnp.asarray(normalization["target"]["std"])[first : first + env.space.nv]
        return std / jnp.asarray(env.dt * env.mj_model.dof_invweight0, std.dtype)


def copied_constants(base: RigidDynamicsModel, variables: Variables) -> dict[str, Any]:
    """Return the options of a `ResidualDynamicsModel` that has the constants of an identified model.

    Args:
        base: the identified model.
        variables: its variables.
    """
    found = jax.tree.map(np.asarray, variables["params"]["network"])
    constants = np.concatenate([found[name] for name in base.labels])
    return {"constants": tuple(constants.tolist()), "friction": base.friction}
