"""Base class of models that consist of equations of motion."""

from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dynax.architectures.network import constant
from dynax.base import BaseDynamicsModel, Variables
from dynax.components.contact_cache import ContactCache, ContactDetector
from dynax.components.member import Member
from dynax.components.observer import VelocityObserver
from dynax.components.parts import part
from dynax.errors import UserError
from dynax.mechanics.integration import ControlStep


class StructuredDynamicsModel(BaseDynamicsModel):
    """Equations of motion. A subclass overrides `unconstrained`, the change of velocity over one physics step.

    With `env.decimation` above 1 or the integrator RK4, a prediction evaluates the equations and the constraints as
    often as MuJoCo does in a control step. The equations contain the state itself, so the options of features and
    targets are constants. With a `history` above 1, the velocity at the start of a prediction is estimated from the
    last measurements.

    Raises:
        UserError: if the robot is not completely observed, or for `constraints=features`.
    """

    has_substeps: ClassVar[bool] = True

    angles: str = constant("sincos")
    target: str = constant("acceleration")
    constraints: str = "layer"  # none | layer
    drop_invariant: bool = constant(True)
    frame: str = constant("robot")
    head: str = constant("point")
    history: int = 1

    @property
    def has_memory(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether a rollout distinguishes its first step, which estimates the velocity, from later ones."""
        return self.history > 1

    @property
    def unconstrained_inputs(self) -> int:
        """The number of states and actions that `unconstrained` receives, at most `history`."""
        return 1

    @part
    def observer(self) -> VelocityObserver:
        """The estimate of the velocity at the start of a prediction."""
        return VelocityObserver(self.env.space, self.history, self.action_dim)

    def __post_init__(self) -> None:
        env = self.env
        if env.is_recorded:
            raise UserError(
                f"model.architecture={self.architecture} needs the mechanics of an MJCF, and env=data has none. Choose "
                "mlp, resnet or transformer, or import the log with `mjcf:` in its mapping and use env=mjcf"
            )
        if not env.space.observed.all():
            raise UserError(
                f"model.architecture={self.architecture} needs a completely observed robot: set env.observe=all, or "
                "use a generic network, such as model=mlp"
            )
        if self.constraints == "features":
            raise UserError(
                f"model.architecture={self.architecture} has no features: model.constraints must be none or layer, "
                "got features"
            )
        super().__post_init__()

    @part
    def control_step(self) -> ControlStep:
        """The integrator of the robot, over one control step."""
        env = self.env
        return ControlStep(env.space, env.timestep, env.decimation, runge_kutta=env.integrator == "RK4")

    @part
    def contact_detector(self) -> ContactDetector:
        """The contact detection; none with several evaluations, whose later states depend on the parameters."""
        return super().contact_detector if self.env.semi_implicit else ContactDetector()

    @property
    def member(self) -> "StructuredMember":
        """The computations of one ensemble member for one sample."""
        return StructuredMember(self)


@dataclass(frozen=True, eq=False)
class StructuredMember(Member):
    """One member of a structured model: physics steps within the control step, and the first velocity of a rollout."""

    model: StructuredDynamicsModel

    def init(self, normalization: Variables, rng: jax.Array) -> dict[str, Any]:
        """Return new parameters; see `Member.init`."""
        observer = {"observer": jnp.asarray(self.model.observer.init())} if self.model.history > 1 else {}
        return {**super().init(normalization, rng), **observer}

    def target(
        self,
        normalization: Variables,
        params: Any,
        dropout: jax.Array | None,
        states: Float[Array, "h S"],
        actions: Float[Array, "h A"],
        true_target: jax.Array | None,
        contact_cache: ContactCache,
    ) -> jax.Array:
        """Return the predicted target; see `Member.target`."""
        if len(states) == 1:
            return self._step(normalization, params, dropout, states, actions, true_target, contact_cache)
        model, count = self.model, self.model.unconstrained_inputs
        state = self.first_state(normalization, params, states, actions)
        recent, cache = states[-count:].at[-1].set(state), jax.tree.map(lambda x: x[-count:], contact_cache)
        target = self._step(normalization, params, dropout, recent, actions[-count:], true_target, cache)
        return model.targets(states[-1], model.integrate(state, target))

    def _step(
        self,
        normalization: Variables,
        params: Any,
        dropout: jax.Array | None,
        states: Float[Array, "h S"],
        actions: Float[Array, "h A"],
        true_target: jax.Array | None,
        contact_cache: ContactCache,
    ) -> jax.Array:
        """Return the target after states whose velocities are not corrected."""
        model, state = self.model, states[-1]
        if model.env.semi_implicit:
            return super().target(normalization, params, dropout, states, actions, true_target, contact_cache)
        velocity_change = partial(self.velocity_change, params, normalization, actions=actions, earlier=states[:-1])
        change = model.control_step(velocity_change, state)
        return model.representation.to_base(state, model.representation.target.of_change(state, change))

    def extend(
        self, normalization: Variables, params: Any, memory: Any, states: Any, actions: Any
    ) -> tuple[Any, jax.Array]:
        """Return the states and actions that the next step also reads, and the target; see `Member.extend`."""
        if memory is None:
            target = self.target(normalization, params, None, states, actions, None, ContactCache())
        else:
            states, actions = (jnp.concatenate(pair) for pair in zip(memory, (states, actions), strict=True))
            target = self._step(normalization, params, None, states, actions, None, ContactCache())
        first = len(states) + 1 - self.model.unconstrained_inputs
        return (states[first:], actions[first:]), target

    def velocity_change(
        self,
        params: Any,
        normalization: Variables,
        state: Float[Array, " S"],
        actions: Float[Array, "h A"],
        earlier: Float[Array, "n S"] | None = None,
    ) -> Float[Array, " nv"]:
        """Return the change of velocity over a physics step with the acceleration at a state.

        Args:
            params: parameters of one member, {"network": ..., "layer": ...}.
            normalization: statistics of features, actions and target.
            state: the state.
            actions: the actions of the earlier control steps and of this one, oldest first.
            earlier: the states at the earlier control steps, if `unconstrained` receives several states.
        """
        network = {"params": params["network"]}
        states = state[None] if earlier is None else jnp.concatenate([earlier, state[None]])
        unconstrained: Any = self.model.apply(network, states, actions, normalization, method="unconstrained")
        return self.model.constraint_stage.constrained(params.get("layer", {}), state, unconstrained)

    def first_state(
        self, normalization: Variables, params: Any, states: Float[Array, "h S"], actions: Float[Array, "h A"]
    ) -> Float[Array, " S"]:
        """Return the last state of a history, with the estimate of the velocity if there are earlier states.

        Args:
            normalization: statistics of features, actions and target.
            params: parameters of one member.
            states: history of states, oldest first.
            actions: history of actions, oldest first.
        """
        if len(states) == 1:
            return states[-1]
        model, nv = self.model, self.model.env.space.nv
        first = nv if model.representation.target.has_positions else 0
        unit = normalization["target"]["std"][first : first + nv]
        return model.observer(params["observer"], states, actions, unit, normalization["actions"]["std"])
