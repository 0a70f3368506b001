"""One function for all members of an ensemble."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
from jaxtyping import Array, Float, Int, UInt32

from dynax.components.rollout import rollout_of_particles


@dataclass(frozen=True)
class Ensemble:
    """Members with the same network and different parameters. Their parameters have a leading axis E if E > 1."""

    size: int

    def init(self, create: Callable[[jax.Array], Any], rng: jax.Array) -> Any:
        """Return the parameters of all members.

        Args:
            create: function of a random key that returns the parameters of one member.
            rng: random key.
        """
        return create(rng) if self.size == 1 else jax.vmap(create)(jax.random.split(rng, self.size))

    def apply(self, function: Callable[..., Any], params: Any, *args: Any) -> Any:
        """Return the outputs of all members, stacked along a leading axis E.

        Args:
            function: function of the parameters of one member and `args`.
            params: parameters of all members.
            args: arguments that all members share.
        """
        if self.size == 1:
            return jax.tree.map(lambda x: x[None], function(params, *args))
        return jax.vmap(function, (0, *[None] * len(args)))(params, *args)

    def keys(self, seed: int) -> UInt32[Array, "*E 2"]:
        """Return a random key for each member, in the form of `params`."""
        key = jax.random.PRNGKey(seed)
        return key if self.size == 1 else jax.random.split(key, self.size)

    def simulate(self, member: Callable[..., Any], variables: Any, states: Any, actions: Any, keys: Any) -> Any:
        """Return the open-loop predictions of all members, stacked along a leading axis E.

        Args:
            member: function of the variables of one member, states, actions and the keyword `key`.
            variables: parameters of all members, and the normalization that they share.
            states, actions: see `BaseDynamicsModel.rollout`.
            keys: result of `keys`; None for no noise.
        """

        def one(own: tuple[Any, Any], *given: Any) -> Any:
            return member({**variables, "params": own[0]}, *given, key=own[1])

        return self.apply(one, (variables["params"], keys), states, actions)

    def simulate_mixed(
        self,
        member: Callable[..., Any],
        variables: Any,
        states: Any,
        actions: Any,
        order: Int[Array, "T E"],
        seed: int | None = None,
    ) -> Float[Array, "E B T1 S"]:
        """Return open-loop predictions of particles, each by the member that `order` gives it in each step.

        Args:
            member: function of the variables of one member, histories (B, h, S), actions (B, h, A) and a random key
                that returns the next states.
            variables: parameters of all members, and the normalization that they share.
            states, actions, order: see `rollout_of_particles`.
            seed: determines the noise of a Gaussian head; None for no noise.
        """

        def one(own: tuple[Any, jax.Array, Any], past: jax.Array) -> jax.Array:
            return member({**variables, "params": own[0]}, own[1], past, own[2])

        def predict(histories: jax.Array, past: jax.Array, key: jax.Array | None) -> jax.Array:
            keys = None if key is None else jax.random.split(key, self.size)
            return self.apply(one, (variables["params"], histories, keys), past)

        key = None if seed is None else jax.random.PRNGKey(seed)
        return rollout_of_particles(predict, states, actions, order, key)

    def unstacked(self, outputs: Any) -> Any:
        """Return outputs of `apply` in the form of `params`: without the leading axis if E = 1.

        As arguments of the next call, each member then receives its own outputs.
        """
        return jax.tree.map(lambda x: x[0], outputs) if self.size == 1 else outputs
