"""Trajectories in memory, and their split into training and validation."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from dynax.errors import UserError, check_range
from dynax.math.numeric_input import MAX_VALUE, as_numbers, first_unusable


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Trajectories in memory: the data that training takes. Lists and other arrays are converted to NumPy arrays.

    Raises:
        UserError: at construction, if the shapes are not (n, t + 1, s) and (n, t, u), or if an entry is no finite
            number.
    """

    states: Float[np.ndarray, "..."] | Any  # (n, t + 1, s) states, rad, m and their rates
    actions: Float[np.ndarray, "..."] | Any  # (n, t, u) actions; action i is constant between state i and state i + 1

    def __post_init__(self):
        for name in ("states", "actions"):
            object.__setattr__(self, name, as_numbers(name, getattr(self, name)))
        states, actions = self.states.shape, self.actions.shape
        if len(states) != 3 or len(actions) != 3 or states[:2] != (actions[0], actions[1] + 1):
            raise UserError(f"states {states} and actions {actions} must have the shapes (n, t + 1, s) and (n, t, u)")
        for name in ("states", "actions"):
            _check_finite(name, getattr(self, name))

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


def _check_finite(name: str, values: np.ndarray) -> None:
    """Raise UserError if an entry is NaN, infinite or too large; name trajectory and step."""
    if fault := unusable_entry(name, values):
        raise UserError(f"{fault}: remove the trajectory, or cut it before this step")


def unusable_entry(name: str, values: np.ndarray, first: int = 0) -> str | None:
    """Return a sentence about the first entry that is NaN, infinite or too large, or None.

    Args:
        name: name of the array.
        values: the array, (n, t, k).
        first: number of the first trajectory.
    """
    if (index := first_unusable(values)) is None:
        return None
    i, t, k = index
    return (
        f"{name}[{first + i}, {t}, {k}] (trajectory {first + i}, step {t}) is {values[index]:g}, but must be finite "
        f"and below {MAX_VALUE:g}"
    )


def train_size(n: int, val_fraction: float) -> int:
    """Return how many of `n` trajectories are for training.

    The share `val_fraction` of the trajectories, and at least one, is for validation.

    Raises:
        UserError: if no trajectory is left for training.
    """
    check_range("val_fraction", val_fraction, 0, 1, open_low=True)
    val = max(1, round(n * val_fraction))
    if val >= n:
        raise UserError(
            f"{n} trajectories cannot be split for training and validation with val_fraction={val_fraction:g}: "
            "collect more trajectories or decrease val_fraction"
        )
    return n - val
