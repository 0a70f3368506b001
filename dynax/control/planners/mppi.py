"""Model predictive path integral control (Williams et al. 2017, "Information theoretic MPC")."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from dynax.control.planners.planner import Planner, Search
from dynax.errors import check_range


@dataclass(frozen=True)
class Mppi(Planner):
    """Average the candidates with weights that grow exponentially with their returns. The mean is executed."""

    temperature: float = 0.1  # difference of returns with a weight ratio of e, in standard deviations
    decay: float = 0.7  # factor of the standard deviation in each iteration

    def __post_init__(self):
        super().__post_init__()
        check_range("temperature", self.temperature, 0, open_low=True)
        check_range("decay", self.decay, 0, 1, open_low=True)

    def sample(self, search: Search, key: Array, iteration: int) -> Float[Array, "N K A"]:
        """Draw the candidates of an iteration. One of them is the mean."""
        return jnp.concatenate([self.draw(search, key, self.samples - 1), search.mean[None]])

    def update(self, search: Search, candidates: Float[Array, "N K A"], returns: Float[Array, " N"]) -> Search:
        weights = jax.nn.softmax((returns - returns.max()) / (self.temperature * jnp.maximum(returns.std(), 1e-6)))
        best = candidates[jnp.argmax(returns)][None]
        return Search(jnp.einsum("n,nka->ka", weights, candidates), self.decay * search.std, best)
