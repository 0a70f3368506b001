"""The learned model: features -> normalize -> network -> constraints -> integrate, and the rollout of it.

    s_{t+1} = s_t + f_theta(s_t, a_t)

A model is a flax module whose `__call__` is the network on one sample; everything around it is here. Its variables are
one tree, `{"params": {"network": ..., "layer": ...}, "normalization": ...}`, so that a model saved is a model complete;
`layer` is there where `constraints=layer` learns anything, and with an ensemble every array of `params` has an axis of
ensemble_size in front.

Axes: B batch, T steps, E ensemble_size, h history, S state, A action, F features, D target.
"""

import dataclasses
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dynax.config.registry import ARCHITECTURES
from dynax.envs.env import Env
from dynax.errors import UserError, check_choice, check_range
from dynax.math.chunks import map_in_chunks
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.constraints import ConstraintLayer, ContactRows, JointRows, UnconstrainedStep, left_out
from dynax.networks.constraints import LearnedConstraints
from dynax.representation.representation import Representation

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
    constraints: str = "none"  # none | features | layer
    compliance: str = "learned"  # learned | mjcf: how hard constraints are and how they rub, with a layer
    contact_init_scale: float = 1.0  # what a layer's contacts are at first, in units of the MJCF's
    drop_invariant: bool = False
    frame: str = "world"  # world | robot
    history: int = 1
    ensemble_size: int = 1  # of an ensemble, whose predictions are averaged

    sequence: ClassVar[bool] = False  # the network returns one row a position of the history
    prior_knowledge: ClassVar[tuple[str, ...]] = ()  # what the architecture itself knows of mechanics
    label: ClassVar[str] = ""  # what it is, wherever it is named, lest it be taken for a network

    def __post_init__(self):
        check_range("model.history", self.history, 1)
        check_range("model.ensemble_size", self.ensemble_size, 1)
        check_choice("model.compliance", self.compliance, ("learned", "mjcf"))
        check_range("model.contact_init_scale", self.contact_init_scale, 0, open_low=True)
        for field in dataclasses.fields(self):  # models are keys to their compiled programs, and a list has no hash
            if isinstance(value := getattr(self, field.name), list):
                setattr(self, field.name, tuple(value))
        super().__post_init__()
        representation = self.representation  # has its own say about the options
        if self.constraints == "layer" and not (representation.accelerates and self.env.space.observed.all()):
            raise UserError(
                "model.constraints=layer acts within one semi-implicit step of a whole state: with "
                f"model.target=acceleration (now {self.target}), env.decimation=1 (now {self.env.decimation}), "
                f"env.observe=all and any integrator but RK4 (now {self.env.integrator}); otherwise use "
                "model.constraints=features"
            )

    def __call__(self, states: jax.Array, actions: jax.Array, training: bool = False) -> jax.Array:
        """The network on one sample.

        Args:
            states: normalized features (h, F), oldest first.
            actions: normalized actions (h, A).
            training: whether dropout and the like are active (their random stream is `dropout`).

        Returns:
            The normalized target (D,), or (h, D) with `sequence`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define __call__(self, states, actions, training=False)")

    @cached_property
    def representation(self) -> Representation:
        """What the network sees of a state, and what it predicts."""
        return Representation(self.env, self.angles, self.target, self.constraints, self.drop_invariant, self.frame)

    def check_one_step(self) -> None:
        """For models that are the physics of a step, and see no features: raise `UserError` unless asked for that."""
        if self.history != 1 or not self.representation.accelerates or not self.env.space.observed.all():
            raise UserError(
                f"model.architecture={self.architecture} is the physics of one semi-implicit step: it needs "
                f"model.history=1 (now {self.history}), model.target=acceleration (now {self.target}), "
                f"env.decimation=1 (now {self.env.decimation}), env.observe=all and any integrator but RK4 (now "
                f"{self.env.integrator})"
            )
        if self.constraints == "features":
            raise UserError("model.constraints=features is for networks, which see them: here it is none or layer")

    @property
    def architecture(self) -> str:
        """The registered name of the class, which is the name of its group in `conf/model`."""
        return ARCHITECTURES.name_of(type(self))

    @property
    def title(self) -> str:
        """The robot and the architecture, as tables, plots and films name them."""
        return f"{self.env.name}, {self.architecture}" + (f" ({self.label})" if self.label else "")

    @property
    def state_dim(self) -> int:
        return self.env.state_dim

    @property
    def action_dim(self) -> int:
        return self.env.action_dim

    @property
    def target_dim(self) -> int:
        return len(self.representation.predicted)

    @property
    def feature_dim(self) -> int:
        return sum(self.representation.sizes)

    @property
    def observed(self) -> np.ndarray:
        """(2 nv + na,) bool: the tangent coordinates the model reads, predicts and is judged by."""
        return self.env.space.observed

    @cached_property
    def layer(self) -> ConstraintLayer | None:
        """What bends the free motion at stops and contacts, with `constraints=layer` of a robot that has any."""
        if self.constraints != "layer":
            return None
        joints, contacts = JointRows.of(self.env.mj_model), Contacts.of(self.env.mj_model)
        if not len(joints) and contacts is None:
            return None
        rows = ContactRows.of(self.env.mj_model, contacts) if contacts else None
        return ConstraintLayer(self.env.space, joints, contact_rows=rows, contacts=contacts)

    @cached_property
    def learned_constraints(self) -> LearnedConstraints:
        """The layer with what is learned of it."""
        assert self.layer is not None
        return LearnedConstraints(
            self.layer, frame=self.representation.base, contact_init_scale=self.contact_init_scale,
            learned=self.compliance == "learned", parent=None,
        )  # fmt: skip

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the options mean something else for this robot than for others, in sentences."""
        missing = left_out(self.env.mj_model) if self.constraints == "layer" else ()
        mine = (f"model.constraints=layer leaves to the network: {', '.join(missing)}",) if missing else ()
        return (*self.representation.notes, *mine)

    @property
    def given(self) -> tuple[str, ...]:
        """What the model was told of the robot before it saw any data; models are compared with this in sight."""
        off = "" if self.contact_init_scale == 1 else f", its contacts times {self.contact_init_scale:g}"
        known = "started from" if self.compliance == "learned" else "as hard as in"
        layer = (f"MuJoCo's constraint solve, {known} the MJCF{off}",) if self.layer else ()
        return (*self.representation.told, *layer, *self.prior_knowledge)

    def features(self, states: Any, near: Any = None) -> Any:
        """What the network sees of states (..., S), of which `near` says where they touch, if that is known: (..., F).

        They are not normalized yet.
        """
        return self.representation.features(states, near)

    def targets(self, states: Any, following: Any) -> Any:
        """What is to be predicted between consecutive states (..., S), before normalization: (..., D)."""
        return self.representation.targets(states, following)

    def integrate(self, states: Any, change: Any) -> Any:
        """The states that follow `states` (..., S) under the predicted change (..., D)."""
        return self.representation.integrate(states, change)

    def create(self, rng: jax.Array, normalization: Variables) -> Variables:
        """Variables with a freshly initialized network around the given normalization.

        Raises `UserError` where the network returns another shape than the target's.
        """
        return {"params": _created(self, rng, normalization), "normalization": normalization}

    def _init(self, rng: jax.Array, normalization: Variables) -> Any:
        if self.ensemble_size > 1:
            one = self.clone(ensemble_size=1)
            return jax.vmap(partial(one._init, normalization=normalization))(jax.random.split(rng, self.ensemble_size))
        states, actions = jnp.zeros((self.history, self.state_dim)), jnp.zeros((self.history, self.action_dim))
        free, variables = self.init_with_output(rng, states, actions, normalization, method="unconstrained")
        params = {"network": variables["params"]}
        if self.layer:
            motion = free if not self.sequence else jax.tree.map(lambda x: x[-1], free)
            motion = motion.replace(change=motion.change[: self.env.space.nv])
            layer = self.learned_constraints.init(jax.random.fold_in(rng, 1), states[-1], motion)
            if "params" in layer:  # it may have nothing to learn
                params["layer"] = layer["params"]
        return params

    def unconstrained(
        self, states: jax.Array, actions: jax.Array, normalization: Variables, training: bool = False
    ) -> UnconstrainedStep:
        """What one sample, states (h, S) under actions (h, A), would do over a step without constraints.

        It is the network between normalization and its inverse. A model that knows more of mechanics, and sees no
        features, defines this instead of `__call__`.
        """
        return self.predict_unconstrained(self.features(states), states, actions, normalization, training)

    def predict_unconstrained(
        self, features: jax.Array, states: jax.Array, actions: jax.Array, normalization: Variables, training: bool
    ) -> UnconstrainedStep:
        """What the network says to the `features` (h, F) of a sample."""
        norm, here = normalization, states if self.sequence else states[-1]
        output = self(normalize(norm["features"], features), normalize(norm["actions"], actions), training)
        wanted = (self.history, self.target_dim) if self.sequence else (self.target_dim,)
        if (found := jnp.shape(output)) != wanted:
            raise UserError(f"{type(self).__name__}.__call__ returns an array of shape {found}, not {wanted}")
        target = output * norm["target"]["std"] + norm["target"]["mean"]
        return UnconstrainedStep(self.representation.unframed(here, target))

    def predict_delta(
        self, variables: Variables, states: jax.Array, actions: jax.Array, dropout: jax.Array | None = None,
        truth: jax.Array | None = None, near: Any = None,
    ) -> jax.Array:  # fmt: skip
        """The predicted change over one step by every member, before normalization.

        Args:
            states, actions: histories (B, h, S) and (B, h, A), oldest first.
            dropout: random key, in training.
            truth: the change (B, D) or (B, h, D) that the data have, in training: a constraint layer finds from there
                which constraints act, and in fewer steps.
            near: what `nearest` says of the states (B, h, S), if it is known.

        Returns:
            (E, B, D), or (E, B, h, D) with `sequence`.
        """
        params, normalization = variables["params"], variables["normalization"]

        def change(params, key, states, actions, truth, near):
            sample = states, actions, normalization, key is not None
            call = partial(self.apply, {"params": params["network"]}, rngs=None if key is None else {"dropout": key})
            if self.representation.contact_features and near is not None:  # what the network sees, and no layer needs
                free, near = call(self.features(states, near), *sample, method="predict_unconstrained"), None
            else:
                free = call(*sample, method="unconstrained")
            assert isinstance(free, UnconstrainedStep)
            finish = partial(self._finish, params.get("layer", {}))
            if self.sequence:
                return jax.vmap(finish)(states, free, truth, near)
            return finish(states[-1], free, truth, jax.tree.map(lambda x: x[-1], near))

        batched = jax.vmap(change, (None, *(None if x is None else 0 for x in (dropout, states, actions, truth, near))))
        keys = None if dropout is None else jax.random.split(dropout, len(states))
        if self.ensemble_size == 1:
            return batched(params, keys, states, actions, truth, near)[None]
        return jax.vmap(batched, (0, *[None] * 5))(params, keys, states, actions, truth, near)

    def contact_cache(self, states: np.ndarray) -> Any:
        """What takes long of finding contacts in states (M, S), or None: no parameter changes it, so that once will do.

        It is what the layer begins with, or what the network sees of them.
        """
        if self.layer and self.layer.contacts is not None:
            return map_in_chunks(partial(_nearest, self), states)
        return self.representation.contact_features and self.representation.contact_features(states)

    def _finish(
        self, layer: Any, state: jax.Array, free: UnconstrainedStep, truth: jax.Array | None, near: Any
    ) -> jax.Array:
        """The predicted change (D,) of one state (S,), of which `free` says what it would be without constraints."""
        change = free.change
        if self.layer:
            nv = self.env.space.nv
            start = None if truth is None else self.representation.unframed(state, truth)[:nv]
            touching = None if near is None else self.layer.touching(state, near)
            motion = free.replace(change=change[:nv])
            bent: Any = self.learned_constraints.apply({"params": layer}, state, motion, start, touching)
            change = jnp.concatenate([bent, change[nv:]])
        return self.representation.framed(state, change)

    def predict(self, variables: Variables, states: jax.Array, actions: jax.Array) -> jax.Array:
        """The next states (B, S) after histories `states` (B, h, S) under `actions` (B, h, A)."""
        change = self.predict_delta(variables, states, actions).mean(axis=0)
        return self.integrate(states[:, -1], change[:, -1] if self.sequence else change)

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
    frame: str = "robot"


def check_widths(where: str, widths: tuple[int, ...]) -> None:
    """Raise `UserError` unless every layer has at least one unit."""
    for width in widths:
        check_range(where, width, 1)


def normalize(statistics: Variables, x: Any) -> Any:
    """`x` with zero mean and unit deviation, by `statistics` `{"mean", "std"}`."""
    return (x - statistics["mean"]) / statistics["std"]


@partial(jax.jit, static_argnums=0)
def _created(model: BaseDynamicsModel, rng: jax.Array, normalization: Variables) -> Any:
    return model._init(rng, normalization)


@partial(jax.jit, static_argnums=0)
def _nearest(model: BaseDynamicsModel, states: jax.Array) -> Any:
    assert model.layer is not None
    return jax.vmap(model.layer.nearest)(states)


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
