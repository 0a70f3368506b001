"""The contract of a dynamics model, and its rollout.

    s_{t+1} = s_t + f_theta(s_t, a_t)

A model is a flax module that is composed of the parts in `dynax.components.model_options`. Its variables are one tree,
{"params": {"network": ..., "layer": ..., "head": ...}, "normalization": ...}. The key `layer` exists if the constraint
layer has parameters, and `head` with a Gaussian head. In an ensemble, every array of `params` has a leading axis E.
This file is long because it contains the whole contract.

Axes: B batch, T steps, T1 = T + 1, E ensemble members, M samples, h history, S entries of a state, A entries of an
action, F features, D entries of a target.
"""

from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float

from dynax.components import rollout as open_loop
from dynax.components.contact_cache import ContactCache
from dynax.components.member import Member
from dynax.components.model_options import ModuleWithOptions
from dynax.components.normalization import identity_statistics, normalize
from dynax.math.precision import in_single_precision
from dynax.mechanics.constraints import UnconstrainedStep

__all__ = ["BaseDynamicsModel", "Variables", "normalize"]

Variables = Mapping[str, Any]


class BaseDynamicsModel(ModuleWithOptions):
    """A dynamics model of a robot. A subclass overrides one method.

    A network overrides `__call__`, on normalized features. A mechanical model overrides `unconstrained`, on states. The
    fields of a subclass are its options, on the command line and in Python. `ModuleWithOptions` has the options of
    all networks. By default a state is its own features, and the target is the change of the state.
    """

    def __call__(
        self, features: Float[Array, "h F"], actions: Float[Array, "h A"], training: bool = False
    ) -> Float[Array, " D"] | Float[Array, "h D"]:
        """Return the normalized target of one sample. A network overrides this method.

        Args:
            features: normalized features, oldest first.
            actions: normalized actions, oldest first.
            training: whether dropout is active. Its random stream is `dropout`.

        Returns:
            The target after the last state, or a target after each state with `sequence`.
        """
        raise NotImplementedError(f"{type(self).__name__} must define __call__(features, actions, training=False)")

    def unconstrained(
        self,
        states: Float[Array, "h S"],
        actions: Float[Array, "h A"],
        normalization: Variables,
        training: bool = False,
        cache: ContactCache | None = None,
    ) -> UnconstrainedStep:
        """Return the unconstrained step of one sample. A mechanical model overrides this method.

        Args:
            states: history of states, oldest first.
            actions: history of actions, oldest first.
            normalization: statistics of features, actions and target.
            training: whether dropout is active.
            cache: the contacts of `states`, if they are already known.
        """
        return self.network_step(self, states, actions, normalization, training, cache)

    @property
    def member(self) -> Member:
        """The computations of one ensemble member for one sample."""
        return Member(self)

    def extend(
        self, memory: Any, features: Float[Array, "n F"], actions: Float[Array, "n A"]
    ) -> tuple[Any, Float[Array, "n D"]]:
        """Return the memory that includes further states of one sample, and the normalized targets after them.

        A sequence network with `has_memory` overrides this method. After at least `history` states, the result must be
        that of `__call__` with the last `history` of them. `memory` is None if there are no states before.
        """
        raise NotImplementedError(f"{type(self).__name__} must define extend(memory, features, actions)")

    def features(self, states: Float[Any, "... S"]) -> Float[Any, "... F"]:
        """Return the features of states, before normalization; see `Representation.features`."""
        return self.representation.features(states)

    def targets(self, states: Float[Any, "... S"], next_states: Float[Any, "... S"]) -> Float[Any, "... D"]:
        """Return the targets between consecutive states, before normalization; see `Representation.targets`."""
        return self.representation.targets(states, next_states)

    def integrate(self, states: Float[Any, "... S"], target: Float[Any, "... D"]) -> Float[Any, "... S"]:
        """Return the next states; see `Representation.integrate`."""
        return self.representation.integrate(states, target)

    def identity_normalization(self) -> dict[str, dict[str, np.ndarray]]:
        """Return a normalization with zero mean and unit standard deviation."""
        return identity_statistics(features=self.feature_dim, actions=self.action_dim, target=self.target_dim)

    @in_single_precision
    def create(self, rng: jax.Array, normalization: Variables) -> dict[str, Any]:
        """Return variables with new parameters.

        Args:
            rng: random key.
            normalization: statistics of features, actions and target.

        Raises:
            UserError: if the network returns an array of a wrong shape.
        """
        return {"params": self._compiled_init(rng, normalization), "normalization": normalization}

    @cached_property  # flax does not copy a module whose functions are called outside of `apply`
    def _compiled_init(self) -> Any:
        return jax.jit(lambda rng, norm: self.ensemble.init(partial(self.member.init, norm), rng))

    def contact_cache(self, states: Float[np.ndarray, "M S"]) -> ContactCache | None:
        """Return the contacts of states, which do not depend on parameters; None if the model needs no contacts."""
        return self.contact_detector(states)

    def predict_delta(
        self,
        variables: Variables,
        states: Float[Any, "B h S"],
        actions: Float[Any, "B h A"],
        dropout: jax.Array | None = None,
        true_target: Float[Array, "B D"] | Float[Array, "B h D"] | None = None,
        contact_cache: ContactCache | None = None,
    ) -> Float[Array, "E B D"] | Float[Array, "E B h D"]:
        """Return the predicted target of every member, in physical units.

        Args:
            variables: parameters and normalization.
            states: histories of states, oldest first.
            actions: histories of actions, oldest first.
            dropout: random key, in training.
            true_target: the target in the data, in training. A constraint layer starts its solver from there.
            contact_cache: result of `contact_cache` for the states, with leading axes (B, h), if it is known.

        Returns:
            The target after the last state, or after each state with `sequence`.
        """
        contact_cache = contact_cache or self.contact_detector.of_histories(states, every=self.sequence)
        keys = None if dropout is None else jax.random.split(dropout, states.shape[0])  # `vmap` passes None on
        member = jax.vmap(partial(self.member.target, variables["normalization"]), (None, 0, 0, 0, 0, 0))
        return self.ensemble.apply(member, variables["params"], keys, states, actions, true_target, contact_cache)

    def log_variance(
        self,
        variables: Variables,
        states: Float[Any, "B h S"],
        actions: Float[Any, "B h A"],
        contact_cache: ContactCache | None = None,
    ) -> Float[Array, "E B D"] | Float[Array, "E B h D"]:
        """Return the logarithm of the variance of each normalized target, with `head=gaussian`; see `predict_delta`."""
        contact_cache = contact_cache or self.contact_detector.of_histories(states, every=self.sequence)
        member = jax.vmap(partial(self.member.log_variance, variables["normalization"]), (None, 0, 0, 0))
        return self.ensemble.apply(member, variables["params"], states, actions, contact_cache)

    def predict(
        self,
        variables: Variables,
        states: Float[Any, "B h S"],
        actions: Float[Any, "B h A"],
        key: jax.Array | None = None,
    ) -> Float[Array, "B S"]:
        """Return the next states after histories of states and actions.

        Args:
            variables: parameters and normalization.
            states: histories of states, oldest first.
            actions: histories of actions, oldest first.
            key: random key, which adds the noise of a Gaussian head; only for a single member.
        """
        change = self.predict_delta(variables, states, actions).mean(axis=0)
        change = change[:, -1] if self.sequence else change
        change = self.member.with_noise(change, variables, key, states[:, -1], actions[:, -1])
        return self.integrate(states[:, -1], change)

    def predict_with_memory(
        self,
        variables: Variables,
        memory: Any,
        states: Float[Any, "B n S"],
        actions: Float[Any, "B n A"],
        key: jax.Array | None = None,
    ) -> tuple[Any, Float[Array, "B S"]]:
        """Return the memory after further states, and the next states; only for models with `has_memory`.

        Args:
            variables: parameters and normalization.
            memory: result of the call with the states before; None if there are none.
            states: further states, oldest first.
            actions: their actions.
            key: see `predict`.
        """
        extend = jax.vmap(partial(self.member.extend, variables["normalization"]), (None, 0, 0, 0))
        member = lambda own, *new: extend(*own, *new)  # noqa: E731
        memory, change = self.ensemble.apply(member, (variables["params"], memory), states, actions)
        change = self.member.with_noise(change.mean(axis=0), variables, key, states[:, -1], actions[:, -1])
        return self.ensemble.unstacked(memory), self.integrate(states[:, -1], change)

    @in_single_precision
    def rollout(self, states: Any, actions: Any, params: Variables) -> Float[Array, "B T1 S"]:
        """Return an open-loop prediction, float32.

        Args:
            states: initial states (B, S), or initial histories (B, h, S).
            actions: actions (B, h - 1 + T, A). The first h - 1 belong to the first h - 1 states.
            params: the variables that training returned.

        Returns:
            T + 1 states; the first is the last given state.

        Raises:
            UserError: if an array has a wrong shape, if an entry is not finite, or if a quaternion does not have unit
                length.
        """
        inputs = open_loop.as_inputs(states, actions, self)
        return open_loop.in_blocks(partial(self._compiled_rollout, params), *inputs)

    @in_single_precision
    def rollout_members(self, states: Any, actions: Any, params: Variables, seed: int = 0) -> Float[Array, "E B T1 S"]:
        """Return an open-loop prediction of each ensemble member; see `rollout`, which averages them in each step.

        With `head=gaussian`, each step adds noise of the predicted variance, which `seed` determines.
        """
        inputs = open_loop.as_inputs(states, actions, self)
        return self._compiled_members(params, *inputs, self.ensemble.keys(seed))

    @cached_property
    def _compiled_rollout(self) -> Any:
        return open_loop.compile_rollout(lambda *arguments: self.simulate(*arguments))

    @cached_property
    def _compiled_members(self) -> Any:
        member = self if self.ensemble_size == 1 else self.clone(ensemble_size=1)
        return open_loop.compile_rollout(partial(self.ensemble.simulate, member.simulate))

    def simulate(
        self,
        variables: Variables,
        states: Float[Any, "B h S"],
        actions: Float[Any, "B steps A"],
        wrap: Any = partial,
        key: jax.Array | None = None,
    ) -> Float[Array, "B T1 S"]:
        """Return an open-loop prediction, see `rollout`. `wrap` transforms one step, for example `jax.checkpoint`."""
        if self.has_memory:
            step = wrap(partial(self.predict_with_memory, variables))
            return open_loop.rollout_with_memory(step, states, actions, key)
        return open_loop.rollout(wrap(partial(self.predict, variables)), states, actions, key)
