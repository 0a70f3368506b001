"""Rigid bodies with given constants, and a network of the force that they lack."""

from dataclasses import replace
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.force_networks import NETWORKS, check_network
from dynax.architectures.rigid import RigidDynamicsModel
from dynax.architectures.rigid_bodies import Constants, RigidBodyModel
from dynax.base import Variables
from dynax.components.contact_cache import ContactCache
from dynax.components.normalization import normalize
from dynax.errors import UserError, check_choice, check_range
from dynax.mechanics.constraints import UnconstrainedStep


class ResidualDynamicsModel(RigidBodyModel):
    """A nominal model, which consists of rigid bodies, and a network of the generalized force that it lacks.

        M(q) a + c(q, v) + D (v + dt a) + k (q - q0) - B force(u, q, v) = network(features, u)

    The network reads the normalized features and actions of the last `window` states. With `output=acceleration` it
    adds to the acceleration a instead. It is zero at first, so that an untrained model predicts as its nominal model.
    The nominal constants are those of the MJCF, or those of an identified model. They stay, or with `finetune_base`
    each of them has a learned factor.

    Raises:
        UserError: as `RigidBodyModel`, for constants of another robot, and for a `window` longer than `history`.
    """

    prior_knowledge: ClassVar[tuple[str, ...]] = (
        "equations of rigid bodies, joints and frames, with the constants of the MJCF or of an identified model",
    )

    network: str = "mlp"  # mlp | gru | transformer
    window: int = 1  # states and actions that the network reads
    output: str = "force"  # force | acceleration
    hidden_dims: tuple[int, ...] = (64, 64)  # units of each layer
    activation: str = "glu"  # of the hidden layers of an mlp
    base: str | None = None  # run of `rigid` from which `dynax train` has copied the constants
    constants: tuple[float, ...] = ()  # of the nominal model, in the order of `labels`; empty: those of the MJCF
    finetune_base: bool = False

    def __post_init__(self) -> None:
        check_choice("model.output", self.output, ("force", "acceleration"))
        check_network(self.network, self.hidden_dims, self.activation)
        check_range("model.window", self.window, 1)
        if self.window > self.history:
            raise UserError(
                f"model.window={self.window} is longer than model.history={self.history}: a prediction starts from "
                f"the last {self.history} measurements; set model.history={self.window} or more"
            )
        super().__post_init__()
        if not self.constants and (self.base or self.friction):
            option = f"base={self.base}" if self.base else "friction=true"
            raise UserError(
                f"model.{option} needs the constants of an identified model: `dynax train model.base=<run>` copies "
                "them, and in Python pass **copied_constants(model, variables)"
            )
        if self.constants and len(self.constants) != (count := sum(map(len, self.labels.values()))):
            raise UserError(f"model.constants has {len(self.constants)} numbers, but {self.env.name} needs {count}")

    @property
    def unconstrained_inputs(self) -> int:
        """The number of states and actions that the network reads."""
        return self.window

    @nn.compact
    def unconstrained(
        self,
        states: Float[Array, "h S"],
        actions: Float[Array, "h A"],
        normalization: Variables,
        training: bool = False,
        cache: ContactCache | None = None,
    ) -> UnconstrainedStep:
        """Return the step of one sample without constraints, see `BaseDynamicsModel.unconstrained`."""
        state, action, scale = states[-1], actions[-1], normalization
        inputs = normalize(scale["features"], self.features(states)), normalize(scale["actions"], actions)
        x = NETWORKS[self.network](jnp.concatenate(inputs, axis=-1), self.hidden_dims, self.activation)
        output = nn.Dense(self.env.space.nv, kernel_init=nn.initializers.zeros)(x)
        constants, to_world = self._constants(state.dtype), self.representation.frame.to_world
        if self.output == "force":
            force = to_world(state, output * self._force_unit(normalization))
            return self.unconstrained_step(constants, state, action, force)
        step = self.unconstrained_step(constants, state, action)
        change = to_world(state, output * self._velocity_unit(normalization))
        return replace(step, change=step.change + change)

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
        unit = self._velocity_unit(normalization)
        return unit / jnp.asarray(self.env.timestep * self.env.mj_model.dof_invweight0, unit.dtype)

    def _velocity_unit(self, normalization: Variables) -> Float[Array, " nv"]:
        """Return the change of velocity in a physics step that gives one standard deviation of the target."""
        env = self.env
        first = env.space.nv if self.representation.target.has_positions else 0
        std = jnp.asarray(normalization["target"]["std"])[first : first + env.space.nv]
        return std / env.decimation


def copied_constants(base: RigidDynamicsModel, variables: Variables) -> dict[str, Any]:
    """Return the options of a `ResidualDynamicsModel` that has the constants of an identified model.

    Args:
        base: the identified model.
        variables: its variables.
    """
    found = jax.tree.map(np.asarray, variables["params"]["network"])
    constants = np.concatenate([found[name] for name in base.labels])
    return {"constants": tuple(constants.tolist()), "friction": base.friction}
