"""The unconstrained step of a network: features, normalization, network, un-normalization."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from dynax.components.contact_cache import ContactCache
from dynax.components.normalization import Statistics, denormalize, normalize
from dynax.components.residual_inputs import ConstraintResidualInputs
from dynax.errors import UserError
from dynax.mechanics.constraints import UnconstrainedStep
from dynax.representation.representation import Representation


@dataclass(frozen=True, eq=False)
class NetworkStep:
    """The computation around a network on one sample.

    With `residual_inputs`, the network receives the constraint residuals of the sample as its last argument.
    """

    representation: Representation
    sequence: bool  # whether the network returns a target for every state of the history
    residual_inputs: ConstraintResidualInputs | None = None

    def __call__(
        self,
        network: Callable[..., Any],
        states: Float[Array, "h S"],
        actions: Float[Array, "h A"],
        normalization: Mapping[str, Statistics],
        training: bool = False,
        cache: ContactCache | None = None,
    ) -> UnconstrainedStep:
        """Return the unconstrained step.

        Args:
            network: function of normalized features (h, F), normalized actions (h, A) and `training`.
            states: states of the history, oldest first.
            actions: actions of the history, oldest first.
            normalization: statistics of features, actions and target.
            training: whether dropout is active.
            cache: the contacts of `states`, if they are already known.

        Raises:
            UserError: if the network returns an array of a wrong shape.
        """
        cache = ContactCache() if cache is None else cache
        inputs = self._inputs(states, actions, normalization, cache)
        if self.residual_inputs is None:
            output = network(*inputs, training)
        else:
            nearest = cache.nearest and cache.at(-1).nearest
            residuals = self.residual_inputs.at(states[-1], normalization["target"], nearest)
            output = network(*inputs, training, residuals)
        self._check_shape(network, jnp.shape(output), len(states))
        target = denormalize(normalization["target"], output)
        return UnconstrainedStep(self.representation.to_world(states if self.sequence else states[-1], target))

    def extend(
        self,
        network: Callable[..., Any],
        memory: Any,
        states: Float[Array, "n S"],
        actions: Float[Array, "n A"],
        normalization: Mapping[str, Statistics],
    ) -> tuple[Any, UnconstrainedStep]:
        """Return the memory of a network after further states, and the unconstrained step from the last of them.

        Args:
            network: function of the memory, normalized features (n, F) and normalized actions (n, A).
            memory: result of the call with the states before; None if there are none.
            states: further states, oldest first.
            actions: their actions.
            normalization: statistics of features, actions and target.
        """
        memory, output = network(memory, *self._inputs(states, actions, normalization, ContactCache()))
        target = denormalize(normalization["target"], output[-1])
        return memory, UnconstrainedStep(self.representation.to_world(states[-1], target))

    def _inputs(self, states: Any, actions: Any, normalization: Any, cache: ContactCache) -> tuple[jax.Array, ...]:
        """Return normalized features and actions."""
        features = self.representation.features(states, cache.features)
        return normalize(normalization["features"], features), normalize(normalization["actions"], actions)

    def _check_shape(self, network: Any, shape: tuple[int, ...], history: int) -> None:
        size = len(self.representation.target_index)
        expected = (history, size) if self.sequence else (size,)
        if shape != expected:
            raise UserError(f"{type(network).__name__}.__call__ must return an array of shape {expected}, got {shape}")
