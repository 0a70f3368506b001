"""The multilayer perceptron."""

from collections.abc import Callable
from functools import cached_property

import jax
import jax.numpy as jnp
from flax import linen as nn

from dynax.base import DynamicsModel, UnconstrainedStep, Variables, check_widths, normalize
from dynax.errors import check_range
from dynax.mechanics.constraints import ConstraintResiduals
from dynax.networks.layers import Hidden, check_activation

# Of a normalized target (D,), what constraints ask of it (nv + L + C,), and whether any acts.
Asked = Callable[[jax.Array], tuple[jax.Array, jax.Array]]

IDLE = "what contacts ask is known of one semi-implicit step, of geoms that neither stick nor convey"


class MLPDynamicsModel(DynamicsModel):
    """Dense layers of the widths `hidden_dims`, each followed by `activation`, then a linear one.

    Of a robot that can touch something this is the motion without constraints, and sees none of their features.
    `refinement_steps` more networks, of the widths `refinement_dims`, correct it one after the other where a constraint
    acts. Each of them sees all features, what has been predicted so far, and what constraints ask of that
    (`ConstraintResiduals`): as the iterations of a solver do, but learned.
    """

    hidden_dims: tuple[int, ...] = (128, 128, 128)
    activation: str = "glu"
    refinement_steps: int = 4
    refinement_dims: tuple[int, ...] = (96, 96)

    def __post_init__(self):
        check_widths("model.hidden_dims", self.hidden_dims)
        check_widths("model.refinement_dims", self.refinement_dims)
        check_range("model.refinement_steps", self.refinement_steps, 0)
        check_activation(self.activation)
        super().__post_init__()

    @cached_property
    def residuals(self) -> ConstraintResiduals | None:
        """What constraints ask of a prediction, where there are contacts to be seen and a step is one of MuJoCo's."""
        seen = self.refinement_steps and self.representation.contact_features and self.representation.accelerates
        return ConstraintResiduals.of(self.env.mj_model, self.env.space) if seen else None

    @property
    def given(self) -> tuple[str, ...]:
        asked = ("what stops and contacts ask of a motion, as hard as in the MJCF",) if self.residuals else ()
        return (*super().given, *asked)

    @property
    def notes(self) -> tuple[str, ...]:
        idle = bool(self.refinement_steps and self.representation.contact_features) and self.residuals is None
        return (
            *super().notes,
            *((f"model.refinement_steps={self.refinement_steps} without effect: {IDLE}",) if idle else ()),
        )

    @nn.compact
    def __call__(
        self, states: jax.Array, actions: jax.Array, training: bool = False, asked: Asked | None = None
    ) -> jax.Array:
        every = jnp.concatenate([states.flatten(), actions.flatten()])
        if asked is None:
            return self._dense(every, self.hidden_dims)
        positions, velocities, _ = self.representation.sizes
        free = states[:, : positions + velocities + self.env.space.na]
        target = self._dense(jnp.concatenate([free.flatten(), actions.flatten()]), self.hidden_dims)
        for _ in range(self.refinement_steps):
            lacking, acts = asked(target)
            seen = jnp.concatenate([every, target, lacking])
            target += jnp.where(acts, self._dense(seen, self.refinement_dims), 0.0)
        return target

    def _dense(self, x: jax.Array, widths: tuple[int, ...]) -> jax.Array:
        for width in widths:
            x = Hidden(width, self.activation)(x)
        return nn.Dense(self.target_dim)(x)

    def predict_unconstrained(
        self, features: jax.Array, states: jax.Array, actions: jax.Array, normalization: Variables, training: bool
    ) -> UnconstrainedStep:
        demands = self.residuals
        if demands is None:
            return super().predict_unconstrained(features, states, actions, normalization, training)
        norm, here, nv = normalization, states[-1], self.env.space.nv
        active = demands.active_rows(here)

        def change(target: jax.Array) -> jax.Array:
            return self.representation.unframed(here, target * norm["target"]["std"] + norm["target"]["mean"])

        def asked(target: jax.Array) -> tuple[jax.Array, jax.Array]:
            coordinates, rows = demands(here, change(target)[:nv], active)
            base = self.representation.base
            seen = base.seen(here, coordinates) if base else coordinates
            return jnp.concatenate([seen / norm["target"]["std"][:nv], rows]), active.any

        inputs = normalize(norm["features"], features), normalize(norm["actions"], actions)
        return UnconstrainedStep(change(self(*inputs, training, asked)))
