"""The improved cross-entropy method: colored noise and memory (Pinneri et al. 2020, arXiv:2008.06389)."""

from dataclasses import dataclass

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from dynax.control.planners.cem import Cem
from dynax.control.planners.planner import Search
from dynax.errors import check_range


@dataclass(frozen=True)
class Icem(Cem):
    """The cross-entropy method with colored noise, kept elites and fewer candidates in later iterations.

    The best candidate is executed. The candidates of an iteration include a share of the last elites, also those of the
    plan before. Those of the last iteration include the mean.
    """

    noise_exponent: float = 2.0  # exponent of the power spectrum of the noise; 0: white noise
    kept: float = 0.3  # share of the elites that are candidates again
    decay: float = 1.25  # factor by which the number of candidates falls in each iteration

    def __post_init__(self):
        super().__post_init__()
        check_range("kept", self.kept, 0, 1)
        check_range("decay", self.decay, 1, 100)

    def sample(self, search: Search, key: Array, iteration: int) -> Float[Array, "N K A"]:
        n = max(round(self.samples / self.decay**iteration), min(2 * self.elites, self.samples))
        parts = [search.elites[: round(self.kept * self.elites)]]
        if iteration == self.iterations - 1:
            parts.append(search.mean[None])
        known = jnp.concatenate(parts)[: n - 1]
        return jnp.concatenate([self.draw(search, key, n - len(known)), known])

    def chosen(self, search: Search) -> Float[Array, "K A"]:
        return search.elites[0]
