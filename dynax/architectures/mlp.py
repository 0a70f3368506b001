"""The multilayer perceptron."""

import jax
import jax.numpy as jnp
from flax import linen as nn

from dynax.activations import Hidden, check_activation
from dynax.base import DynamicsModel, check_widths


class MLPDynamicsModel(DynamicsModel):
    """Dense layers of the widths `hidden_dims`, each followed by `activation`, then a linear one."""

    hidden_dims: tuple[int, ...] = (128, 128, 128)
    activation: str = "glu"

    def __post_init__(self):
        check_widths("model.hidden_dims", self.hidden_dims)
        check_activation(self.activation)
        super().__post_init__()

    @nn.compact
    def __call__(self, states: jax.Array, actions: jax.Array, training: bool = False) -> jax.Array:
        x = jnp.concatenate([states.flatten(), actions.flatten()])
        for width in self.hidden_dims:
            x = Hidden(width, self.activation)(x)
        return nn.Dense(self.target_dim)(x)
