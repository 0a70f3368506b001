"""The learned model: features -> normalise -> network -> integrate, and the rollout of it.

    s_{t+1} = s_t + f_theta(s_t, a_t)

A model is a flax module whose `__call__` is the network on one sample; everything around it is here. Its variables are
one tree, `{"params": ..., "normalization": ...}`, so that a model saved is a model complete.

Axes: B batch, T steps, h history, S = nq + nv state, A action, F features, D target.
"""

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dynax import features
from dynax.envs.env import Env
from dynax.errors import UserError, check_choice, check_range

Variables = Mapping[str, Any]


class BaseDynamicsModel(nn.Module):
    """A dynamics model of the robot `env`. Subclass it and write `__call__`, the network.

    As it stands a state enters as it is and its change is predicted; `DynamicsModel` has the representation that
    predicts further. The fields of a subclass are the options of its group in `conf/model`.

    Raises `UserError` at construction for an option the robot cannot have.
    """

    env: Env
    angles: str = "raw"  # raw | sincos
    target: str = "delta"  # delta | acceleration
    constraints: str = "none"  # none | features
    drop_invariant: bool = False
    history: int = 1

    sequence: ClassVar[bool] = False  # the network returns one row a position of the history

    def __post_init__(self):
        check_choice("model.angles", self.angles, features.ANGLES)
        check_choice("model.target", self.target, features.TARGETS)
        check_choice("model.constraints", self.constraints, features.CONSTRAINTS)
        check_range("model.history", self.history, 1)
        if self.target == "acceleration" and not self.env.semi_implicit:
            raise UserError(
                f"model.target=acceleration integrates as MuJoCo's Euler does, but {self.env.name} is simulated by "
                f"{self.env.integrator}: use model.target=delta"
            )
        for field in dataclasses.fields(self):  # models are keys to their compiled programs, and a list has no hash
            if isinstance(value := getattr(self, field.name), list):
                setattr(self, field.name, tuple(value))
        super().__post_init__()

    def __call__(self, states: jax.Array, actions: jax.Array, training: bool = False) -> jax.Array:
        """The network on one sample.

        Args:
            states: normalised features (h, F), oldest first.
            actions: normalised actions (h, A).
            training: whether dropout and the like are active (their random stream is `dropout`).

        Returns:
            The normalised target (D,), or (h, D) with `sequence`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, states, actions, training=False)")

    @property
    def state_dim(self) -> int:
        return self.env.state_dim

    @property
    def action_dim(self) -> int:
        return self.env.action_dim

    @property
    def target_dim(self) -> int:
        return self.env.state_dim if self.target == "delta" else self.env.space.nv

    @property
    def feature_dim(self) -> int:
        return self.features(np.zeros(self.state_dim)).shape[-1]

    def features(self, states: Any) -> Any:
        """What the network sees of states (..., S), before normalisation: (..., F)."""
        space = self.env.space
        # With neither the position nor the stops in sight, a limited joint would run through its stop unseen.
        seen = space.limited & (self.constraints == "none")
        dropped = space.invariant & ~seen & self.drop_invariant
        parts = [features.positions(space, states, self.angles, dropped), states[..., space.nv :]]
        if self.constraints == "features":
            parts.append(features.stops(space, states))
        return states.__array_namespace__().concat(parts, axis=-1)

    def targets(self, states: Any, following: Any) -> Any:
        """What the network is to predict between consecutive states (..., S), before normalisation: (..., D)."""
        change = self.env.space.difference(states, following)
        return change if self.target == "delta" else change[..., self.env.space.nv :]

    def integrate(self, states: Any, change: Any) -> Any:
        """The states that follow `states` (..., S) under the predicted change (..., D)."""
        return states + change if self.target == "delta" else features.integrate(self.env.space, states, change)

    def create(self, rng: jax.Array, normalization: Variables) -> Variables:
        """Variables with a freshly initialised network around the given normalisation.

        Raises `UserError` where the network returns another shape than the target's.
        """
        sample = jnp.zeros((self.history, self.feature_dim)), jnp.zeros((self.history, self.action_dim))
        output, variables = jax.jit(self.init_with_output)(rng, *sample)  # op by op it takes twice as long
        wanted = (self.history, self.target_dim) if self.sequence else (self.target_dim,)
        if (found := jnp.shape(output)) != wanted:
            raise UserError(f"{type(self).__name__}.__call__ returns an array of shape {found}, not {wanted}")
        return {"params": variables["params"], "normalization": normalization}

    def predict(self, variables: Variables, states: jax.Array, actions: jax.Array) -> jax.Array:
        """The next states (B, S) after histories `states` (B, h, S) under `actions` (B, h, A)."""
        norm = variables["normalization"]
        inputs = normalise(norm["features"], self.features(states)), normalise(norm["actions"], actions)
        output = jnp.asarray(jax.vmap(partial(self.apply, {"params": variables["params"]}))(*inputs))
        last = output[:, -1] if self.sequence else output
        return self.integrate(states[:, -1], last * norm["target"]["std"] + norm["target"]["mean"])

    def rollout(self, states: Any, actions: Any, params: Variables) -> jax.Array:
        """Open-loop prediction, float32.

        Args:
            states: (B, S) to start from, or (B, h, S) with a history.
            actions: (B, h - 1 + T, A); the first h - 1 belong to the first h - 1 states.
            params: the variables that training returned.

        Returns:
            (B, T + 1, S), the last given state first.

        Raises:
            ValueError: for arrays of other shapes.
        """
        states, actions = jnp.asarray(states, jnp.float32), jnp.asarray(actions, jnp.float32)
        if self.history == 1 and states.ndim == 2:
            states = states[:, None]
        batch = len(states)
        if states.shape != (batch, self.history, self.state_dim):
            raise ValueError(f"states have shape {states.shape}, wanted (B, {self.history}, {self.state_dim})")
        if actions.ndim != 3 or actions.shape[::2] != (batch, self.action_dim) or actions.shape[1] < self.history:
            wanted = f"({batch}, {self.history - 1} + T, {self.action_dim})"
            raise ValueError(f"actions have shape {actions.shape}, wanted {wanted} with T of at least 1")
        return _rollout(self, params, states, actions)


class DynamicsModel(BaseDynamicsModel):
    """The representation the shipped networks use: with each of its choices predictions stay true for longer."""

    angles: str = "sincos"
    target: str = "acceleration"
    constraints: str = "features"
    drop_invariant: bool = True


def check_widths(where: str, widths: tuple[int, ...]) -> None:
    """Raise `UserError` unless every layer has at least one unit."""
    for width in widths:
        check_range(where, width, 1)


def normalise(statistics: Variables, x: Any) -> Any:
    """`x` with zero mean and unit deviation, by `statistics` `{"mean", "std"}`."""
    return (x - statistics["mean"]) / statistics["std"]


@partial(jax.jit, static_argnums=0)
@jax.default_matmul_precision("highest")  # a GPU would round products to ten bits, and lose the prediction to them
def _rollout(model: BaseDynamicsModel, variables: Variables, states: jax.Array, actions: jax.Array) -> jax.Array:
    h = model.history

    def step(carry, action):
        window, past = carry
        past = jnp.concatenate([past, action[:, None]], axis=1)
        following = model.predict(variables, window, past)
        window = jnp.concatenate([window[:, 1:], following[:, None]], axis=1)
        return (window, past[:, 1:]), following

    future = jnp.moveaxis(actions[:, h - 1 :], 1, 0)
    _, path = jax.lax.scan(step, (states, actions[:, : h - 1]), future)
    return jnp.concatenate([states[:, -1:], jnp.moveaxis(path, 0, 1)], axis=1)
