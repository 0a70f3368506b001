"""The computations of one ensemble member for one sample."""

from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dynax.components.contact_cache import ContactCache
from dynax.components.model_options import ModuleWithOptions


@dataclass(frozen=True, eq=False)
class Member:
    """One member of a model. Its parameters are {"network": ..., "layer": ..., "head": ...}."""

    model: ModuleWithOptions

    def init(self, normalization: Any, rng: jax.Array) -> dict[str, Any]:
        """Return new parameters.

        Args:
            normalization: statistics of features, actions and target.
            rng: random key.
        """
        model = self.model
        states, actions = (jnp.zeros((model.unconstrained_inputs, n)) for n in (model.state_dim, model.action_dim))
        inputs = states, actions, normalization, False, model.contact_detector.absent(len(states))
        unconstrained, variables = model.init_with_output(rng, *inputs, method="unconstrained")
        unconstrained = jax.tree.map(lambda x: x[-1], unconstrained) if model.sequence else unconstrained
        layer = model.constraint_stage.init(jax.random.fold_in(rng, 1), states[-1], unconstrained)
        head = model.gaussian_head.init(jax.random.fold_in(rng, 2)) if model.gaussian_head else {}
        return {"network": variables["params"], **layer, **head}

    def target(
        self,
        normalization: Any,
        params: Any,
        dropout: jax.Array | None,
        states: Float[Array, "h S"],
        actions: Float[Array, "h A"],
        true_target: jax.Array | None,
        contact_cache: ContactCache,
    ) -> jax.Array:
        """Return the predicted target (D,), or (h, D) with `sequence`; see `BaseDynamicsModel.predict_delta`."""
        model, network = self.model, {"params": params["network"]}
        rngs = None if dropout is None else {"dropout": dropout}
        arguments = states, actions, normalization, dropout is not None, contact_cache
        unconstrained: Any = model.apply(network, *arguments, rngs=rngs, method="unconstrained")

        def constrain(*own: Any) -> jax.Array:
            return model.constraint_stage(params.get("layer", {}), *own)

        if model.sequence:
            return jax.vmap(constrain)(states, unconstrained, true_target, contact_cache.nearest)
        return constrain(states[-1], unconstrained, true_target, jax.tree.map(lambda x: x[-1], contact_cache.nearest))

    def log_variance(
        self,
        normalization: Any,
        params: Any,
        states: Float[Array, "h S"],
        actions: Float[Array, "h A"],
        contact_cache: ContactCache,
    ) -> jax.Array:
        """Return the logarithm of the variance of the normalized target (D,), or (h, D) with `sequence`."""
        head = self.model.gaussian_head
        assert head, "only models with head=gaussian have variances"
        of_state = partial(head.log_variance, normalization, params)
        if self.model.sequence:
            return jax.vmap(of_state)(states, actions, contact_cache.features)
        return of_state(states[-1], actions[-1], jax.tree.map(lambda x: x[-1], contact_cache.features))

    def with_noise(
        self,
        targets: Float[Array, "B D"],
        variables: Any,
        key: jax.Array | None,
        states: Float[Any, "B S"],
        actions: Float[Any, "B A"],
    ) -> Float[Array, "B D"]:
        """Return targets with the noise of a Gaussian head; the same targets without a key or a head.

        Args:
            targets: predicted targets, in physical units.
            variables: parameters of one member, and normalization.
            key: random key.
            states: the states before the targets.
            actions: their actions.
        """
        if key is None or self.model.gaussian_head is None:
            return targets
        noise = partial(self.model.gaussian_head.noise, variables["normalization"], variables["params"])
        return targets + jax.vmap(noise)(jax.random.split(key, len(states)), states, actions)

    def extend(
        self, normalization: Any, params: Any, memory: Any, states: Float[Array, "n S"], actions: Float[Array, "n A"]
    ) -> tuple[Any, Float[Array, " D"]]:
        """Return the memory after further states, and the target after the last of them."""

        def extend_network(module: Any, *arguments: Any) -> Any:
            return module.network_step.extend(module.extend, *arguments)

        network, arguments = {"params": params["network"]}, (memory, states, actions, normalization)
        memory, unconstrained = cast(Any, self.model.apply(network, *arguments, method=extend_network))
        return memory, self.model.constraint_stage(params.get("layer", {}), states[-1], unconstrained)
