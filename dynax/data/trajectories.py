"""Trajectories in memory, and their split into training and validation."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.errors import UserError


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Trajectories in memory: the data that training takes.

    Raises:
        ValueError: at construction, if the shapes are not (n, t + 1, s) and (n, t, u).
    """

    states: Float[np.ndarray, "..."]  # (n, t + 1, s) states, rad, m and their rates
    actions: Float[np.ndarray, "..."]  # (n, t, u) actions; action i is constant between state i and state i + 1

    def __post_init__(self):
        n, steps = self.actions.shape[:2]
        if self.states.ndim != 3 or self.actions.ndim != 3 or self.states.shape[:2] != (n, steps + 1):
            shapes = f"states {self.states.shape} and actions {self.actions.shape}"
            raise ValueError(f"{shapes} must have the shapes (n, t + 1, s) and (n, t, u)")

    def __len__(self) -> int:
        return len(self.actions)

    @property
    def num_transitions(self) -> int:
        """Number of transitions n * t."""
        return self.actions.shape[0] * self.actions.shape[1]

    def split(self, val_fraction: float) -> tuple["Trajectories", "Trajectories"]:
        """Split whole trajectories into a training set and a validation set.

        Args:
            val_fraction: the share of the trajectories that validate; they are the last ones.

        Raises:
            UserError: if one of the sets would be empty.
        """
        n = train_size(len(self), val_fraction)
        return Trajectories(self.states[:n], self.actions[:n]), Trajectories(self.states[n:], self.actions[n:])


def train_size(n: int, val_fraction: float) -> int:
    """Return how many of `n` trajectories are for training.

    The share `val_fraction` of the trajectories, and at least one, is for validation.

    Raises:
        UserError: if no trajectory is left for training.
    """
    val = max(1, round(n * val_fraction))
    if val >= n:
        raise UserError(
            f"{n} trajectories cannot be split for training and validation with val_fraction={val_fraction:g}: "
            "collect more trajectories or decrease val_fraction"
        )
    return n - val
