"""A Gaussian head: the variance of a one-step prediction, besides its mean.

The mean is the prediction of the model. A small network of its own predicts the logarithm of the variance. The training
minimizes the negative log-likelihood with respect to the variance only. The mean has the same loss as without a head,
so that it is equally accurate (Stirn et al. 2023, Faithful Heteroscedastic Regression, arXiv:2212.09184).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import linen as nn
from jaxtyping import Array, Float

from dynax.components.layers import dense_network
from dynax.components.normalization import Statistics, normalize
from dynax.representation.representation import Representation

HEADS = ("point", "gaussian")
HIDDEN_DIMS = (64, 64)
MIN_LOG_VARIANCE, MAX_LOG_VARIANCE = -25.0, 2.0  # of a normalized target; standard deviations of 4e-6 and 2.7
Params = Mapping[str, Any]


class LogVariance(nn.Module):
    """A network that returns the logarithm of the variance of each entry of a normalized target."""

    size: int  # entries of a target, D

    @nn.compact
    def __call__(self, inputs: Float[Array, " n"]) -> Float[Array, " D"]:
        """Return values between the bounds, which softplus functions approach (Chua et al. 2018, arXiv:1805.12114)."""
        value = dense_network(inputs, HIDDEN_DIMS, "silu", self.size)
        value = MAX_LOG_VARIANCE - nn.softplus(MAX_LOG_VARIANCE - value)
        return MIN_LOG_VARIANCE + nn.softplus(value - MIN_LOG_VARIANCE)


@dataclass(frozen=True, eq=False)
class GaussianHead:
    """The computation around the network of one ensemble member. Its inputs are one state and one action."""

    representation: Representation
    action_dim: int

    def init(self, rng: jax.Array) -> dict[str, Any]:
        """Return {"head": parameters}."""
        inputs = jnp.zeros(sum(self.representation.sizes) + self.action_dim)
        return {"head": self._network.init(rng, inputs)["params"]}

    def log_variance(
        self,
        normalization: Mapping[str, Statistics],
        params: Params,
        state: Float[Array, " S"],
        action: Float[Array, " A"],
        contact_features: Float[Array, " Fc"] | None = None,
    ) -> Float[Array, " D"]:
        """Return the logarithm of the variance of the normalized target after one state.

        Args:
            normalization: statistics of features, actions and target.
            params: parameters of one member.
            state: the state.
            action: the action.
            contact_features: the contact features of the state, if they are already known.
        """
        features = self.representation.features(state, contact_features)
        inputs = normalize(normalization["features"], features), normalize(normalization["actions"], action)
        return jnp.asarray(self._network.apply({"params": params["head"]}, jnp.concatenate(inputs)))

    def noise(
        self,
        normalization: Mapping[str, Statistics],
        params: Params,
        key: jax.Array,
        state: Float[Array, " S"],
        action: Float[Array, " A"],
    ) -> Float[Array, " D"]:
        """Return the noise of a target, in physical units.

        Args:
            normalization, params, state, action: see `log_variance`.
            key: random key.
        """
        std = jnp.exp(0.5 * self.log_variance(normalization, params, state, action))
        return std * normalization["target"]["std"] * jax.random.normal(key, std.shape, std.dtype)

    @property
    def _network(self) -> LogVariance:
        return LogVariance(len(self.representation.target_index), parent=None)
