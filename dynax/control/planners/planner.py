"""The contract of a planner: a search for the action sequence with the highest predicted return.

A planner draws candidates, and updates its search distribution with their returns. A candidate consists of the values
of a spline at its knots, in [-1, 1]. The values are scaled to the range of the actions.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from dynax.config.bounds import MAX_STEPS, MAX_TRAJECTORIES
from dynax.config.options import check_fields
from dynax.config.registries import PLANNERS
from dynax.control.planners import noise, splines
from dynax.errors import check_choice, check_range


class Search(NamedTuple):
    """The state of a search."""

    mean: Float[Array, "K A"]  # center of the candidates
    std: Float[Array, "K A"]  # standard deviation of the candidates
    elites: Float[Array, "E K A"]  # best candidates so far, the best one first


@dataclass(frozen=True)
class Planner(ABC):
    """A planner. The fields of a subclass are the options of its group in `conf/planner`. Times are in seconds."""

    horizon: float = 1.0  # length of a plan, s
    period: float = 0.02  # time between two plans, s; the action is constant in between
    samples: int = 128  # candidates per iteration
    iterations: int = 2  # iterations per plan
    knots: int = 10  # knots of the spline of an action, at most one per plan step
    interpolation: str = "linear"  # hold | linear | cubic
    std: float = 0.5  # initial standard deviation of the candidates, in halves of the action range
    noise_exponent: float = 0.0  # exponent of the power spectrum of the noise; 0: white noise
    propagation: str = "mean"  # mean | each | mixed: of an ensemble; see `LearnedPredictor`

    def __post_init__(self):
        check_fields(self)
        check_range("horizon", self.horizon, 0, 1e4, open_low=True)
        check_range("period", self.period, 0, self.horizon, open_low=True)
        check_range("samples", self.samples, 2, MAX_TRAJECTORIES)
        check_range("iterations", self.iterations, 1, 1000)
        check_range("knots", self.knots, 1, MAX_STEPS)
        check_choice("interpolation", self.interpolation, splines.KINDS)
        check_range("std", self.std, 0, 10, open_low=True)
        check_range("noise_exponent", self.noise_exponent, 0, 10)
        check_choice("propagation", self.propagation, ["mean", "each", "mixed"])

    @property
    def name(self) -> str:
        """The registered name of the planner."""
        return PLANNERS.name_of(type(self))

    @property
    def steps(self) -> int:
        """Number of plan steps in the horizon."""
        return max(1, round(self.horizon / self.period))

    @property
    def num_knots(self) -> int:
        """Number of knots of an action's spline."""
        return min(self.knots, self.steps)

    @property
    def num_elites(self) -> int:
        """Number of best candidates in a search. By default, only the best candidate is kept."""
        return 1

    @cached_property
    def basis(self) -> Float[np.ndarray, "H K"]:
        """The matrix from knots to plan steps."""
        return splines.basis(self.num_knots, self.steps, self.interpolation)

    @cached_property
    def coloring_matrix(self) -> Float[np.ndarray, "K K"]:
        """The matrix from white noise to the noise of the candidates."""
        return noise.coloring_matrix(self.num_knots, self.noise_exponent)

    def start(self, center: Float[np.ndarray, " A"]) -> Search:
        """Return the first search distribution, around a constant action in [-1, 1]."""
        mean = jnp.tile(jnp.asarray(center, jnp.float32), (self.num_knots, 1))
        return Search(mean, jnp.full(mean.shape, self.std), jnp.tile(mean, (self.num_elites, 1, 1)))

    def shift(self, search: Search) -> Search:
        """Return the search distribution of the next plan: the last one moved by one plan step, with the first std."""
        matrix = splines.shift(self.num_knots, self.steps, self.interpolation)
        elites = jnp.clip(jnp.einsum("kl,ela->eka", matrix, search.elites), -1, 1)
        return Search(jnp.clip(matrix @ search.mean, -1, 1), jnp.full_like(search.std, self.std), elites)

    def sample(self, search: Search, key: Array, iteration: int) -> Float[Array, "N K A"]:
        """Draw the candidates of an iteration from a normal distribution, clipped to [-1, 1]."""
        return self.draw(search, key, self.samples)

    def draw(self, search: Search, key: Array, n: int) -> Float[Array, "n K A"]:
        """Draw `n` candidates with colored noise."""
        white = noise.colored(key, n, self.coloring_matrix, search.mean.shape[1])
        return jnp.clip(search.mean + search.std * white, -1, 1)

    @abstractmethod
    def update(self, search: Search, candidates: Float[Array, "N K A"], returns: Float[Array, " N"]) -> Search:
        """Return the search distribution after the returns of the candidates are known."""

    def chosen(self, search: Search) -> Float[Array, "K A"]:
        """Return the plan to execute. By default, it is the mean."""
        return search.mean
