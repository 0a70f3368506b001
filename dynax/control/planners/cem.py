"""The cross-entropy method (Rubinstein 1999), as a planner in the form of PETS (Chua et al. 2018, arXiv:1805.12114)."""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from dynax.control.planners.planner import Planner, Search
from dynax.errors import check_range


@dataclass(frozen=True)
class Cem(Planner):
    """Fit a normal distribution to the best candidates, and repeat. The mean is executed."""

    elites: int = 12  # number of best candidates that determine the next search distribution
    momentum: float = 0.1  # share of the previous mean and standard deviation in the next ones
    min_std: float = 0.05  # smallest standard deviation, in halves of the action range

    def __post_init__(self):
        super().__post_init__()
        check_range("elites", self.elites, 1, self.samples)
        check_range("momentum", self.momentum, 0, 1)
        check_range("min_std", self.min_std, 0, self.std)

    @property
    def num_elites(self) -> int:
        return self.elites

    def update(self, search: Search, candidates: Float[Array, "N K A"], returns: Float[Array, " N"]) -> Search:
        elites = candidates[jnp.argsort(-returns)[: self.elites]]
        mean = self.momentum * search.mean + (1 - self.momentum) * elites.mean(0)
        std = self.momentum * search.std + (1 - self.momentum) * elites.std(0)
        return Search(mean, jnp.maximum(std, self.min_std), elites)
