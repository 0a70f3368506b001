"""The multilayer perceptron."""

import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.architectures.network import NetworkDynamicsModel
from dynax.components.layers import check_activation, check_widths, dense_network
from dynax.components.network_step import NetworkStep
from dynax.components.parts import part
from dynax.components.residual_inputs import ConstraintResidualInputs, SampleConstraintResiduals
from dynax.config.bounds import MAX_LAYERS
from dynax.errors import check_range


class MLPDynamicsModel(NetworkDynamicsModel):
    """Dense layers of the widths `hidden_dims`, then a linear layer.

    For a robot with contacts, this network predicts the unconstrained step: the change of velocity without constraint
    forces. Its inputs are all features but those of constraints. Then `refinement_steps` more networks, with layers of
    the widths `refinement_dims`, correct the prediction one after the other where a constraint is active. Their inputs
    are all features, the current prediction and its constraint residuals, so they resemble the iterations of a
    constraint solver.
    """

    hidden_dims: tuple[int, ...] = (128, 128, 128)
    activation: str = "glu"
    skip: bool = False  # add a linear map of the inputs to the output
    refinement_steps: int = 4
    refinement_dims: tuple[int, ...] = (96, 96)

    def __post_init__(self) -> None:
        check_widths("model.hidden_dims", self.hidden_dims)
        check_widths("model.refinement_dims", self.refinement_dims)
        check_range("model.refinement_steps", self.refinement_steps, 0, MAX_LAYERS)
        check_activation(self.activation)
        super().__post_init__()

    @part
    def network_step(self) -> NetworkStep:
        """The unconstrained step of a network. With refinement steps the network also receives constraint residuals."""
        inputs = ConstraintResidualInputs.of(self.representation) if self.refinement_steps else None
        return NetworkStep(self.representation, self.sequence, inputs)

    @nn.compact
    def __call__(
        self,
        features: Float[Array, "h F"],
        actions: Float[Array, "h A"],
        training: bool = False,
        residuals: SampleConstraintResiduals | None = None,
    ) -> Float[Array, " D"]:
        """Return the normalized target.

        Args:
            features: normalized features, oldest first.
            actions: normalized actions, oldest first.
            training: whether dropout is active; the network has none.
            residuals: function from a target to its constraint residuals. With it, the refinement steps follow.
        """
        inputs = jnp.concatenate([features.flatten(), actions.flatten()])
        if residuals is None:
            return self._first_network(inputs)
        positions, velocities, _ = self.representation.sizes
        without_contacts = features[:, : positions + velocities + self.env.space.na]  # features of constraints follow
        target = self._first_network(jnp.concatenate([without_contacts.flatten(), actions.flatten()]))
        for _ in range(self.refinement_steps):
            refined_inputs = jnp.concatenate([inputs, target, residuals(target)])
            correction = dense_network(refined_inputs, self.refinement_dims, self.activation, self.target_dim)
            target += jnp.where(residuals.active, correction, 0.0)
        return target

    def _first_network(self, inputs: Float[Array, " n"]) -> Float[Array, " D"]:
        """Return the normalized target before any refinement.

        Call it only from `__call__`, because flax names the layers after the calling method.
        """
        linear = nn.Dense(self.target_dim, use_bias=False)(inputs) if self.skip else 0.0
        return linear + dense_network(inputs, self.hidden_dims, self.activation, self.target_dim)
