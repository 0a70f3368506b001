"""Base class of models that consist of equations of motion."""

from typing import Any

import jax
from jaxtyping import Array, Float

from dynax.architectures.network import constant
from dynax.base import BaseDynamicsModel, Variables
from dynax.errors import UserError
from dynax.networks.contact_cache import ContactCache
from dynax.networks.observer import VelocityObserver
from dynax.networks.parts import part
from dynax.representation.targets import AccelerationTarget, target_of


class StructuredDynamicsModel(BaseDynamicsModel):
    """Equations of motion for one semi-implicit step. A subclass overrides `unconstrained`.

    The equations contain the state itself, so the options of features and targets are constants. With a `history` above
    1, the velocity at the start of a prediction is estimated from the last measurements.

    Raises:
        UserError: if a control step is not one completely observed semi-implicit step, or for `constraints=features`.
    """

    angles: str = constant("sincos")
    target: str = constant("acceleration")
    constraints: str = "layer"  # none | layer
    drop_invariant: bool = constant(True)
    frame: str = constant("robot")
    history: int = 1

    @property
    def has_memory(self) -> bool:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Whether a rollout distinguishes its first step, which estimates the velocity, from later ones."""
        return self.history > 1

    @property
    def unconstrained_inputs(self) -> int:
        """The number of states and actions that `unconstrained` receives."""
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
        if not isinstance(target_of(env, self.target), AccelerationTarget) or not env.space.observed.all():
            raise UserError(
                f"model.architecture={self.architecture} needs completely observed semi-implicit steps: set "
                f"env.decimation=1 (now {env.decimation}), env.observe=all and an integrator other than RK4 (now "
                f"{env.integrator})"
            )
        if self.constraints == "features":
            raise UserError(
                f"model.architecture={self.architecture} has no features: model.constraints must be none or layer, "
                "got features"
            )
        super().__post_init__()

    def _init(self, normalization: Variables, rng: jax.Array) -> dict[str, Any]:
        """Return the parameters of one member."""
        observer = {"observer": jax.numpy.asarray(self.observer.init())} if self.history > 1 else {}
        return {**super()._init(normalization, rng), **observer}

    def _predict(
        self,
        normalization: Variables,
        params: Any,
        dropout: jax.Array | None,
        states: Float[Array, "h S"],
        actions: Float[Array, "h A"],
        truth: jax.Array | None,
        contact_cache: ContactCache | None,
    ) -> jax.Array:
        """Return the target of one sample by one member."""
        if len(states) == 1:
            return super()._predict(normalization, params, dropout, states, actions, truth, contact_cache)
        nv = self.env.space.nv
        first = nv if self.representation.target.has_positions else 0
        unit = normalization["target"]["std"][first : first + nv]
        state = self.observer(params["observer"], states, actions, unit, normalization["actions"]["std"])
        cache = jax.tree.map(lambda x: x[-1:], contact_cache)
        target = super()._predict(normalization, params, dropout, state[None], actions[-1:], truth, cache)
        return self.targets(states[-1], self.integrate(state, target))

    def _extend(
        self, normalization: Variables, params: Any, memory: Any, states: Any, actions: Any
    ) -> tuple[Any, jax.Array]:
        """Return an empty memory and the target of one sample by one member."""
        return (), self._predict(normalization, params, None, states, actions, None, None)
